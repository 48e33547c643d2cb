"""A call as the arguments' kinds see it: the numbers, and what was read of the memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from tuxscope.abi.architecture import Abi, Architecture
from tuxscope.calls.reads import Status

SHORT_ABIS = (Abi.IA32, Abi.ARM, Abi.S390)


class Part(NamedTuple):
    """A NamedTuple: what one read, or one element of it, returned.

    Attributes:
        status: a Status: how it ended.
        element: which one, of several, an int from 0.
        data: bytes; of a string without the NUL; empty after a fault.
    """

    status: Status
    element: int
    data: bytes


class Call(NamedTuple):
    """A NamedTuple: a call, finished or not.

    Attributes:
        name: of the call, a str, without the suffix of its ABI.
        abi: the Abi whose call it is.
        architecture: the machine's Architecture.
        values: the six arguments, a tuple of int, unsigned, as wide as the ABI's registers.
        result: what it returned, an int; a negative number down to -4095 is an errno.
        finished: whether it has returned, a bool; else nothing that the kernel writes is known.
        parts: what was read, a mapping of lists of Part by the argument's index and the number of
            the read among its reads, a pair of int.
        path: a callable that returns a file's path as bytes by its id, an int; b"" for one that is
            not known.
        string_size: how many bytes of a buffer are shown, an int.
        failed: a bool, a property.
        word: an int, a property.
    """

    name: str
    abi: Abi
    architecture: Architecture
    values: tuple[int, ...]
    result: int = 0
    finished: bool = True
    parts: Mapping[tuple[int, int], list[Part]] = MappingProxyType({})
    path: Callable[[int], bytes] = lambda _: b""
    string_size: int = 32

    @property
    def failed(self) -> bool:
        """Whether it has returned an errno, a bool."""
        return self.finished and -4095 <= self.result < 0

    @property
    def word(self) -> int:
        """The size of a long or an address of the ABI in bytes, an int."""
        return 4 if self.abi in SHORT_ABIS else 8

    def signed(self, index: int) -> int:
        """Return argument ``index``, an int, as a C int, with its sign."""
        value = self.values[index] & 0xFFFFFFFF
        return value - (value >> 31 << 32)

    def unsigned(self, index: int) -> int:
        """Return argument ``index``, an int, as a C unsigned int."""
        return self.values[index] & 0xFFFFFFFF

    def long(self, index: int) -> int:
        """Return argument ``index``, an int, as a C long, with its sign, as wide as the ABI has
        it."""
        bits = self.word * 8
        value = self.values[index] & (1 << bits) - 1
        return value - (value >> bits - 1 << bits)

    def address(self, index: int) -> str:
        """Return argument ``index``, an int, as the text of an address: ``0x7ffd1c2a``, or
        ``NULL``."""
        value = self.values[index] & (1 << self.word * 8) - 1
        return f"{value:#x}" if value else "NULL"

    def read(self, index: int, ordinal: int = 0) -> list[Part]:
        """Return what the read ``ordinal`` of argument ``index``, both int, 0 for the first read,
        returned: a list of Part, empty if nothing was read."""
        return self.parts.get((index, ordinal), [])

    def data(self, index: int, ordinal: int = 0) -> bytes | None:
        """Return what the read ``ordinal`` of argument ``index``, both int, 0 for the first read,
        returned as bytes, all or the first of them; None if it was not made, or failed."""
        parts = self.read(index, ordinal)
        return parts[0].data if parts and parts[0].status is not Status.FAULT else None

    def path_of(self, index: int, ordinal: int = 0) -> bytes | None:
        """Return the path, bytes, of the file that the read ``ordinal``, of kind FILE, of argument
        ``index`` found, both int, 0 for the first read; None where there is none, or it is not
        known."""
        data = self.data(index, ordinal)
        return (self.path(int.from_bytes(data, sys.byteorder)) if data else b"") or None
