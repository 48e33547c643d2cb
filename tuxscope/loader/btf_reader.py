"""BTF read: strings, and the names of types, as far as a listing needs them.

Format: Documentation/bpf/btf.rst in the kernel's tree.
"""

from __future__ import annotations

from tuxscope.errors import TuxscopeError
from tuxscope.loader.btf import MAGIC, Header, Type

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
    """Type information of one program."""

    def __init__(self, data: bytes) -> None:
        """Raises BtfError."""
        if len(data) < Header.size:
            raise BtfError("BTF begins with a header, and this is too short for one")
        header = Header.unpack(data)
        if header.magic != MAGIC:
            raise BtfError(f"BTF begins with {MAGIC:#x}, not {header.magic:#x}")
        start = header.hdr_len
        self._types = data[start + header.type_off :][: header.type_len]
        self._strings = data[start + header.str_off :][: header.str_len]
        self._names: list[int] | None = None

    def string(self, offset: int) -> str:
        """The string at an offset; empty where there is none."""
        end = self._strings.find(0, offset)
        return self._strings[offset:end].decode("utf-8", "replace") if end > offset else ""

    def type_name(self, type_id: int) -> str:
        """The name of a type, functions among them; empty where it has none."""
        if self._names is None:
            self._names = [0, *self._walk()]
        return self.string(self._names[type_id]) if type_id < len(self._names) else ""

    def _walk(self) -> list[int]:
        """Where the name of each type is, from the first on."""
        names = []
        at = 0
        while at + Type.size <= len(self._types):
            kind = Type.unpack(self._types, at)
            fixed, each = FOLLOWING.get(kind.info >> 24 & 0x1F, (0, 0))
            names.append(kind.name_off)
            at += Type.size + fixed + each * (kind.info & 0xFFFF)
        return names
