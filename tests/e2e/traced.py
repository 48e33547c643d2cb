"""A script that ``tuxscope syscall`` traces, and the lines of what it does between two marks."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from e2e.callers import NUMBERS
from e2e.harness import Result

# What a script begins with; it does not let the interpreter collect garbage in between.
PRELUDE = """
import ctypes, gc, json, os, sys
gc.disable()
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
NUMBERS = json.loads(sys.argv[1])
def call(name, *arguments):
    number = NUMBERS[name] if isinstance(name, str) else name
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    none = [ctypes.c_long(0)] * (6 - len(given))
    return LIBC.syscall(ctypes.c_long(number), *given, *none)
call("getpgid", -7)
call("close", -77)
"""
MARK = "close(-77) = -1 EBADF (Bad file descriptor)"
END = "\ncall('close', -77)\n"
LINE = re.compile(r"(?P<comm>.*?)\[(?P<tid>\d+)\] (?P<rest>.*)")
TOOK = re.compile(r" <\d+\.\d{6}>$")
# Python calls these for itself, now and then; the clock where the vDSO has none.
OWN = re.compile(r"(brk|mmap|munmap|mremap|madvise|clock_gettime)\(")


def arguments(script: str, *more: str) -> tuple[str, ...]:
    """The command that runs a script; ``more`` are its arguments, from sys.argv[2] on."""
    code = f"{PRELUDE}{script}{END}"
    return (sys.executable, "-S", "-c", code, json.dumps(NUMBERS), *more)


class Traced:
    """Runs scripts, whose calls are written to a file.

    Attributes:
        file: the file, in a directory of the test.
        result: the Result of the last run.
    """

    result: Result

    def __init__(self, tuxscope: Any, directory: Path) -> None:
        self._tuxscope = tuxscope
        self.file = directory / "lines"

    def run(self, script: str, *options: str, status: int = 0, more: tuple[str, ...] = ()) -> str:
        """All that was written."""
        command = arguments(script, *more)
        run = self._tuxscope("syscall", "--output", self.file, *options, "--", *command)
        self.result = run.finish()
        assert self.result.status == status, self.result.stderr
        return self.file.read_text()

    def lines(self, script: str, *options: str, **others: Any) -> list[str]:
        """The lines of what was done between the marks, without who did it, and how long it took;
        to the end where the second mark is not reached."""
        text = self.run(script, "--timestamps", "none", *options, **others)
        return between(bare(line) for line in text.splitlines())

    def objects(self, script: str, *options: str, **others: Any) -> list[dict[str, Any]]:
        """The objects of what was done between the marks."""
        text = self.run(script, "--format", "json", *options, **others)
        found = [json.loads(line) for line in text.splitlines()]
        marks = [at for at, each in enumerate(found) if is_mark(each)] + [len(found)]
        return [
            each
            for each in found[marks[0] + 1 : marks[1]]
            if not OWN.match(f"{each.get('syscall')}(")
        ]


def is_mark(call: dict[str, Any]) -> bool:
    return call.get("syscall") == "close" and call["error"] == "EBADF"


def bare(line: str) -> str:
    """A line without the thread in front, and the time at the end."""
    match = LINE.fullmatch(line)
    assert match, line
    return TOOK.sub("", match["rest"])


def between(lines: Any) -> list[str]:
    """What is between the marks."""
    found = list(lines)
    marks = [at for at, line in enumerate(found) if line == MARK] + [len(found)]
    return [line for line in found[marks[0] + 1 : marks[1]] if not OWN.match(line)]
