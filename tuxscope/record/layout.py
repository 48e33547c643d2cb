"""Where the fields of a C struct are, and how :mod:`struct` and construct unpack them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.record.declared import RecordError
from tuxscope.record.types import LARGEST_SIZE, Field, FieldType, Hole

if TYPE_CHECKING:
    from construct import Construct


@dataclass(frozen=True)
class StructLayout:
    """Where each field of a record is; sizes are in bytes.

    Attributes:
        fields: the fields by name, in the order of declaration.
        size: with padding.
        alignment: a power of two.
        padding: a tuple of Holes, by ascending offset.
    """

    fields: Mapping[str, Field]
    size: int
    alignment: int
    padding: tuple[Hole, ...]

    @cached_property
    def format(self) -> str:
        """Format characters for :mod:`struct`: with padding, without byte order."""
        formats = {field.offset: field.type.format for field in self.fields.values()}
        formats |= {hole.offset: f"{hole.size}x" for hole in self.padding}
        return "".join(formats[offset] for offset in sorted(formats))

    @cached_property
    def raw(self) -> struct.Struct:
        """The compiled format, a struct.Struct in the machine's byte order."""
        return struct.Struct("=" + self.format)

    @cached_property
    def slices(self) -> tuple[tuple[Callable[[Sequence[Any]], Any], slice], ...]:
        """Pairs, one per field: its type's decode, and its slice of the values of ``raw``."""
        return tuple(
            (field.type.decode, slice(field.slot, field.slot + field.type.width))
            for field in self.fields.values()
        )

    @cached_property
    def construct(self) -> Construct[Any, Any]:
        """The same layout as a ``construct.Struct``."""
        import construct

        members = {
            field.offset: construct.Renamed(field.type.construct(), field.name)
            for field in self.fields.values()
        }
        members |= {hole.offset: construct.Padding(hole.size) for hole in self.padding}
        return construct.Struct(*(members[offset] for offset in sorted(members)))


def lay_out(record: str, declared: Mapping[str, FieldType[Any]]) -> StructLayout:
    """Return the StructLayout of ``record``, a name, with the fields ``declared``, types by name.

    It is that of C: in order, each field at a multiple of its alignment. Raises RecordError for a
    record that is larger than LARGEST_SIZE.
    """
    fields: dict[str, Field] = {}
    padding: list[Hole] = []
    end, slot, alignment = 0, 0, 1
    for position, (name, field_type) in enumerate(declared.items()):
        offset = -(-end // field_type.alignment) * field_type.alignment
        if offset > end:
            padding.append(Hole(end, offset - end))
        fields[name] = Field(name, field_type, offset, slot, position)
        alignment = max(alignment, field_type.alignment)
        slot += field_type.width
        end = offset + field_type.size
    size = -(-end // alignment) * alignment
    if size > end:
        padding.append(Hole(end, size - end))
    if size > LARGEST_SIZE:
        raise RecordError(f"{record} is {size} bytes long; a record has at most {LARGEST_SIZE}")
    return StructLayout(MappingProxyType(fields), size, alignment, tuple(padding))
