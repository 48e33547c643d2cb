"""Processes of caller.py, and what else makes known calls."""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from pace import LIMIT
from waiting import read_line

from tuxscope.abi.architecture import this_architecture
from tuxscope.abi.names import numbers

CALLER = (sys.executable, "-S", str(Path(__file__).with_name("caller.py")))
NUMBERS = numbers(this_architecture().native)


class Caller:
    """A process of caller.py, which waits to be told to begin."""

    def __init__(self, what: str, argument: object = None, **options: Any) -> None:
        self.process = subprocess.Popen(
            [*CALLER, what, json.dumps(argument)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options,
        )  # fmt: skip
        assert read_line(self.process.stdout, "a caller to be ready") == b"r\n"

    @property
    def pid(self) -> int:
        return self.process.pid

    def tell(self) -> bytes:
        """Let it go on; what it says then."""
        assert self.process.stdin
        self.process.stdin.write(b"g\n")
        self.process.stdin.flush()
        return read_line(self.process.stdout, "a caller to have made its calls")

    def make(self) -> Any:
        """Let it make its calls; what they were."""
        return json.loads(self.tell())

    def wait(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        assert self.process.wait(LIMIT) == 0


def in_call(pid: int) -> str:
    """The name of the call that a process is in; empty where it is in none."""
    with contextlib.suppress(OSError, ValueError):
        number = int(Path(f"/proc/{pid}/syscall").read_text().split()[0])
        return {each: name for name, each in NUMBERS.items()}.get(number, "")
    return ""


def elf_32(code: bytes) -> bytes:
    """A program for i386 in one segment."""
    at, head = 0x08048000, 52 + 32
    size = head + len(code)
    header = struct.pack(
        "<16sHHIIIIIHHHHHH",
        b"\x7fELF\x01\x01\x01",
        2,
        3,
        1,
        at + head,
        52,
        0,
        0,
        52,
        32,
        1,
        0,
        0,
        0,
    )
    return header + struct.pack("<8I", 1, 0, at, at, size, size, 5, 0x1000) + code
