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
    """Where each field of a record is; what RecordType's properties answer from."""

    fields: Mapping[str, Field]
    size: int
    alignment: int
    padding: tuple[Hole, ...]

    @cached_property
    def format(self) -> str:
        """Format characters for :mod:`struct`, padding included, byte order not."""
        pieces = {field.offset: field.type.format for field in self.fields.values()}
        pieces |= {hole.offset: f"{hole.size}x" for hole in self.padding}
        return "".join(pieces[offset] for offset in sorted(pieces))

    @cached_property
    def raw(self) -> struct.Struct:
        return struct.Struct("=" + self.format)

    @cached_property
    def slices(self) -> tuple[tuple[Callable[[Sequence[Any]], Any], slice], ...]:
        return tuple(
            (field.type.decode, slice(field.slot, field.slot + field.type.width))
            for field in self.fields.values()
        )

    @cached_property
    def construct(self) -> Construct[Any, Any]:
        import construct

        pieces = {
            field.offset: construct.Renamed(field.type.construct(), field.name)
            for field in self.fields.values()
        }
        pieces |= {hole.offset: construct.Padding(hole.size) for hole in self.padding}
        return construct.Struct(*(pieces[offset] for offset in sorted(pieces)))


def lay_out(record: str, declared: Mapping[str, FieldType[Any]]) -> StructLayout:
    """Place the fields one after the other, each at a multiple of its alignment, as C does."""
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
