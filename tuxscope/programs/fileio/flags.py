"""Flags of operations as text."""

from __future__ import annotations

import os
from collections.abc import Mapping

NO_FLAGS = -1  # they are not known
# O_LARGEFILE of the kernel, which is 0 to a library of 64 bits: arm's numbers differ, as there the
# other one is O_NOFOLLOW.
LARGE_FILE = 0o400000 if os.O_NOFOLLOW == 0o100000 else 0o100000
ACCESS = {0: "O_RDONLY", 1: "O_WRONLY", 2: "O_RDWR", 3: "O_ACCMODE"}
# Those that have bits of others come first.
OPEN_FLAGS = (
    "O_TMPFILE", "O_SYNC", "O_DSYNC", "O_CREAT", "O_EXCL", "O_NOCTTY", "O_TRUNC", "O_APPEND",
    "O_NONBLOCK", "O_ASYNC", "O_DIRECT", "O_DIRECTORY", "O_NOFOLLOW", "O_NOATIME", "O_CLOEXEC",
    "O_PATH",
)  # fmt: skip
PROTECTION = {1: "PROT_READ", 2: "PROT_WRITE", 4: "PROT_EXEC"}
RENAME = {1: "RENAME_NOREPLACE", 2: "RENAME_EXCHANGE", 4: "RENAME_WHITEOUT"}
# include/uapi/linux/falloc.h
FALLOCATE = {
    0x01: "FALLOC_FL_KEEP_SIZE", 0x02: "FALLOC_FL_PUNCH_HOLE", 0x04: "FALLOC_FL_NO_HIDE_STALE",
    0x08: "FALLOC_FL_COLLAPSE_RANGE", 0x10: "FALLOC_FL_ZERO_RANGE",
    0x20: "FALLOC_FL_INSERT_RANGE", 0x40: "FALLOC_FL_UNSHARE_RANGE",
}  # fmt: skip


def flags_text(op: str, value: int) -> str:
    """Return the flags ``value``, an int, of the operation ``op``, a str, as text: empty if there
    are none, or if that operation has none that are shown."""
    if value == NO_FLAGS:
        return ""
    match op:
        case "open":
            return open_flags(value)
        case "mmap":
            return named(value, PROTECTION) or "PROT_NONE"
        case "rename":
            return named(value, RENAME)
        case "fallocate":
            return named(value, FALLOCATE)
    return ""


def open_flags(value: int) -> str:
    """Return ``value``, the flags of open(2), an int, as text."""
    parts, left = [ACCESS[value & 3]], value & ~3 & ~os.O_LARGEFILE & ~LARGE_FILE
    for name in OPEN_FLAGS:
        bits = getattr(os, name, 0)
        if bits and left & bits == bits:
            parts.append(name)
            left &= ~bits
    return "|".join([*parts, f"{left:#x}"] if left else parts)


def named(value: int, names: Mapping[int, str]) -> str:
    """Return the bits of ``value``, an int, by their ``names``, and the rest as a number: a str,
    which is empty for 0."""
    parts = [name for bit, name in names.items() if value & bit]
    left = value & ~sum(names)
    return "|".join([*parts, f"{left:#x}"] if left else parts)
