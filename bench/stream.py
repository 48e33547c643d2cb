"""What the stream of tuxscope syscall costs, beside perf trace and strace:

    sudo .venv/bin/python -B bench/stream.py [PAIRS] [--flood SECONDS]

dd copies single bytes from /dev/zero to a file in memory, two calls for each byte; each tool
attaches to it before it begins, and writes its lines to another. All take turns in each round, and
the figures are medians, with the 95 % interval by bootstrap. The CPU time that a tool takes to
start and end is that of a run in which dd copies one byte. With PAIRS (21) 0 only the flood runs.

Of dd's calls all lines are alike but for their times. How much CPU time a tool needs where each
line is another is measured with bench/flood.c: lseek() with an offset that counts up.

The flood makes a million calls a second (SECONDS: 10; 0 for none) and counts what is delivered.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from calls import enter
from peers.figures import interval

HERE = Path(__file__).parent
IN_MEMORY = "/dev/shm"
PATIENCE = 60.0
BYTES = 100_000
FOR_STRACE = 10_000  # it is so much slower
RATE = 1_000_000
DD = "dd if=/dev/zero of={place}/out bs=1 count={count} status=none"
LSEEK = "{program} {count} 0 >/dev/null"
DIFFERENT = "different lines"
LOST = re.compile(r"(\d+) lost\b")
PROGRAMS = 4  # that tuxscope attaches at least
ALONE, TUXSCOPE, PERF, STRACE = "nothing", "tuxscope syscall", "perf trace -o", "strace -o"
TUXSCOPE_COMMAND = [sys.executable, "-B", "-m", "tuxscope", "syscall"]
COMMANDS = {
    TUXSCOPE: [*TUXSCOPE_COMMAND, "--pid", "{pid}", "--output", "{file}"],
    PERF: ["perf", "trace", "-o", "{file}", "-p", "{pid}"],
    STRACE: ["strace", "-o", "{file}", "-p", "{pid}"],
}


@dataclass(frozen=True)
class Run:
    """A frozen dataclass: one run of dd, with a tool or without.

    Attributes:
        wall, cpu: of dd, in ns for a call.
        tool_cpu: the tool's CPU time, in s.
        lines: that it wrote.
        lost: calls that it says are lost.
        peak: the tool's peak of resident memory, in MiB.
    """

    wall: float
    cpu: float
    tool_cpu: float = 0.0
    lines: int = 0
    lost: int = 0
    peak: float = 0.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"stream: waited {PATIENCE:.0f} s for {what}")
        time.sleep(0.005)


def waited(process: subprocess.Popen[bytes], what: str) -> resource.struct_rusage:
    """Wait for the end of a process; what it used."""
    found: list[resource.struct_rusage] = []

    def ended() -> bool:
        pid, _, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            process.returncode = 0
            found.append(usage)
        return bool(pid)

    wait_for(ended, f"the end of {what}")
    return found[0]


@contextmanager
def killed(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            process.wait(PATIENCE)


def attached(tool: str, process: subprocess.Popen[bytes], pid: int) -> bool:
    """Return whether ``tool``, a name, which runs as ``process``, a Popen object, has attached to
    process ``pid``, an int."""
    if process.poll() is not None:
        raise SystemExit(f"stream: {tool} ended before it began")
    if tool == STRACE:
        return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()
    # They are attached once they wait for events.
    waits = "poll" in Path(f"/proc/{process.pid}/wchan").read_text()
    return waits and (tool == PERF or links(process.pid) >= PROGRAMS)


def links(pid: int) -> int:
    """Return how many programs process ``pid``, an int, has attached."""
    fds = Path(f"/proc/{pid}/fd")
    return sum(os.readlink(each) == "anon_inode:bpf_link" for each in fds.iterdir())


def once(tool: str, workload: str, count: int, calls: int) -> Run:
    """Return the Run of ``workload``, DD or LSEEK, with ``count``, an int, and ``tool``, a name,
    attached to it; it makes so many ``calls``."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as place:
        file, errors = Path(place, "lines"), Path(place, "errors")
        command = workload.format(place=place, count=count)
        with killed(
            subprocess.Popen(["sh", "-c", f"read x; exec {command}"], stdin=subprocess.PIPE)
        ) as process:
            assert process.stdin
            watcher = None
            if tool != ALONE:
                words = [each.format(pid=process.pid, file=file) for each in COMMANDS[tool]]
                with open(errors, "wb") as stderr:
                    watcher = subprocess.Popen(
                        words, stdout=subprocess.DEVNULL, stderr=stderr, cwd=HERE.parent
                    )
                with killed(watcher):
                    wait_for(lambda: attached(tool, watcher, process.pid), f"{tool} to attach")
                    return copied(process, calls, tool, watcher, file, errors)
            return copied(process, calls, tool, None, file, errors)


