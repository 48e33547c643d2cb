"""Offsets and sizes of members of kernel structs, from the BTF of the running kernel.

Format: Documentation/bpf/btf.rst in the kernel's tree; numbers are in the machine's byte order.
"""

from __future__ import annotations

import sys
from functools import lru_cache

from tuxscope.asm.layout import Place
from tuxscope.errors import strerror
from tuxscope.lean_dataclasses import dataclass, replace
from tuxscope.loader.btf_reader import TYPE_WORDS, Btf, BtfError

VMLINUX = "/sys/kernel/btf/vmlinux"
# Kinds: those with a size of their own, those that stand for another type, pointers and arrays.
INT, PTR, ARRAY, STRUCT, UNION, ENUM, FLOAT, ENUM64 = 1, 2, 3, 4, 5, 6, 16, 19
SIZED = {INT, STRUCT, UNION, ENUM, FLOAT, ENUM64}
ALIASES = {8, 9, 10, 11, 18}  # TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG
POINTER_SIZE = 8
BIT_FIELDS = 1 << 31  # kind_flag: a member's offset has a bit field's size above 24 bits
DEEPEST = 64  # types within types, far above what C code has: these have no end


@dataclass(frozen=True, slots=True)
class Member:
    """A member as BTF has it: its type, and its bits from the start of the whole.

    Attributes:
        bit_size: of a bit field; else 0.
    """

    type_id: int
    bit_offset: int
    bit_size: int


class KernelStructs(Btf):
    """All structs of the running kernel; some 30 ms to read."""

    def __init__(self, file: str = VMLINUX) -> None:
        """Raises BtfError where the kernel has no BTF, or where that is none."""
        try:
            with open(file, "rb") as opened:
                data = opened.read()
        except OSError as error:
            raise BtfError(
                f"the kernel tells nothing of its structs: {file}: {strerror(error)} (one that is "
                "built with CONFIG_DEBUG_INFO_BTF does)"
            ) from error
        try:
            super().__init__(data)
            self._structs = self._find_structs()
        except BtfError as error:
            raise BtfError(f"the kernel tells nothing of its structs: {file}: {error}") from error

    def _find_structs(self) -> dict[int, int]:
        """Where each struct begins, by where its name is."""
        words = self._words
        return {words[at]: at for at in self._starts[1:] if words[at + 1] >> 24 & 0x1F == STRUCT}

    def member(self, struct: str, name: str) -> Place:
        """Where a member is; a path such as ``se.vruntime`` leads into structs that are members.

        Raises BtfError where there is none.
        """
        text = self._strings.find(b"\0%s\0" % struct.encode()) + 1
        at = self._structs.get(text) if text else None
        bits = 0
        owner, (part, *rest) = struct, name.split(".")
        while at is not None and (found := self._search(at, part)):
            bits += found.bit_offset
            if not rest:
                return self._place(replace(found, bit_offset=bits))
            at = self._inside(found, f"{part} of struct {owner}", ".".join(rest))
            owner, (part, *rest) = f"{owner}.{part}", rest
        raise BtfError(f"this kernel has no {name} in struct {struct}")

    def _inside(self, found: Member, what: str, rest: str) -> int:
        """Where the struct begins that a member is. Raises BtfError where it is none."""
        at = self._resolved(found.type_id)
        kind = self._kind(at)
        if kind in (STRUCT, UNION):
            return at
        if kind == PTR:
            target = self.string(self._words[self._resolved(self._words[at + 2])])
            raise BtfError(
                f"{what} is a pointer: read it, and ask for {rest} of struct {target or '...'}"
            )
        raise BtfError(f"{what} is no struct, and has no {rest}")

    def _search(self, at: int, name: str, depth: int = 0) -> Member | None:
        """A member by its name; those of unnamed structs and unions are the outer one's."""
        words = self._words
        info = words[at + 1]
        first = at + TYPE_WORDS
        if depth > DEEPEST:
            raise BtfError("BTF has a struct that is a part of itself")
        for member in range(first, first + 3 * (info & 0xFFFF), 3):
            text, type_id, bits = words[member : member + 3]
            size = 0
            if info & BIT_FIELDS:
                bits, size = bits & 0xFFFFFF, bits >> 24
            if text:
                if self.string(text) == name:
                    return self._member(type_id, bits, size)
                continue
            inner = self._start(type_id)
            if self._kind(inner) in (STRUCT, UNION) and (
                found := self._search(inner, name, depth + 1)
            ):
                return replace(found, bit_offset=bits + found.bit_offset)
        return None

    def _member(self, type_id: int, bits: int, size: int) -> Member:
        """A bit field's size may also be that of its type: an INT of fewer bits than its bytes."""
        at = self._resolved(type_id)
        if not size and self._kind(at) == INT:
            encoding = self._words[at + TYPE_WORDS]
            if encoding & 0xFF != 8 * self._words[at + 2]:
                bits, size = bits + (encoding >> 16 & 0xFF), encoding & 0xFF
        return Member(type_id, bits, size)

    def _place(self, member: Member) -> Place:
        first = member.bit_offset
        if not member.bit_size:
            return Place(first // 8, self._size(member.type_id))
        end = first + member.bit_size
        for bits in (8, 16, 32, 64):
            start = first // bits * bits
            if end <= start + bits:
                break
        else:  # packed: in no aligned integer
            start, bits = first // 8 * 8, -(-(end - first // 8 * 8) // 8) * 8
        # Bits are counted from the lowest on little-endian machines, on others from the highest.
        shift = first - start if sys.byteorder == "little" else start + bits - end
        return Place(start // 8, bits // 8, shift, member.bit_size)

    def _start(self, type_id: int) -> int:
        """Where a type begins; the name of type 0, which is void, is empty."""
        if not 0 <= type_id < len(self._starts):
            raise BtfError(f"BTF has no type {type_id}")
        return self._starts[type_id]

    def _kind(self, at: int) -> int:
        return self._words[at + 1] >> 24 & 0x1F

    def _resolved(self, type_id: int) -> int:
        """Where the type begins that typedefs, const and the like stand for."""
        for _ in range(DEEPEST):
            at = self._start(type_id)
            if self._kind(at) not in ALIASES:
                return at
            type_id = self._words[at + 2]
        raise BtfError("BTF has a type that stands for itself")

    def _size(self, type_id: int, depth: int = 0) -> int:
        """Of a type, in bytes; 0 where it has none."""
        at = self._resolved(type_id)
        kind = self._kind(at)
        if kind == PTR:
            return POINTER_SIZE
        if kind == ARRAY and depth < DEEPEST:
            element, _, length = self._words[at + TYPE_WORDS : at + TYPE_WORDS + 3]
            return length * self._size(element, depth + 1)
        return self._words[at + 2] if kind in SIZED else 0


@lru_cache(1)
def kernel_structs() -> KernelStructs:
    """The running kernel's, read once. Raises BtfError."""
    return KernelStructs()
