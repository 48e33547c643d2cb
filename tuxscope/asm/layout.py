"""The offsets of tracepoint fields and of struct members, which differ between kernels.

A page asks a :class:`Layout` for them while it is assembled. The loader has the layout of the
running kernel. A page also has a recorded layout, so that it can be listed on any machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tuxscope.asm.attach import Tracepoint
from tuxscope.asm.errors import OperandError, ProgramError
from tuxscope.asm.registers import Memory, Register
from tuxscope.asm.source import author_line
from tuxscope.record.types import u8, u16, u32, u64

INTEGERS = {1: u8, 2: u16, 4: u32, 8: u64}


@dataclass(frozen=True, slots=True)
class Place:
    """A frozen dataclass: the place of a field in a context, or of a member in a struct.

    To read a bit field, load the integer, shift it right by ``bit_offset`` and mask ``bit_size``
    bits. That holds in both byte orders.

    Attributes:
        offset: in bytes, from the start of the context or struct, an int.
        size: an int, in bytes; of a bit field, the size of the smallest aligned integer that
            contains it; 0 if it is not known.
        bit_offset: an int, in bits; 0 for all but bit fields.
        bit_size: an int, in bits; 0 for all but bit fields.
        whole_size: an int, a property.
    """

    offset: int
    size: int
    bit_offset: int = 0
    bit_size: int = 0

    def at(self, base: Register) -> Memory:
        """Return the Memory at this place, if Register ``base`` points to the context or struct.

        Its type is u8, u16, u32 or u64. Raises OperandError for any other size, and for a bit
        field.
        """
        size = self.whole_size
        if size not in INTEGERS:
            raise OperandError(
                f"the {size} bytes at offset {self.offset} are not an integer of 1, 2, 4 or 8 "
                "bytes; copy them with helper.probe_read_kernel",
                author_line(),
            )
        return INTEGERS[size][base + self.offset]

    @property
    def whole_size(self) -> int:
        """The ``size``, in bytes, an int. Raises OperandError for a bit field."""
        if self.bit_size:
            whole = INTEGERS.get(self.size, f"{self.size} bytes")
            raise OperandError(
                f"this is a bit field ({self.bit_size} bits of the {whole} at offset "
                f"{self.offset}); load the {whole} into r0, then a.rsh(r0, {self.bit_offset}) and "
                f"a.and_(r0, {(1 << self.bit_size) - 1:#x})",
                author_line(),
            )
        return self.size


@dataclass(frozen=True, slots=True)
class PointerCast:
    """A frozen dataclass: how an address becomes a pointer to a struct, whose members ``ldx``
    loads: by a call of ``bpf_rdonly_cast(address, type)``. Unreadable members then load as 0, as
    with probe_read_kernel, which takes 20 times as long.

    Attributes:
        function: the BTF ID of bpf_rdonly_cast, an int (Linux 6.2).
        type: the BTF ID of the struct, an int.
    """

    function: int
    type: int


class Layout(Protocol):
    """A Protocol, the interface of a kernel's layout: tracepoint fields and struct members, by the
    methods has(), has_helper(), field(), member(), arguments(), constant() and cast().

    Attributes:
        has_structs: a bool, a property.
    """

    @property
    def has_structs(self) -> bool:
        """Whether the layout has struct members, a bool; a kernel without BTF has none."""

    def has(self, tracepoint: Tracepoint) -> bool:
        """Return whether the kernel has ``tracepoint``, a Tracepoint."""

    def has_helper(self, name: str) -> bool:
        """Return whether the layout says, a bool, that programs can call ``bpf_NAME``, the helper
        ``name`` without ``bpf_``; False if it says nothing."""

    def field(self, tracepoint: Tracepoint, name: str) -> Place:
        """Return the Place of field ``name``, a str, in the context of ``tracepoint``, a
        Tracepoint."""

    def member(self, struct: str, name: str) -> Place:
        """Return the Place of member ``name`` of ``struct``, both str, or of its anonymous structs.

        A path such as ``se.vruntime`` names a member of a member.
        """

    def arguments(self, tracepoint: str) -> tuple[str, ...] | None:
        """Return what the arguments of the raw ``tracepoint``, a name, point to: a tuple of names
        of structs, each empty for what is no such pointer. None if there is no such tracepoint."""

    def constant(self, name: str) -> int | None:
        """Return the value of the constant ``name`` of an enum, an int; None if there is none."""

    def cast(self, struct: str) -> PointerCast | None:
        """Return the PointerCast that makes an address a pointer to ``struct``, a name; None if the
        kernel offers no such cast."""


@dataclass(frozen=True)
class RecordedLayout:
    """A frozen dataclass, a Layout that was recorded on one kernel.

    Attributes:
        fields: for each tracepoint, named ``category/name``, a mapping of field name to Place.
        members: for each struct name, a mapping of member name or path to Place.
        raw: for each raw tracepoint, the structs that its arguments point to, a tuple of names.
        constants: a mapping of the name of an enum's constant to its value.
        has_structs: a bool, a property.
    """

    fields: Mapping[str, Mapping[str, Place]]
    members: Mapping[str, Mapping[str, Place]]
    raw: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_structs(self) -> bool:
        return bool(self.members)

    def has(self, tracepoint: Tracepoint) -> bool:
        return f"{tracepoint.category}/{tracepoint.name}" in self.fields

    def has_helper(self, name: str) -> bool:
        """Return False, whatever ``name`` is: listings use no helper that a kernel may lack, and
        can be stepped through."""
        return False

    def field(self, tracepoint: Tracepoint, name: str) -> Place:
        """Return the Place of field ``name``, a str, in the context of ``tracepoint``, a
        Tracepoint.

        Raises ProgramError if not recorded.
        """
        return self._recorded(self.fields, f"{tracepoint.category}/{tracepoint.name}", name)

    def member(self, struct: str, name: str) -> Place:
        """Return the Place of member ``name`` of ``struct``, both str.

        Raises ProgramError if not recorded.
        """
        return self._recorded(self.members, struct, name)

    def arguments(self, tracepoint: str) -> tuple[str, ...] | None:
        """Return the names of the structs that the arguments of raw ``tracepoint``, a name, point
        to, a tuple; None if not recorded."""
        return self.raw.get(tracepoint)

    def constant(self, name: str) -> int | None:
        """Return the constant ``name`` of an enum, an int; None if not recorded."""
        return self.constants.get(name)

    def cast(self, struct: str) -> PointerCast | None:
        """Return None, not a PointerCast, whatever ``struct`` is: BTF IDs differ from build to
        build."""
        return None

    def _recorded(self, places: Mapping[str, Mapping[str, Place]], whole: str, name: str) -> Place:
        place = places.get(whole, {}).get(name)
        if place is None:
            raise ProgramError(
                f"the recorded layout has no {name} of {whole}; add it to the layout", author_line()
            )
        return place
