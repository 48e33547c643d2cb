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


# Of a program of 32 bits: where its segment is, and what is in front of its code.
PROGRAM_32, HEAD_32 = 0x00400000, 52 + 32


def elf_32(code: bytes, machine: str = "i386") -> bytes:
    """A program for ``machine``, "i386" or "s390", in one segment that begins at PROGRAM_32."""
    order, data, number = {"i386": ("<", 1, 3), "s390": (">", 2, 22)}[machine]
    size = HEAD_32 + len(code)
    entry = PROGRAM_32 + HEAD_32
    ident = b"\x7fELF\x01" + bytes([data, 1])
    executable, version, readable, page = 2, 1, 5, 0x1000
    header = struct.pack(
        f"{order}16sHHIIIIIHHHHHH",
        ident, executable, number, version, entry, 52, 0, 0, 52, 32, 1, 0, 0, 0,
    )  # fmt: skip
    at = PROGRAM_32
    segment = struct.pack(f"{order}8I", 1, 0, at, at, size, size, readable, page)
    return header + segment + code


def calls_of_32_bits(machine: str) -> bytes:
    """Code that calls socket by socketcall, maps a page as the arguments in a struct say, and
    exits: three calls with the same numbers on "i386" and "s390"."""
    socket = struct.pack(">3I" if machine == "s390" else "<3I", 1, 1, 0)  # AF_UNIX, SOCK_STREAM
    mapping = (0, 4096, 1, 0x22, 0xFFFFFFFF, 0)  # PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS
    if machine == "s390":
        code = bytes.fromhex(
            "a7280001"  # lhi %r2,1
            "c0300000000c"  # larl %r3,24 bytes on
            "0a66"  # svc 102
            "c0200000000e"  # larl %r2,28 bytes on
            "0a5a"  # svc 90
            "a7280000"  # lhi %r2,0
            "0a01"  # svc 1
            "0700"  # nopr
        )
        return code + socket + struct.pack(">6I", *mapping)
    after = PROGRAM_32 + HEAD_32 + 40
    code = b"".join([
        bytes.fromhex("b866000000 bb01000000 b9"), struct.pack("<I", after),  # ebx = 1, ecx
        bytes.fromhex("cd80 b85a000000 bb"), struct.pack("<I", after + len(socket)),
        bytes.fromhex("cd80 b801000000 31db cd80"),
    ])  # fmt: skip
    assert len(code) <= 40
    return code.ljust(40, b"\x90") + socket + struct.pack("<6I", *mapping)