def copied(
    process: subprocess.Popen[bytes],
    calls: int,
    tool: str,
    watcher: subprocess.Popen[bytes] | None,
    file: Path,
    errors: Path,
) -> Run:
    """Let ``process``, the Popen object of the workload, begin, wait until it and the tool have
    ended, and return the Run.

    It makes so many ``calls``. ``watcher`` is the Popen object of ``tool``, a name, or None without
    a tool; ``file`` and ``errors`` are the Paths of its output and its stderr.
    """
    assert process.stdin
    before = time.monotonic_ns()
    process.stdin.write(b"\n\n")  # the shell takes one of them
    process.stdin.close()
    usage = waited_at_once(process)
    wall = time.monotonic_ns() - before
    cpu = (usage.ru_utime + usage.ru_stime) * 1e9
    if watcher is None:
        return Run(wall / calls, cpu / calls)
    deadline = time.monotonic() + 1.0  # of its own, as the process has exited
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, watcher.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            break
        time.sleep(0.005)
    else:
        os.kill(watcher.pid, signal.SIGINT)
    used = waited(watcher, tool)
    with open(file, "rb") as lines:
        number = sum(block.count(b"\n") for block in iter(lambda: lines.read(1 << 20), b""))
    last = errors.read_text(errors="replace").rstrip().rpartition("\n")[2]
    return Run(
        wall / calls, cpu / calls, used.ru_utime + used.ru_stime, number,
        sum(map(int, LOST.findall(last))), used.ru_maxrss / 1024,
    )  # fmt: skip


def waited_at_once(process: subprocess.Popen[bytes]) -> resource.struct_rusage:
    """Wait until ``process``, a Popen object, ends, and return its struct_rusage; polling would be
    part of the time."""
    signal.alarm(int(PATIENCE))
    _, _, usage = os.wait4(process.pid, 0)
    signal.alarm(0)
    process.returncode = 0
    return usage


def measure(pairs: int, flood_program: Path) -> dict[str, list[Run]]:
    """Return the Runs of all installed tools, a dict of lists by name, with one for each of
    ``pairs``, an int; ``flood_program`` is the Path of the program that floods."""
    tools = [ALONE, *(each for each in COMMANDS if shutil.which(COMMANDS[each][0]))]
    lseek = LSEEK.format(program=flood_program, count="{count}")
    found: dict[str, list[Run]] = {}
    for number in range(pairs):
        for tool in (*tools[number % len(tools) :], *tools[: number % len(tools)]):
            count = FOR_STRACE if tool == STRACE else BYTES
            runs = {tool: once(tool, DD, count, 2 * count)}
            if tool in (TUXSCOPE, PERF):
                runs[f"{tool}, start"] = once(tool, DD, 1, 2)
                runs[f"{tool}, {DIFFERENT}"] = once(tool, lseek, BYTES, BYTES)
            for name, run in runs.items():
                found.setdefault(name, []).append(run)
    return found


def figure(values: list[float], digits: int = 0) -> str:
    low, high = interval(values)
    return f"{statistics.median(values):,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def added(found: dict[str, list[Run]], tool: str, what: str) -> list[float]:
    """Return what ``tool``, a name, adds to a call in each round, a list of float in ns; ``found``
    has the Runs by name, ``what`` is ``cpu`` or ``wall``."""
    return [
        getattr(one, what) - getattr(none, what)
        for one, none in zip(found[tool], found[ALONE], strict=True)
    ]


def reader_cpu(found: dict[str, list[Run]], tool: str, lines: str = "") -> list[float]:
    """Return the CPU seconds of ``tool``, a name, for a million lines in each round, a list of
    float, without its start and end.

    ``found`` has the Runs by name; ``lines``, a str, is the end of that name for another workload.
    """
    return [
        (one.tool_cpu - start.tool_cpu) / (one.lines - start.lines) * 1e6
        for one, start in zip(found[tool + lines], found[f"{tool}, start"], strict=True)
        if one.lines > start.lines
    ]


