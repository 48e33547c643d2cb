"""A virtual environment, and what pip says when it fails, in one line."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# What works in a venv that can be used: its Python is not too old, and pip is whole.
USABLE = (
    ("-Ic", "import sys; sys.exit(sys.version_info < (3, 11))"),
    ("-Im", "pip", "install", "--quiet", "--no-index", "pip"),
)
# How pip's lines differ where the package index does not answer.
UNREACHABLE = re.compile(
    r"connection broken by|Max retries exceeded|problem confirming the ssl certificate"
    r"|Connection to \S+ timed out|Failed to (establish a new connection|resolve)"
)
REASON = re.compile(
    r"\[Errno -?\d+\] ([\w ]+)|(Cannot connect to proxy|timed out|certificate verify failed)"
)
ERROR = re.compile(r"^\W*(?:error: |(?=[\w.]+Error: ))(.*)", re.IGNORECASE | re.MULTILINE)
# These say nothing by themselves.
EMPTY = re.compile(r"subprocess-exited-with-error|subprocess.CalledProcessError|Exception:$")
# What follows from another error, which is the one to tell.
CONSEQUENCE = re.compile(r"from versions: none|No matching distribution|Failed to build")


class SetupError(Exception):
    """What went wrong, in one line."""


def set_up(directory: str, arguments: Sequence[str]) -> None:
    """Have pip install ``arguments``, a sequence of str, into the venv ``directory``, a path, which
    is made first unless it can be used.

    Raises SetupError.
    """
    print(f"setting up {directory}: what is missing there is downloaded from PyPI", flush=True)
    if not usable(Path(directory)):
        create(Path(directory))
    pip_install(Path(directory), arguments)


def usable(directory: Path) -> bool:
    """Return whether ``directory``, a Path, has a complete venv."""
    try:
        return all(
            subprocess.run(
                [directory / "bin" / "python", *arguments], capture_output=True, check=False
            ).returncode
            == 0
            for arguments in USABLE
        )
    except OSError:
        return False


def create(directory: Path) -> None:
    """Create a venv with pip in a directory, after its files are removed. Raises SetupError."""
    if importlib.util.find_spec("ensurepip") is None:
        raise SetupError("this Python has no ensurepip; try: apt install python3-venv")
    # ensurepip by itself, as venv does not show what it says.
    problem = f"{directory} cannot be set up"
    run([sys.executable, "-m", "venv", "--clear", "--without-pip", directory], problem)
    python = directory / "bin" / "python"
    run([python, "-Im", "ensurepip", "--upgrade", "--default-pip"], problem)
    # Before Python 3.12 it is there, too, and has each Python that starts import something of it.
    run([python, "-Im", "pip", "uninstall", "--yes", "--quiet", "setuptools"], problem)


def pip_install(directory: Path, arguments: Sequence[str]) -> None:
    """Run ``pip install`` with ``arguments``, a sequence of str, in the venv ``directory``, a Path.
    Raises SetupError."""
    pip = (directory / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check")
    run([*pip, *arguments], "pip failed")
    command = directory / "bin" / "tuxscope"
    if command.exists():
        command.write_text(without_re(command.read_text()))


def without_re(script: str) -> str:
    """A console script as newer pips write it: ``re``, for Windows alone, takes 2 ms to import."""
    strip = r"    sys.argv[0] = re.sub(r'(-script\.pyw|\.exe)?$', '', sys.argv[0])"
    if strip not in script:
        return script
    return script.replace("import re\n", "").replace(f"{strip}\n", "")


def run(command: Sequence[str | Path], problem: str) -> None:
    """Run ``command``, a sequence of words, without showing its output. Raises SetupError, which
    begins with ``problem``, a str, if it fails."""
    # pip's five take long where nothing answers, and without any it does not say so.
    retries = os.environ.get("PIP_RETRIES", "0")
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        env={**os.environ, "PIP_RETRIES": "2" if retries == "0" else retries}, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SetupError(described(done.stdout, problem, command))


def described(output: str, problem: str, command: Sequence[str | Path]) -> str:
    """Return why ``command``, a sequence of words, failed, by its ``output``, as one line: a str
    that begins with ``problem``, a str, unless PyPI cannot be reached."""
    errors = [each.strip() for each in ERROR.findall(output) if not EMPTY.match(each)]
    causes = [each for each in errors if not CONSEQUENCE.search(each)]
    cause = causes[0] if causes else ""
    unreachable = [line for line in output.splitlines() if UNREACHABLE.search(line)]
    if unreachable and (not cause or UNREACHABLE.search(cause)):
        found = REASON.search(unreachable[-1])
        reason = f" ({found[1] or found[2]})" if found else ""
        return (
            f"PyPI cannot be reached{reason}, and the first run downloads from it; "
            "check the network, or set https_proxy or PIP_INDEX_URL"
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    said = cause or (errors or lines[-1:] or ["it says nothing"])[0]
    return f"{problem}: {said}; to see more: {shlex.join(map(str, command))}"
