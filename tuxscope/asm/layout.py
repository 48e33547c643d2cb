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
from tuxscope.asm.registers import Memory, Register
from tuxscope.field_types import u8, u16, u32, u64

INTEGERS = {1: u8, 2: u16, 4: u32, 8: u64}


@dataclass(frozen=True, slots=True)
class Place:
    """Some bytes of something: ``offset`` from its start, and how many, ``size``."""

    offset: int
    size: int

    def at(self, base: Register) -> Memory:
        """As memory to load from, where ``base`` points to the whole; 1, 2, 4 or 8 bytes."""
        return INTEGERS[self.size][base + self.offset]


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
        """A member of a struct, also of one without a name inside of it."""


@dataclass(frozen=True)
class RecordedLayout:
    """Some kernel's, as data.

    Attributes:
        fields: by tracepoint, as ``category/name``, and field.
        members: by struct and member.
    """

    fields: Mapping[str, Mapping[str, Place]]
    members: Mapping[str, Mapping[str, Place]]

    @property
    def has_structs(self) -> bool:
        return bool(self.members)

    def has(self, tracepoint: Tracepoint) -> bool:
        return f"{tracepoint.category}/{tracepoint.name}" in self.fields

    def field(self, tracepoint: Tracepoint, name: str) -> Place:
        return self.fields[f"{tracepoint.category}/{tracepoint.name}"][name]

    def member(self, struct: str, name: str) -> Place:
        return self.members[struct][name]
