"""Kinds of what stat(2), statx(2) and statfs(2) return."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable

from tuxscope.abi.architecture import Abi
from tuxscope.calls.reads import When
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.constants import named
from tuxscope.programs.syscall.arguments.file_systems import MAGIC_NUMBERS
from tuxscope.programs.syscall.arguments.files import AT_FLAGS, device_text, mode_text
from tuxscope.programs.syscall.arguments.flags import Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.structs import (
    Layout,
    Member,
    Pointed,
    hexadecimal_text,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# Where struct stat has st_mode, st_rdev and st_size (arch/*/include/uapi/asm/stat.h). s390x has
# x86-64's places; arm64 has the generic ones (include/uapi/asm-generic/stat.h).
STAT = {
    Abi.X86_64: struct.Struct("=24xI12xQq"),
    Abi.X32: struct.Struct("=24xI12xQq"),
    Abi.S390X: struct.Struct("=24xI12xQq"),
    Abi.ARM64: struct.Struct("=16xI12xQ8xq"),
    Abi.IA32: struct.Struct("=8xH6xII"),
    Abi.ARM: struct.Struct("=8xH6xII"),
    Abi.S390: struct.Struct("=8xH6xH2xI"),
}
# struct stat64 of the 32-bit ABIs, for stat64(2) and fstatat64(2)
STAT64 = {
    Abi.IA32: struct.Struct("=16xI12xQ4xq"),
    Abi.ARM: struct.Struct("=16xI12xQ8xq"),
    Abi.S390: struct.Struct("=16xI12xQ8xq"),
}
STAT_SIZE = 56  # up to st_size, which is the last member that is shown

# include/uapi/linux/stat.h
SYNC_MASK = 0x6000
SYNC_FLAGS = {
    0: "AT_STATX_SYNC_AS_STAT",
    0x2000: "AT_STATX_FORCE_SYNC",
    0x4000: "AT_STATX_DONT_SYNC",
}
STATX_MASK = {
    0xFFF: "STATX_ALL", 0x7FF: "STATX_BASIC_STATS", 0x1: "STATX_TYPE", 0x2: "STATX_MODE",
    0x4: "STATX_NLINK", 0x8: "STATX_UID", 0x10: "STATX_GID", 0x20: "STATX_ATIME",
    0x40: "STATX_MTIME", 0x80: "STATX_CTIME", 0x100: "STATX_INO", 0x200: "STATX_SIZE",
    0x400: "STATX_BLOCKS", 0x800: "STATX_BTIME", 0x1000: "STATX_MNT_ID",
    0x2000: "STATX_DIOALIGN",
}  # fmt: skip
STATX_ATTRIBUTES = {
    0x4: "STATX_ATTR_COMPRESSED", 0x10: "STATX_ATTR_IMMUTABLE", 0x20: "STATX_ATTR_APPEND",
    0x40: "STATX_ATTR_NODUMP", 0x800: "STATX_ATTR_ENCRYPTED", 0x1000: "STATX_ATTR_AUTOMOUNT",
    0x2000: "STATX_ATTR_MOUNT_ROOT", 0x100000: "STATX_ATTR_VERITY", 0x200000: "STATX_ATTR_DAX",
}  # fmt: skip
STATX = Layout(
    (
        Member("stx_mask", "I", lambda value: flag_text(value, STATX_MASK, "STATX_???")),
        Member("stx_blksize", "I"),
        Member(
            "stx_attributes",
            "Q",
            lambda value: flag_text(value, STATX_ATTRIBUTES, "STATX_ATTR_???"),
        ),
        Member("stx_nlink", "I"),
        Member("stx_uid", "I"),
        Member("stx_gid", "I"),
        Member("stx_mode", "H", mode_text),
        Member("stx_ino", "Q"),
        Member("stx_size", "Q"),
    )
)
STATX_SHOWN = ("stx_mask", "stx_attributes", "stx_mode", "stx_size")

# include/linux/statfs.h: ST_VALID says that the kernel sets the others, ST_NOSYMFOLLOW is newer
# than libc's.
FILE_SYSTEM_FLAGS = {0x20: "ST_VALID"} | named(
    os,
    "ST_RDONLY ST_NOSUID ST_NODEV ST_NOEXEC ST_SYNCHRONOUS ST_MANDLOCK ST_NOATIME "
    "ST_NODIRATIME ST_RELATIME ST_NOSYMFOLLOW",
    ST_NOSYMFOLLOW=0x2000,
)


def stat_text(data: bytes, call: Call) -> str | None:
    """Return the struct stat of ``call``, a Call, in ``data``, bytes, as text; None if ``data`` is
    too short."""
    forms = STAT64 if "64" in call.name and call.abi in STAT64 else STAT
    form = forms[call.abi]
    if len(data) < form.size:
        return None
    mode, device, size = form.unpack_from(data)
    has_device = stat.S_IFMT(mode) in (stat.S_IFCHR, stat.S_IFBLK)
    shown = f"st_rdev={device_text(device)}" if has_device else f"st_size={size}"
    return f"{{st_mode={mode_text(mode)}, {shown}, ...}}"


def statx_text(data: bytes, call: Call) -> str | None:
    """Return the struct statx of ``call``, a Call, in ``data``, bytes, as text; None if ``data`` is
    too short."""
    values = STATX.values(data, call.word)
    if values is None:
        return None
    members = [each for each in STATX.members if isinstance(each, Member)]
    parts = [
        f"{member.name}={member.show(value)}"
        for member, value in zip(members, values, strict=True)
        if member.name in STATX_SHOWN
    ]
    return "{" + ", ".join([*parts, "..."]) + "}"


class StatxFlags(Kind):
    """A Kind: the flags of statx(2): how it synchronises, and flags of paths."""

    def text(self, call: Call, index: int) -> str:
        flags = call.unsigned(index)
        sync, rest = flags & SYNC_MASK, flags & ~SYNC_MASK
        text = flag_text(sync, SYNC_FLAGS, "AT_???")
        if not rest:
            return text
        return f"{text}|" + flag_text(rest, AT_FLAGS, "").removesuffix(" /*  */")


def file_system(code: str, wide: str) -> Layout:
    """Return the Layout of struct statfs: its numbers have ``code``, those of blocks and files
    ``wide``, both str as in a Member; f_fsid is two numbers."""
    return Layout(
        (
            Member("f_type", code, magic_text),
            Member("f_bsize", code),
            *(
                Member(name, wide)
                for name in ("f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree")
            ),
            Member("f_fsid={val", "I", lambda value: f"[{hexadecimal_text(value)}"),
            Member("", "I", lambda value: f"{hexadecimal_text(value)}]}}"),
            Member("f_namelen", code),
            Member("f_frsize", code),
            Member("f_flags", code, lambda value: flag_text(value, FILE_SYSTEM_FLAGS, "ST_???")),
        )
    )


def magic_text(value: int) -> str:
    """Return the name of a file system by its magic number ``value``, an int; one that has none, as
    that number."""
    return MAGIC_NUMBERS.get(value) or hexadecimal_text(value)


STATFS = file_system("L", "L")
# s390x, and statfs64(2) of the 32-bit ABIs, have numbers of 32 and 64 bits.
STATFS_MIXED = file_system("I", "Q")


def statfs_text(data: bytes, call: Call) -> str | None:
    """Return the struct statfs of ``call``, a Call, in ``data``, bytes, as text; None if ``data``
    is too short."""
    mixed = call.abi is Abi.S390X or (call.word == 4 and "64" in call.name)
    text = (STATFS_MIXED if mixed else STATFS).text(data, call.word)
    return text.replace(", =", ", ") if text is not None else None


KINDS: dict[str, Callable[..., Kind]] = {
    "stat": lambda: Pointed(STAT_SIZE, stat_text, When.SUCCESS),
    "statx": lambda: Pointed(STATX.size(8), statx_text, When.SUCCESS),
    "statx_flags": StatxFlags,
    "statx_mask": lambda: Flags(STATX_MASK, "STATX_???"),
    "statfs": lambda: Pointed(STATFS.size(8), statfs_text, When.SUCCESS),
}
