"""Kinds of calls on descriptors: fcntl(2), pipes, offsets, and what makes new ones."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable

from tuxscope.calls.reads import Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.basic import Long
from tuxscope.programs.syscall.arguments.constants import named
from tuxscope.programs.syscall.arguments.flags import Choice, Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.quote import escaped
from tuxscope.programs.syscall.arguments.structs import hexadecimal_text, number_at

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

LOCKS = named(fcntl, "LOCK_SH LOCK_EX LOCK_NB LOCK_UN LOCK_MAND LOCK_RW LOCK_READ LOCK_WRITE")
FILE_ADVICE = named(
    os,
    "POSIX_FADV_NORMAL POSIX_FADV_RANDOM POSIX_FADV_SEQUENTIAL POSIX_FADV_WILLNEED "
    "POSIX_FADV_DONTNEED POSIX_FADV_NOREUSE",
)
# include/uapi/linux/falloc.h, fs.h, close_range.h, memfd.h
ALLOCATION = {
    0x01: "FALLOC_FL_KEEP_SIZE", 0x02: "FALLOC_FL_PUNCH_HOLE", 0x04: "FALLOC_FL_NO_HIDE_STALE",
    0x08: "FALLOC_FL_COLLAPSE_RANGE", 0x10: "FALLOC_FL_ZERO_RANGE",
    0x20: "FALLOC_FL_INSERT_RANGE", 0x40: "FALLOC_FL_UNSHARE_RANGE",
}  # fmt: skip
SYNC_RANGE = {
    1: "SYNC_FILE_RANGE_WAIT_BEFORE", 2: "SYNC_FILE_RANGE_WRITE", 4: "SYNC_FILE_RANGE_WAIT_AFTER",
}  # fmt: skip
CLOSE_RANGE = {2: "CLOSE_RANGE_UNSHARE", 4: "CLOSE_RANGE_CLOEXEC"}
MEMORY_FILE = {1: "MFD_CLOEXEC", 2: "MFD_ALLOW_SEALING", 4: "MFD_HUGETLB"}
HUGE_SHIFT = 26
SPLICE = {
    1: "SPLICE_F_MOVE", 2: "SPLICE_F_NONBLOCK", 4: "SPLICE_F_MORE", 8: "SPLICE_F_GIFT",
}  # fmt: skip
READ_WRITE = {
    1: "RWF_HIPRI", 2: "RWF_DSYNC", 4: "RWF_SYNC", 8: "RWF_NOWAIT", 0x10: "RWF_APPEND",
}  # fmt: skip
EVENT_FLAGS = {1: "EFD_SEMAPHORE", os.O_CLOEXEC: "EFD_CLOEXEC", os.O_NONBLOCK: "EFD_NONBLOCK"}


class Pipe(Kind):
    """A Kind: the two descriptors that pipe(2) makes, with their files: ``[3<pipe:[5]>,
    4<pipe:[5]>]``.

    Attributes:
        FORM: a struct.Struct, of the class.
    """

    FORM = struct.Struct("=ii")

    def reads(self, index: int) -> tuple[Read, ...]:
        size, when = self.FORM.size, When.SUCCESS
        return (
            Read(ReadKind.BYTES, index, size=size, most=size, when=when),
            Read(ReadKind.FILES, index, size=4, most=4, when=when),
            Read(ReadKind.FILES, index, size=4, most=4, when=when, offset=4),
        )

    def text(self, call: Call, index: int) -> str:
        data = call.data(index)
        if data is None or len(data) < self.FORM.size:
            return call.address(index)
        paths = (call.path_of(index, 1), call.path_of(index, 2))
        ends = zip(self.FORM.unpack_from(data), paths, strict=True)
        return "[" + ", ".join(descriptor_text(*each) for each in ends) + "]"

    def json(self, call: Call, index: int) -> Any:
        data = call.data(index)
        if data is None or len(data) < self.FORM.size:
            return call.address(index)
        return list(self.FORM.unpack_from(data))


def descriptor_text(number: int, path: bytes | None) -> str:
    """Return the descriptor ``number``, an int, as text, with ``path``, the bytes of its file's
    path, if that is not None."""
    return f"{number}<{escaped(path, '<>')}>" if path else str(number)


class Offset(Kind):
    """A Kind: an offset in memory that the call starts at: ``[0]``.

    Attributes:
        moved: whether the one that the call leaves is shown, too, a bool: ``[0] => [5]``.
        SIZE: 8 bytes, of the class.
    """

    SIZE = 8

    def __init__(self, moved: bool = False) -> None:
        self.moved = moved

    def reads(self, index: int) -> tuple[Read, ...]:
        size = self.SIZE
        before = Read(ReadKind.BYTES, index, size=size, most=size, when=When.ENTRY)
        after = Read(ReadKind.BYTES, index, size=size, most=size, when=When.SUCCESS)
        return (before, after) if self.moved else (before,)

    def text(self, call: Call, index: int) -> str:
        before, after = (self._value(call, index, ordinal) for ordinal in (0, 1))
        if before is None:
            return call.address(index)
        return f"[{before}]" if after is None or not call.result else f"[{before}] => [{after}]"

    def _value(self, call: Call, index: int, ordinal: int) -> int | None:
        wide = call.word == 8 or call.name != "sendfile"
        data = (call.data(index, ordinal) or b"")[: 8 if wide else 4]
        if len(data) < (8 if wide else 4):
            return None
        return int(struct.unpack("=q" if wide else "=i", data)[0])


class HighOffset(Long):
    """A Long: the upper half of an offset, which the 64-bit ABIs do not use."""

    def is_shown(self, call: Call, index: int) -> bool:
        return call.word == 4


class SplitOffsetHigh(Kind):
    """A Kind: the upper half of _llseek(2)'s offset, which is shown with the lower one."""

    def is_shown(self, call: Call, index: int) -> bool:
        return False


