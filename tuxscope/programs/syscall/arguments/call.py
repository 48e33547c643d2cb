"""A call as the arguments' kinds see it: the numbers, and what was read of the memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from tuxscope.abi.architecture import Abi, Architecture

SHORT_ABIS = (Abi.IA32, Abi.ARM, Abi.S390)


class Status(IntEnum):
    """How a read ended."""

    WHOLE = 0
    CUT = 1  # there is more than was read
    FAULT = 2  # not readable


@dataclass(frozen=True, slots=True)
class Part:
    """What one read, or one element of it, returned.

    Attributes:
        status: how it ended.
        element: which one, of several.
        data: bytes; of a string without the NUL; empty after a fault.
    """

    status: Status
    element: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """A call, finished or not.

    Attributes:
        name: of the call, without the suffix of its ABI.
        abi: whose call it is.
        architecture: the machine's.
        values: the six arguments, unsigned, as wide as the ABI's registers.
        result: what it returned; a negative number down to -4095 is an errno.
        finished: whether it has returned; else nothing that the kernel writes is known.
        parts: what was read, by the argument's index and the number of the read among its reads.
        path: of a file by its id, as bytes; b"" for one that is not known.
        string_size: bytes of a buffer that are shown.
    """

    name: str
    abi: Abi
    architecture: Architecture
    values: tuple[int, ...]
    result: int = 0
    finished: bool = True
    parts: Mapping[tuple[int, int], list[Part]] = field(default_factory=dict)
    path: Callable[[int], bytes] = lambda _: b""
    string_size: int = 32

    @property
    def failed(self) -> bool:
        """Whether it has returned an errno."""
        return self.finished and -4095 <= self.result < 0

    @property
    def word(self) -> int:
        """The size of a long or an address of the ABI, in bytes."""
        return 4 if self.abi in SHORT_ABIS else 8

    def signed(self, index: int) -> int:
        """Return argument ``index`` as a C int, with its sign."""
        value = self.values[index] & 0xFFFFFFFF
        return value - (value >> 31 << 32)

    def unsigned(self, index: int) -> int:
        """Return argument ``index`` as a C unsigned int."""
        return self.values[index] & 0xFFFFFFFF

    def long(self, index: int) -> int:
        """Return argument ``index`` as a C long, with its sign, as wide as the ABI has it."""
        bits = self.word * 8
        value = self.values[index] & (1 << bits) - 1
        return value - (value >> bits - 1 << bits)

    def address(self, index: int) -> str:
        """Return argument ``index`` as an address: ``0x7ffd1c2a``, or ``NULL``."""
        value = self.values[index] & (1 << self.word * 8) - 1
        return f"{value:#x}" if value else "NULL"

    def read(self, index: int, ordinal: int = 0) -> list[Part]:
        """Return the parts of a read of argument ``index``, its ``ordinal``-th: an empty list if
        nothing was read."""
        return self.parts.get((index, ordinal), [])

    def data(self, index: int, ordinal: int = 0) -> bytes | None:
        """Return what a read of argument ``index`` returned as bytes, all or the first of them;
        None if it was not made, or failed."""
        parts = self.read(index, ordinal)
        return parts[0].data if parts and parts[0].status is not Status.FAULT else None

    def path_of(self, index: int, ordinal: int = 0) -> bytes | None:
        """Return the path of the file that a read of kind FILE of argument ``index`` found; None
        where there is none, or it is not known."""
        data = self.data(index, ordinal)
        return (self.path(int.from_bytes(data, sys.byteorder)) if data else b"") or None