def report(found: dict[str, list[Run]]) -> Iterator[str]:
    yield "| tool | added CPU of dd, ns a call | added time, ns a call | lines | lost | peak MiB |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for tool in (each for each in COMMANDS if each in found):
        runs = found[tool]
        yield (
            f"| {tool} | {figure(added(found, tool, 'cpu'))} | {figure(added(found, tool, 'wall'))}"
            f" | {statistics.median(run.lines for run in runs):,.0f}"
            f" | {max(run.lost for run in runs):,} | {max(run.peak for run in runs):.0f} |"
        )
    for lines in ("", f", {DIFFERENT}"):
        for tool in (TUXSCOPE, PERF):
            if tool in found:
                seconds = figure(reader_cpu(found, tool, lines), 2)
                yield f"{tool}{lines}: {seconds} s of CPU for a million lines"
    for what, other, bound in (("cpu", PERF, 0.25), ("wall", PERF, 0.25), ("wall", STRACE, 0.08)):
        if other in found and TUXSCOPE in found:
            ours, theirs = added(found, TUXSCOPE, what), added(found, other, what)
            ratios = [a / b for a, b in zip(ours, theirs, strict=True) if b > 0]
            yield f"added {what}, of {other}'s: {figure(ratios, 3)}; at most {bound} wanted"
    for lines in ("", f", {DIFFERENT}"):
        if TUXSCOPE in found and PERF in found:
            both = (reader_cpu(found, each, lines) for each in (TUXSCOPE, PERF))
            ratios = [a / b for a, b in zip(*both, strict=False) if b > 0]
            yield f"reader's CPU{lines}, of perf trace's: {figure(ratios, 3)}; at most 0.25 wanted"


def resident(pid: int) -> float:
    """Return the resident memory of process ``pid``, an int, in MiB; 0 if it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"VmRSS:\s+(\d+)", text)
    return int(found[1]) / 1024 if found else 0.0


def flood(program: Path, seconds: int, *options: str) -> str:
    """Let ``program``, a Path, make a million calls a second for so many ``seconds``, an int;
    return a line, a str: what tuxscope with ``options``, each a str, delivers, and its memory."""
    count = seconds * RATE
    with (
        tempfile.TemporaryFile() as stderr,
        killed(
            subprocess.Popen(
                [program, str(count), str(RATE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        ) as process,
    ):
        watcher = subprocess.Popen(
            [*TUXSCOPE_COMMAND, "--pid", str(process.pid), "--name", "lseek,read", *options],
            stdout=subprocess.PIPE, stderr=stderr, cwd=HERE.parent,
        )  # fmt: skip
        with killed(watcher):
            figures, delivered, made = flooded(process, watcher)
        stderr.seek(0)
        last = stderr.read().decode(errors="replace").rstrip().rpartition("\n")[2]
    lost = sum(map(int, LOST.findall(last)))
    missing = made - delivered - lost
    return (
        f"flood{' '.join(['', *options])}: {delivered:,} delivered + {lost:,} lost = {made:,} made"
        + f" - {missing:,} MISSING" * bool(missing)
        + f"; {figures}"
    )


def flooded(
    process: subprocess.Popen[bytes], watcher: subprocess.Popen[bytes]
) -> tuple[str, int, int]:
    """Let the flood ``process`` begin, with tuxscope as ``watcher``, both Popen objects; return a
    triple: its figures, a str, how many calls were delivered, and how many were made."""
    assert process.stdin
    assert process.stdout
    assert watcher.stdout
    wait_for(lambda: attached(TUXSCOPE, watcher, process.pid), "tuxscope to attach")
    signal.alarm(120)
    process.stdin.write(b"\n")
    process.stdin.close()
    delivered, rest, sizes, next_look = 0, b"", [], time.monotonic() + 1.0
    while block := os.read(watcher.stdout.fileno(), 1 << 20):
        rest += block
        end = rest.rfind(b"\n") + 1
        delivered += rest.count(b"lseek", 0, end)
        rest = rest[end:]
        if time.monotonic() >= next_look:
            sizes.append(resident(watcher.pid))
            next_look += 1.0
    took, made = map(int, process.stdout.read().split())
    usage = waited(watcher, "tuxscope")
    waited(process, "the flood")
    signal.alarm(0)
    memory = " ".join(f"{each:.0f}" for each in sizes if each)
    figures = (
        f"{took / 1e9:.1f} s, {made / took * 1e3:.2f} million a second; resident memory each "
        f"second, MiB: {memory}, peak {usage.ru_maxrss / 1024:.0f}; "
        f"CPU {usage.ru_utime + usage.ru_stime:.1f} s"
    )
    return figures, delivered, made


def main() -> None:
    parser = argparse.ArgumentParser(prog="stream", description=__doc__.split("\n")[0])
    parser.add_argument("pairs", nargs="?", type=int, default=21)
    parser.add_argument("--flood", type=int, default=10)
    options = parser.parse_args()
    enter()
    with tempfile.TemporaryDirectory() as place:
        program = Path(place, "flood")
        subprocess.run(["cc", "-O2", "-o", program, HERE / "flood.c"], check=True, timeout=PATIENCE)
        if options.pairs:
            print("\n".join(report(measure(options.pairs, program))), flush=True)
        if options.flood:
            print(flood(program, options.flood), flush=True)
            print(flood(program, options.flood, "--format", "json"))


if __name__ == "__main__":
    main()