class SplitOffsetLow(Kind):
    """A Kind: an offset of which the argument before has the upper half."""

    def text(self, call: Call, index: int) -> str:
        return str(self.json(call, index))

    def json(self, call: Call, index: int) -> int:
        high = call.signed(index - 1) if index else 0
        return high << 32 | call.unsigned(index)


class PageOffset(Kind):
    """A Kind: an offset in pages of 4096 bytes, as mmap2(2) takes it; it is shown in bytes."""

    def text(self, call: Call, index: int) -> str:
        return hexadecimal_text((call.long(index) & (1 << call.word * 8) - 1) << 12)


class MemoryFileFlags(Kind):
    """A Kind: the flags of memfd_create(2), with the size of huge pages."""

    def text(self, call: Call, index: int) -> str:
        flags = call.unsigned(index)
        huge, rest = flags >> HUGE_SHIFT, flags & (1 << HUGE_SHIFT) - 1
        if not huge:
            return flag_text(rest, MEMORY_FILE, "MFD_???")
        names = [flag_text(rest, MEMORY_FILE, "MFD_???")] * bool(rest)
        return "|".join([*names, f"{huge}<<MFD_HUGE_SHIFT"])


KINDS: dict[str, Callable[..., Kind]] = {
    "pipe": Pipe,
    "offset": Offset,
    "offset_moved": lambda: Offset(moved=True),
    "offset_high": HighOffset,
    "split_high": SplitOffsetHigh,
    "split_low": SplitOffsetLow,
    "offset_out": lambda: number_at("q"),
    "page_offset": PageOffset,
    "lock_operation": lambda: Flags(LOCKS, "LOCK_???"),
    "file_advice": lambda: Choice(FILE_ADVICE, "POSIX_FADV_???"),
    "allocation": lambda: Flags(ALLOCATION, "FALLOC_FL_???"),
    "sync_range_flags": lambda: Flags(SYNC_RANGE, "SYNC_FILE_RANGE_???"),
    "close_range_flags": lambda: Flags(CLOSE_RANGE, "CLOSE_RANGE_???"),
    "memfd_flags": MemoryFileFlags,
    "splice_flags": lambda: Flags(SPLICE, "SPLICE_F_???"),
    "read_write_flags": lambda: Flags(READ_WRITE, "RWF_???"),
    "eventfd_flags": lambda: Flags(EVENT_FLAGS, "EFD_???"),
}
