"""Offsets and sizes of members of kernel structs, from the BTF of the running kernel.

Format: Documentation/bpf/btf.rst in the kernel's tree; numbers are in the machine's byte order.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from functools import cached_property, lru_cache

from tuxscope.asm.layout import Place
from tuxscope.errors import strerror
from tuxscope.lean_dataclasses import dataclass, replace
from tuxscope.loader.btf_reader import TYPE_WORDS, Btf, BtfError

VMLINUX = "/sys/kernel/btf/vmlinux"
# BTF kinds (BTF_KIND_...): types with a size, aliases of other types, pointers and arrays.
INT, PTR, ARRAY, STRUCT, UNION, ENUM, FLOAT, ENUM64 = 1, 2, 3, 4, 5, 6, 16, 19
TYPEDEF, FUNC, FUNC_PROTO = 8, 12, 13
ENUMERATOR_WORDS = {ENUM: 2, ENUM64: 3}  # name and value
SIZED = {INT, STRUCT, UNION, ENUM, FLOAT, ENUM64}
ALIASES = {8, 9, 10, 11, 18}  # TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG
POINTER_SIZE = 8
BIT_FIELDS = 1 << 31  # kind_flag: a member's offset has a bit field's size above 24 bits
DEEPEST = 64  # nesting of types: more than C code has, so the BTF has a cycle


@dataclass(frozen=True, slots=True)
class Member:
    """A frozen dataclass: a member of a struct or union, as BTF describes it.

    Attributes:
        type_id: the BTF ID of its type, an int.
        bit_offset: an int, from the start of the outermost struct, in bits.
        bit_size: an int, the size of a bit field in bits; 0 for other members.
    """

    type_id: int
    bit_offset: int
    bit_size: int


class KernelStructs(Btf):
    """A Btf: the structs of the running kernel, read from the BTF ``file``, a path, a str, in about
    30 ms."""

    def __init__(self, file: str = VMLINUX) -> None:
        """Read the BTF ``file``, a path. Raises BtfError if it does not exist or is not valid
        BTF."""
        try:
            with open(file, "rb") as opened:
                data = opened.read()
        except OSError as error:
            raise BtfError(
                f"cannot read the kernel's BTF: {file}: {strerror(error)}; "
                "it needs a kernel built with CONFIG_DEBUG_INFO_BTF"
            ) from error
        try:
            super().__init__(data)
            self._structs = self._find_structs()
            self._numbers: dict[int, dict[int, int]] = {}  # by kind, and name
        except BtfError as error:
            raise BtfError(
                f"invalid BTF of the kernel: {file}: {error}; "
                f"check it with bpftool btf dump file {file}"
            ) from error

    def _find_structs(self) -> dict[int, int]:
        """Map each struct's name, as an offset into the strings, to the index of its first word."""
        words = self._words
        return {words[at]: at for at in self._starts[1:] if words[at + 1] >> 24 & 0x1F == STRUCT}

    def type_id(self, struct: str) -> int:
        """Return the BTF ID of ``struct``, a name, an int. Raises BtfError if there is no such
        struct."""
        at = self._find_struct(struct)
        if at is None:
            raise BtfError(f"this kernel has no struct {struct}")
        return bisect_left(self._starts, at, 1)

    def function_id(self, name: str) -> int | None:
        """Return the BTF ID of the function ``name``, a str: an int; None if there is none."""
        return self._number(name, FUNC)

    def arguments(self, tracepoint: str) -> tuple[str, ...] | None:
        """Return what the arguments of a raw ``tracepoint``, a name, point to: a tuple of the
        structs' names, empty for arguments that are no pointer to a struct. None if the kernel has
        no such tracepoint.

        It is the type ``btf_trace_NAME`` (include/trace/bpf_probe.h), a pointer to a function.
        """
        number = self._number(f"btf_trace_{tracepoint}", TYPEDEF)
        if number is None:
            return None
        words = self._words
        pointer = self._resolved(number)
        if self._kind(pointer) != PTR:
            return None
        function = self._resolved(words[pointer + 2])
        if self._kind(function) != FUNC_PROTO:
            return None
        first = function + TYPE_WORDS
        types = [words[first + 2 * each + 1] for each in range(words[function + 1] & 0xFFFF)]
        return tuple(map(self._pointed_to, types[1:]))  # the first is of the tracepoint itself

    def _pointed_to(self, type_id: int) -> str:
        """The name of the struct that a type is a pointer to; empty for any other type."""
        at = self._resolved(type_id)
        if self._kind(at) != PTR:
            return ""
        target = self._resolved(self._words[at + 2])
        return self.string(self._words[target]) if self._kind(target) == STRUCT else ""

    def constant(self, name: str) -> int | None:
        """Return the value of the constant ``name`` of an enum, an int that is not negative; None
        if the kernel has none of this name."""
        return self._constants.get(self._offset(name))

    @cached_property
    def _constants(self) -> dict[int, int]:
        """The values of all constants by their names, as offsets into the strings."""
        words = self._words
        found = {}
        for at in self._starts[1:]:
            if each := ENUMERATOR_WORDS.get(words[at + 1] >> 24 & 0x1F):
                first = at + TYPE_WORDS
                for one in range(first, first + each * (words[at + 1] & 0xFFFF), each):
                    high = words[one + 2] << 32 if each > 2 else 0
                    found[words[one]] = words[one + 1] | high
        return found

    def _number(self, name: str, kind: int) -> int | None:
        """The BTF ID of the type with a name, of a kind; None if there is none."""
        if kind not in self._numbers:
            words = self._words
            self._numbers[kind] = {
                words[at]: number
                for number, at in reversed([*enumerate(self._starts)])
                if words[at + 1] >> 24 & 0x1F == kind
            }
        return self._numbers[kind].get(self._offset(name)) if name else None

    def has_name(self, name: str) -> bool:
        """Return whether a type, a member or a constant has this ``name``, a str."""
        return b"\0%s\0" % name.encode() in self._strings

    def member(self, struct: str, name: str) -> Place:
        """Return the Place of member ``name`` of ``struct``, both str; ``name`` may be a path into
        members, as ``se.vruntime``.

        Raises BtfError if the kernel has no such struct or member, or the path passes a pointer.
        """
        at = self._find_struct(struct)
        bits = 0
        owner, (part, *rest) = struct, name.split(".")
        while at is not None and (found := self._search(at, part)):
            bits += found.bit_offset
            if not rest:
                return self._place(replace(found, bit_offset=bits))
            at = self._inside(found, f"{part} of struct {owner}", ".".join(rest))
            owner, (part, *rest) = f"{owner}.{part}", rest
        raise BtfError(f"this kernel has no {name} in struct {struct}")

    def _find_struct(self, name: str) -> int | None:
        """Where a struct begins; None where there is none of this name."""
        text = self._offset(name)
        return self._structs.get(text) if text else None

    def _offset(self, name: str) -> int:
        """Where a name is among the strings; 0 where it is not."""
        return self._strings.find(b"\0%s\0" % name.encode()) + 1

    def _inside(self, found: Member, what: str, rest: str) -> int:
        """Return the index of a member's struct or union. Raises BtfError for other types."""
        at = self._resolved(found.type_id)
        kind = self._kind(at)
        if kind in (STRUCT, UNION):
            return at
        if kind == PTR:
            target = self.string(self._words[self._resolved(self._words[at + 2])])
            raise BtfError(
                f"{what} is a pointer: load it, then use member {rest} of struct {target or '...'}"
            )
        raise BtfError(f"{what} is not a struct and has no member {rest}")

    def _search(self, at: int, name: str, depth: int = 0) -> Member | None:
        """Find a member by name, also in unnamed structs and unions; None if there is none."""
        words = self._words
        info = words[at + 1]
        first = at + TYPE_WORDS
        if depth > DEEPEST:
            raise BtfError("invalid BTF: a struct that contains itself")
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
        """Return the member; a bit field's size may be in its type, an INT of fewer bits."""
        at = self._resolved(type_id)
        if not size and self._kind(at) == INT:
            encoding = self._words[at + TYPE_WORDS]
            if encoding & 0xFF != 8 * self._words[at + 2]:
                bits, size = bits + (encoding >> 16 & 0xFF), encoding & 0xFF
        return Member(type_id, bits, size)

    def _place(self, member: Member) -> Place:
        """Return the aligned integer that a member is in; for a bit field, with shift and bits."""
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
        """Return the index of a type's first word; type 0 is void. Raises BtfError."""
        if not 0 <= type_id < len(self._starts):
            raise BtfError(f"invalid BTF: no type {type_id}")
        return self._starts[type_id]

    def _kind(self, at: int) -> int:
        return self._words[at + 1] >> 24 & 0x1F

    def _resolved(self, type_id: int) -> int:
        """Return the index of a type's first word, behind typedefs and qualifiers."""
        for _ in range(DEEPEST):
            at = self._start(type_id)
            if self._kind(at) not in ALIASES:
                return at
            type_id = self._words[at + 2]
        raise BtfError("invalid BTF: a cycle of typedefs")

    def _size(self, type_id: int, depth: int = 0) -> int:
        """Return the size of a type in bytes; 0 if it has none, as void and functions."""
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
    """Return the KernelStructs of the running kernel; they are read once, and cached. Raises
    BtfError."""
    return KernelStructs()
