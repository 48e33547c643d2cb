"""Reads BTF: strings, names and positions of types.

Format: Documentation/bpf/btf.rst in the kernel's tree.
"""

from __future__ import annotations

from tuxscope.errors import TuxscopeError
from tuxscope.loader.btf import MAGIC, Header, Type

WORD = 4  # bytes; the type section consists of words
TYPE_WORDS = Type.size // WORD
LAST_KIND = 19  # ENUM64, of Linux 6.0

# Kind: (bytes after ``struct btf_type``, bytes per member).
FOLLOWING = {
    1: (4, 0),  # INT
    3: (12, 0),  # ARRAY
    4: (0, 12),  # STRUCT
    5: (0, 12),  # UNION
    6: (0, 8),  # ENUM
    13: (0, 8),  # FUNC_PROTO
    14: (4, 0),  # VAR
    15: (0, 12),  # DATASEC
    17: (4, 0),  # DECL_TAG
    19: (0, 12),  # ENUM64
}


class BtfError(TuxscopeError):
    """An error, a TuxscopeError: invalid BTF, or a type or member that it does not have."""


class Btf:
    """The BTF of a program or of the kernel, parsed from ``data``, bytes."""

    def __init__(self, data: bytes) -> None:
        """Parse ``data``, the bytes of the BTF. Raises BtfError."""
        if not data:
            raise BtfError("the BTF is empty")
        if len(data) < Header.size:
            raise BtfError("the BTF is truncated: it is shorter than its header")
        header = Header.unpack(data)
        if header.magic != MAGIC:
            raise BtfError(f"not BTF: the magic number is {header.magic:#x}, not {MAGIC:#x}")
        start = header.hdr_len
        types, strings = start + header.type_off, start + header.str_off
        end = max(types + header.type_len, strings + header.str_len)
        if end > len(data):
            raise BtfError(f"the BTF is truncated: it has {len(data)} of {end} bytes")
        section = data[types : types + header.type_len]
        whole = section[: len(section) // WORD * WORD]
        # The section as words, followed by void, which is type 0.
        self._words = memoryview(whole + bytes(Type.size)).cast("I")
        self._strings = data[strings : strings + header.str_len]
        self._starts = self._find_types()

    def string(self, offset: int) -> str:
        """Return the string at ``offset``, in bytes, an int, in the string section, a str; empty
        for an invalid offset."""
        end = self._strings.find(0, offset)
        return self._strings[offset:end].decode("utf-8", "replace") if end > offset else ""

    def type_name(self, type_id: int) -> str:
        """Return the name of the type or function with ``type_id``, an int, as a str; empty if it
        has none."""
        if not 0 < type_id < len(self._starts):
            return ""
        return self.string(self._words[self._starts[type_id]])

    def _find_types(self) -> list[int]:
        """The index of the first word of each type, by type ID."""
        words = self._words
        fixed = [TYPE_WORDS + FOLLOWING.get(kind, (0, 0))[0] // WORD for kind in range(32)]
        each = [FOLLOWING.get(kind, (0, 0))[1] // WORD for kind in range(32)]
        at, end = 0, len(words) - TYPE_WORDS
        starts = [end]
        while at < end:
            starts.append(at)
            info = words[at + 1]
            kind = info >> 24 & 0x1F
            if not 0 < kind <= LAST_KIND:
                raise BtfError(f"the BTF has a type of unknown kind {kind}")
            at += fixed[kind] + each[kind] * (info & 0xFFFF)
        if at > end:
            raise BtfError("the BTF ends within a type")
        return starts
