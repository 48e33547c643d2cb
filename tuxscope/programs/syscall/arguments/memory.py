"""Kinds of calls on memory: what is mapped, and how."""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable

from tuxscope.calls.reads import Read, ReadKind
from tuxscope.lean_typing import TYPE_CHECKING, Any, ClassVar
from tuxscope.programs.syscall.arguments.basic import Descriptor, Hexadecimal, Size
from tuxscope.programs.syscall.arguments.constants import named
from tuxscope.programs.syscall.arguments.flags import Choice, Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# Those that module mmap has no names for are in include/uapi/asm-generic/mman-common.h, mman.h.
PROTECTION = named(
    mmap,
    "PROT_NONE PROT_READ PROT_WRITE PROT_EXEC PROT_SEM PROT_GROWSDOWN PROT_GROWSUP",
    PROT_NONE=0,
    PROT_SEM=8,
    PROT_GROWSDOWN=1 << 24,
    PROT_GROWSUP=1 << 25,
)
MAP_TYPES = named(mmap, "MAP_SHARED MAP_PRIVATE MAP_SHARED_VALIDATE", MAP_SHARED_VALIDATE=3)
MAP_FLAGS = named(
    mmap,
    "MAP_FIXED MAP_ANONYMOUS MAP_32BIT MAP_NORESERVE MAP_POPULATE MAP_NONBLOCK MAP_GROWSDOWN "
    "MAP_DENYWRITE MAP_EXECUTABLE MAP_LOCKED MAP_STACK MAP_HUGETLB MAP_SYNC MAP_FIXED_NOREPLACE",
    MAP_FIXED=0x10,
    MAP_32BIT=0x40,
    MAP_NORESERVE=0x4000,
    MAP_NONBLOCK=0x10000,
    MAP_GROWSDOWN=0x100,
    MAP_LOCKED=0x2000,
    MAP_HUGETLB=0x40000,
    MAP_SYNC=0x80000,
    MAP_FIXED_NOREPLACE=0x100000,
)
MAP_TYPE = 0xF
HUGE_SHIFT = 26
HUGE_MASK = 0x3F << HUGE_SHIFT  # the logarithm of the size of huge pages
REMAP_FLAGS = {1: "MREMAP_MAYMOVE", 2: "MREMAP_FIXED", 4: "MREMAP_DONTUNMAP"}
REMAP_FIXED = 2
ADVICE = {
    0: "MADV_NORMAL", 1: "MADV_RANDOM", 2: "MADV_SEQUENTIAL", 3: "MADV_WILLNEED",
    4: "MADV_DONTNEED", 8: "MADV_FREE", 9: "MADV_REMOVE", 10: "MADV_DONTFORK",
    11: "MADV_DOFORK", 12: "MADV_MERGEABLE", 13: "MADV_UNMERGEABLE", 14: "MADV_HUGEPAGE",
    15: "MADV_NOHUGEPAGE", 16: "MADV_DONTDUMP", 17: "MADV_DODUMP", 18: "MADV_WIPEONFORK",
    19: "MADV_KEEPONFORK", 20: "MADV_COLD", 21: "MADV_PAGEOUT", 22: "MADV_POPULATE_READ",
    23: "MADV_POPULATE_WRITE", 24: "MADV_DONTNEED_LOCKED", 25: "MADV_COLLAPSE",
    100: "MADV_HWPOISON", 101: "MADV_SOFT_OFFLINE",
}  # fmt: skip
SYNC_FLAGS = {4: "MS_SYNC", 1: "MS_ASYNC", 2: "MS_INVALIDATE"}
LOCK_FLAGS = {1: "MLOCK_ONFAULT"}
LOCK_ALL_FLAGS = {1: "MCL_CURRENT", 2: "MCL_FUTURE", 4: "MCL_ONFAULT"}


class MapFlags(Kind):
    """A Kind: the flags of mmap(2): the type of the mapping, flags, and the size of huge pages."""

    def text(self, call: Call, index: int) -> str:
        flags = call.unsigned(index)
        if not flags:
            return "MAP_FILE"
        kind, rest, huge = flags & MAP_TYPE, flags & ~(MAP_TYPE | HUGE_MASK), 0
        if flags & HUGE_MASK:
            huge = (flags & HUGE_MASK) >> HUGE_SHIFT
        parts = [MAP_TYPES.get(kind) or f"{kind:#x} /* MAP_??? */" if kind else "MAP_FILE"]
        if rest:
            parts.append(flag_text(rest, MAP_FLAGS, "").removesuffix(" /*  */"))
        if huge:
            parts.append(f"{huge}<<MAP_HUGE_SHIFT")
        return "|".join(parts)


class MapArguments(Kind):
    """A Kind: the argument of mmap(2) where it is the address of a struct of six words (old_mmap,
    in the kernel's mm/mmap.c): on s390, and for 32-bit calls of x86.

    Attributes:
        KINDS: a dict of the Kind of each word by name, of the class.
    """

    KINDS: ClassVar[dict[str, Kind]] = {
        "addr": Kind(),
        "length": Size(),
        "prot": Flags(PROTECTION, "PROT_???"),
        "flags": MapFlags(),
        "fd": Descriptor(),
        "offset": Hexadecimal(),
    }

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, size=8 * len(self.KINDS)),)

    def text(self, call: Call, index: int) -> str:
        shown = self.json(call, index)
        return ", ".join(shown.values()) if isinstance(shown, dict) else shown

    def json(self, call: Call, index: int) -> Any:
        data = call.data(index)
        form = struct.Struct("=6" + {4: "I", 8: "Q"}[call.word])
        if data is None or len(data) < form.size:
            return call.address(index)
        inner = call._replace(values=form.unpack_from(data), parts={})
        return {name: kind.text(inner, at) for at, (name, kind) in enumerate(self.KINDS.items())}


class RemapAddress(Kind):
    """A Kind: where mremap(2) moves a mapping, if it is to choose nothing.

    Attributes:
        flags: the index of the argument with the flags, an int.
    """

    def __init__(self, flags: int) -> None:
        self.flags = flags

    def is_shown(self, call: Call, index: int) -> bool:
        return bool(call.unsigned(self.flags) & REMAP_FIXED)


KINDS: dict[str, Callable[..., Kind]] = {
    "map_arguments": MapArguments,
    "protection": lambda: Flags(PROTECTION, "PROT_???"),
    "map_flags": MapFlags,
    "remap_flags": lambda: Flags(REMAP_FLAGS, "MREMAP_???"),
    "remap_address": RemapAddress,
    "memory_advice": lambda: Choice(ADVICE, "MADV_???"),
    "msync_flags": lambda: Flags(SYNC_FLAGS, "MS_???"),
    "mlock_flags": lambda: Flags(LOCK_FLAGS, "MLOCK_???"),
    "mlockall_flags": lambda: Flags(LOCK_ALL_FLAGS, "MCL_???"),
}
