"""One run of a command that strace and tuxscope watch at once."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fidelity.commands import ENVIRONMENT, HERE, Command
from fidelity.lines import Kind, Line, strace_lines, tuxscope_lines

ROOT = HERE.parent.parent
PATIENCE = 30.0  # seconds that a command may take, and a tool to begin or end
PAUSE = 0.005
LOST = re.compile(r"(\d+) lost\b")
GATE_ASKS = re.compile(rb" f?access(?:at2?)?\(")


class RunError(Exception):
    """Something did not begin or end."""


@dataclass(frozen=True)
class Watched:
    """A frozen dataclass: the output of both tools for one command, from its execve on.

    Attributes:
        theirs, ours: each a list of Line, of strace and of tuxscope.
        lost: calls that tuxscope counts as lost.
        texts: the output of strace and of tuxscope, as it is.
    """

    theirs: list[Line]
    ours: list[Line]
    lost: int
    texts: tuple[str, str]


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Wait until ``condition``, a function, returns something true. Raises RunError with ``what``,
    a str, after PATIENCE seconds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise RunError(f"waited {PATIENCE:.0f} s for {what}")
        time.sleep(PAUSE)


@contextmanager
def running(words: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A context manager: run ``words``, a list of str, as a Popen object, in a session of its own,
    which is killed with its children at the end. ``options`` are keyword arguments of Popen."""
    process = subprocess.Popen(words, start_new_session=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


def ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Return whether ``process``, a Popen object, ends within ``seconds``, a float."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def watched(command: Command) -> Watched:
    """Run a command in an empty directory. Raises RunError."""
    with tempfile.TemporaryDirectory(prefix="fidelity-") as place:
        work, tools = Path(place, "work"), Path(place, "tools")
        work.mkdir()
        tools.mkdir()
        environment = dict(ENVIRONMENT)
        subprocess.run(
            ["sh", "-c", command.before], cwd=work, env=environment, check=True,
            timeout=PATIENCE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return both(command, work, tools, environment)


def both(command: Command, work: Path, tools: Path, environment: dict[str, str]) -> Watched:
    ready, go = tools / "ready", tools / "go"
    theirs, ours, errors = tools / "strace", tools / "tuxscope", tools / "errors"
    first = shutil.which(command.words[0], path=environment["PATH"]) or command.words[0]
    gate = [sys.executable, "-S", "-E", "-B", str(HERE / "gate.py"), str(ready), str(go)]
    strace = ["strace", "-f", "-y", "-o", str(theirs), *gate, first, *command.words[1:]]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    with running(strace, cwd=work, env=environment, stderr=subprocess.DEVNULL, **quiet) as stracing:
        wait_for(lambda: ready.exists() or stracing.poll() is not None, "the gate")
        if not ready.exists():
            raise RunError("strace ended before the command began")
        pid = int(ready.read_text())
        with (
            open(errors, "wb") as file,
            running([*TUXSCOPE, "--pid", str(pid), "--output", str(ours)], cwd=ROOT,
                    stderr=file, **quiet) as tracing,
        ):  # fmt: skip
            wait_for(
                lambda: tracing.poll() is not None or (ours.exists() and sees_gate(ours)),
                "tuxscope to see the gate",
            )
            if tracing.poll() is not None:
                raise RunError(f"tuxscope ended: {last_line(errors.read_text())}")
            go.touch()
            if not ended(stracing, PATIENCE):
                raise RunError("the command did not end")
            if not ended(tracing, 2.0):  # of its own, as the process has exited
                tracing.send_signal(signal.SIGINT)
                if not ended(tracing, PATIENCE):
                    raise RunError("tuxscope did not end")
        stderr = errors.read_text(errors="replace")
        if "Traceback" in stderr:
            raise RunError(f"tuxscope: {last_line(stderr)}")
        texts = tuple(each.read_text(errors="surrogateescape") for each in (theirs, ours))
        return Watched(
            list(after_gate(strace_lines(texts[0]), pid, 2)),
            list(after_gate(tuxscope_lines(texts[1]), pid, 1)),
            sum(map(int, LOST.findall(last_line(stderr)))),
            (texts[0], texts[1]),
        )


TUXSCOPE = [
    sys.executable, "-B", "-m", "tuxscope", "syscall", "--follow", "--timestamps", "ns",
]  # fmt: skip


def last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]


def sees_gate(file: Path) -> bool:
    return bool(GATE_ASKS.search(file.read_bytes()))


def after_gate(lines: Iterable[Line], pid: int, execve: int) -> Iterator[Line]:
    """Yield those of ``lines``, an iterable of Line, from the execve with number ``execve``, an
    int, of process ``pid``, an int, on."""
    for line in lines:
        if line.tid == pid and line.kind is Kind.CALL and line.name == "execve":
            execve -= 1
        if execve <= 0:
            yield line
