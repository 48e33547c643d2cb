"""BTF read: strings, the names of types, and where each type is.

Format: Documentation/bpf/btf.rst in the kernel's tree.
"""

from __future__ import annotations

from tuxscope.errors import TuxscopeError
from tuxscope.loader.btf import MAGIC, Header, Type

WORD = 4  # bytes; all of a section of types is in words
TYPE_WORDS = Type.size // WORD
LAST_KIND = 19  # ENUM64, of Linux 6.0

# How many bytes follow ``struct btf_type``: so many, and so many for each member.
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
    """Bytes that are no BTF."""


class Btf:
    """Type information of a program, or of the kernel."""

    def __init__(self, data: bytes) -> None:
        """Raises BtfError."""
        if not data:
            raise BtfError("it is empty, and no BTF")
        if len(data) < Header.size:
            raise BtfError("BTF begins with a header, and this is too short for one")
        header = Header.unpack(data)
        if header.magic != MAGIC:
            raise BtfError(f"BTF begins with {MAGIC:#x}, not {header.magic:#x}")
        start = header.hdr_len
        types, strings = start + header.type_off, start + header.str_off
        end = max(types + header.type_len, strings + header.str_len)
        if end > len(data):
            raise BtfError(f"the BTF is cut off: it has {len(data)} of {end} bytes")
        section = data[types : types + header.type_len]
        whole = section[: len(section) // WORD * WORD]
        # As each struct btf_type is made of words; behind them void, which is type 0, and no more.
        self._words = memoryview(whole + bytes(Type.size)).cast("I")
        self._strings = data[strings : strings + header.str_len]
        self._starts = self._find_types()

    def string(self, offset: int) -> str:
        """The string at an offset; empty where there is none."""
        end = self._strings.find(0, offset)
        return self._strings[offset:end].decode("utf-8", "replace") if end > offset else ""

    def type_name(self, type_id: int) -> str:
        """The name of a type, functions among them; empty where it has none."""
        if not 0 < type_id < len(self._starts):
            return ""
        return self.string(self._words[self._starts[type_id]])

    def _find_types(self) -> list[int]:
        """The word with which each type begins, by its id."""
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
                raise BtfError(f"the BTF has a type of kind {kind}, which is not known")
            at += fixed[kind] + each[kind] * (info & 0xFFFF)
        if at > end:
            raise BtfError("the BTF ends within a type")
        return starts
