"""One operation on a file, as it is shown: a line, or an object."""

from __future__ import annotations

import os
from collections.abc import Sequence
from errno import errorcode

from tuxscope.errors import shown
from tuxscope.lean_typing import Any
from tuxscope.programs.fileio.operations import OPS
from tuxscope.record import Record, RecordError, char, s64, u8, u16, u32, u64
from tuxscope.record.values import Interpreted, Named, Optional

UNKNOWN = (1 << 64) - 1
NO_RESULT = -(1 << 63)
PATH = char[4096 + 4096]  # a directory's path, and the one that begins there


class DeviceNumber(Interpreted[str | None]):
    """An Interpreted: a u32, the kernel's number of a device (major << 20 | minor), as
    ``"major:minor"``, a str; 0 stands for None."""

    def __init__(self) -> None:
        super().__init__("device number", u32)

    def decode(self, flat: Sequence[Any]) -> str | None:
        return f"{flat[0] >> 20}:{flat[0] & 0xFFFFF}" if flat[0] else None

    def encode(self, value: Any) -> tuple[Any, ...]:
        if value is None:
            return (0,)
        try:
            major, minor = map(int, value.split(":"))
        except (AttributeError, ValueError):
            raise RecordError(f"{shown(value)} is not a device, as in '8:1'") from None
        encoded: tuple[Any, ...] = self.stored.encode(major << 20 | minor)
        return encoded


class ErrorNumber(Interpreted[str | None]):
    """An Interpreted: a u16, an errno as its name, a str; 0 stands for None."""

    def __init__(self) -> None:
        super().__init__("errno", u16)

    def decode(self, flat: Sequence[Any]) -> str | None:
        number = flat[0]
        return errorcode.get(number, f"errno_{number}") if number else None

    def encode(self, value: Any) -> tuple[Any, ...]:
        if value is None:
            return (0,)
        number = {name: number for number, name in errorcode.items()}.get(value)
        if number is None:
            raise RecordError(f"{shown(value)} is not the name of an errno")
        return (number,)


class Permissions(Interpreted[str | None]):
    """An Interpreted: a u32, permissions as octal digits, a str; all ones stand for None."""

    NOTHING = (1 << 32) - 1

    def __init__(self) -> None:
        super().__init__("permissions", u32)

    def decode(self, flat: Sequence[Any]) -> str | None:
        return None if flat[0] == self.NOTHING else f"{flat[0]:04o}"

    def encode(self, value: Any) -> tuple[Any, ...]:
        return (self.NOTHING if value is None else int(value, 8),)


class OptionalText(Interpreted[str | None]):
    """An Interpreted: text as ``stored``, a char array; an empty one stands for None."""

    def decode(self, flat: Sequence[Any]) -> str | None:
        return self.stored.decode(flat) or None

    def encode(self, value: Any) -> tuple[Any, ...]:
        encoded: tuple[Any, ...] = self.stored.encode(value or "")
        return encoded


class FileOperation(Record):
    """A Record: an operation on a file; one that has no such value has None.

    Attributes:
        timestamp_ns: an int, when it began (CLOCK_MONOTONIC), or when it ended, if its begin was
            not seen.
        duration_ns: an int: how long it took; None if its begin was not seen.
        bytes: an int: how many bytes it moved.
        offset: an int: where in the file it began.
        ino: an int, the file's inode number.
        ret: an int: the result; a negative one is an errno.
        length: an int: the new length of truncate, how long fallocate's and mmap's range is.
        pid, tid: an int each.
        ppid: an int, the parent's process ID, as the initial PID namespace counts.
        uid: an int.
        dev: a str, the device of its file system, as in ``"8:1"``.
        mode: a str, the permissions that open, mkdir and chmod were given, as in ``"0644"``.
        error: a str, the errno's name.
        op: a str, the operation.
        comm: a str, the thread's name.
        flags: a str, as in ``"O_WRONLY|O_CREAT"``.
        path: a str, the file's path, as the process sees it.
        to: a str, the other file's path, of rename, link, sendfile and the like.
    """

    timestamp_ns = u64
    duration_ns = Optional(u64, UNKNOWN)
    bytes = Optional(u64, UNKNOWN)
    offset = Optional(u64, UNKNOWN)
    ino = Optional(u64, 0)
    ret = Optional(s64, NO_RESULT)
    length = Optional(u64, UNKNOWN)
    pid = u32
    tid = u32
    ppid = Optional(u32, 0)
    uid = u32
    dev = DeviceNumber()
    mode = Permissions()
    error = ErrorNumber()
    op = Named(u8, dict(enumerate(OPS)))
    comm = char[16]
    flags = OptionalText("flags", char[256])
    path = OptionalText("path", PATH)
    to = OptionalText("path", PATH)


def open_flags(value: int) -> str:
    """Return ``value``, the flags of open(2), an int, as text."""
    names = {0: "O_RDONLY", 1: "O_WRONLY", 2: "O_RDWR", 3: "O_ACCMODE"}
    parts, left = [names[value & 3]], value & ~3 & ~os.O_LARGEFILE & ~LARGE_FILE
    for name in OPEN_FLAGS:
        bits = getattr(os, name, 0)
        if bits and left & bits == bits:
            parts.append(name)
            left &= ~bits
    return "|".join([*parts, f"{left:#x}"] if left else parts)


LARGE_FILE = 0o100000  # O_LARGEFILE of programs of 32 bits, which is 0 to a library of 64
# Those that have bits of others come first.
OPEN_FLAGS = (
    "O_TMPFILE", "O_SYNC", "O_DSYNC", "O_CREAT", "O_EXCL", "O_NOCTTY", "O_TRUNC", "O_APPEND",
    "O_NONBLOCK", "O_ASYNC", "O_DIRECT", "O_DIRECTORY", "O_NOFOLLOW", "O_NOATIME", "O_CLOEXEC",
    "O_PATH",
)  # fmt: skip
PROTECTION = {1: "PROT_READ", 2: "PROT_WRITE", 4: "PROT_EXEC"}


def protection(value: int) -> str:
    """Return ``value``, the protection of mmap(2), an int, as text."""
    left = value & ~7
    parts = [name for bit, name in PROTECTION.items() if value & bit]
    return "|".join([*parts, f"{left:#x}"] if left else parts) or "PROT_NONE"
