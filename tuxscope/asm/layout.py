"""Where a kernel keeps what programs read: a tracepoint's fields, a struct's members.

Both differ from kernel to kernel. A page that reads them asks a :class:`Layout` while it is
assembled; the loader has the running kernel's, and a page brings along a recorded one, so that it
can be listed anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tuxscope.asm.attach import Tracepoint
from tuxscope.asm.errors import OperandError, ProgramError
from tuxscope.asm.registers import Memory, Register
from tuxscope.asm.source import author_line
from tuxscope.record.types import u8, u16, u32, u64

INTEGERS = {1: u8, 2: u16, 4: u32, 8: u64}


@dataclass(frozen=True, slots=True)
class Place:
    """Some bytes of something, or some bits of these bytes.

    A bit field is in an integer: a shift to the right by ``bit_offset`` makes its lowest bit the
    integer's, and ``bit_size`` bits are the field. That is so in both byte orders.

    Attributes:
        offset: of the bytes, from the start of the whole.
        size: how many bytes; of a bit field, those of the smallest aligned integer that holds it;
            0 where that is not known.
        bit_offset: in bits; 0 for all but bit fields.
        bit_size: in bits; 0 for all but bit fields.
    """

    offset: int
    size: int
    bit_offset: int = 0
    bit_size: int = 0

    def at(self, base: Register) -> Memory:
        """As memory to load from, where ``base`` points to the whole; 1, 2, 4 or 8 bytes.

        Raises OperandError for any other size, and for a bit field.
        """
        size = self.whole_size
        if size not in INTEGERS:
            raise OperandError(
                f"the {size} bytes at offset {self.offset} are no integer: probe_read_kernel "
                "copies them",
                author_line(),
            )
        return INTEGERS[size][base + self.offset]

    @property
    def whole_size(self) -> int:
        """``size``, in bytes. Raises OperandError for a bit field: it is a part of them."""
        if self.bit_size:
            whole = INTEGERS.get(self.size, f"{self.size} bytes")
            raise OperandError(
                f"this is a bit field ({self.bit_size} bits of the {whole} at offset "
                f"{self.offset}): load that into r0, then a.rsh(r0, {self.bit_offset}) and "
                f"a.and_(r0, {(1 << self.bit_size) - 1:#x})",
                author_line(),
            )
        return self.size


class Layout(Protocol):
    """What a kernel says of itself."""

    @property
    def has_structs(self) -> bool:
        """Whether it says anything of its structs."""

    def has(self, tracepoint: Tracepoint) -> bool:
        """Whether there is such a tracepoint."""

    def field(self, tracepoint: Tracepoint, name: str) -> Place:
        """A field of a tracepoint's context."""

    def member(self, struct: str, name: str) -> Place:
        """A member of a struct, also of one without a name inside of it. A path leads into
        structs that are members: ``se.vruntime``."""


@dataclass(frozen=True)
class RecordedLayout:
    """Some kernel's, as data.

    Attributes:
        fields: by tracepoint, as ``category/name``, and field.
        members: by struct and member, or path.
    """

    fields: Mapping[str, Mapping[str, Place]]
    members: Mapping[str, Mapping[str, Place]]

    @property
    def has_structs(self) -> bool:
        return bool(self.members)

    def has(self, tracepoint: Tracepoint) -> bool:
        return f"{tracepoint.category}/{tracepoint.name}" in self.fields

    def field(self, tracepoint: Tracepoint, name: str) -> Place:
        """Raises ProgramError for what is not recorded."""
        return self._recorded(self.fields, f"{tracepoint.category}/{tracepoint.name}", name)

    def member(self, struct: str, name: str) -> Place:
        """Raises ProgramError for what is not recorded."""
        return self._recorded(self.members, struct, name)

    def _recorded(self, places: Mapping[str, Mapping[str, Place]], whole: str, name: str) -> Place:
        place = places.get(whole, {}).get(name)
        if place is None:
            raise ProgramError(
                f"the recorded layout has no {name} of {whole}: add it there", author_line()
            )
        return place
