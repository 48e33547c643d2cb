"""Where the fields of a C struct are, and how :mod:`struct` and construct unpack them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.record.declared import RecordError
from tuxscope.record.types import LARGEST_SIZE, Field, FieldType, Hole, Integer

if TYPE_CHECKING:
    from construct import Construct


@dataclass(frozen=True)
class StructLayout:
    """A frozen dataclass: where each field of a record is; sizes are in bytes.

    Attributes:
        record: the record's name, a str.
        fields: a mapping of name to Field, in the order of declaration.
        size: the record's size, an int, with padding.
        alignment: an int, a power of two.
        padding: a tuple of Hole, by ascending offset.
        format: a str, a property.
        raw, head: each a Struct, properties.
        slices: a tuple of pairs (callables that takes a sequence of any object and returns any
            object, slice), a property.
        construct: a Construct, a property.
        tail: a Field or None, a property.
        least: an int, a property.
    """

    record: str
    fields: Mapping[str, Field]
    size: int
    alignment: int
    padding: tuple[Hole, ...]

    @cached_property
    def format(self) -> str:
        """The format characters for :mod:`struct`, a str: with padding, without byte order."""
        formats = {field.offset: field.type.format for field in self.fields.values()}
        formats |= {hole.offset: f"{hole.size}x" for hole in self.padding}
        return "".join(formats[offset] for offset in sorted(formats))

    @cached_property
    def raw(self) -> struct.Struct:
        """The compiled format, a struct.Struct in the machine's byte order."""
        return struct.Struct("=" + self.format)

    @cached_property
    def slices(self) -> tuple[tuple[Callable[[Sequence[Any]], Any], slice], ...]:
        """A tuple of pairs, one per field: its type's decode, a callable, and its slice of the
        values of ``raw``."""
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
        end = self.tail.offset if self.tail else self.size
        holes = [hole for hole in self.padding if hole.offset < end]
        members |= {hole.offset: construct.Padding(hole.size) for hole in holes}
        return construct.Struct(*(members[offset] for offset in sorted(members)))

    # Of a record with a tail (:mod:`tuxscope.record.variable`).

    @cached_property
    def tail(self) -> Field | None:
        """The last Field, if its length varies, else None."""
        last = [*self.fields.values()][-1:]
        return last[0] if last and last[0].type.counted_by else None

    @cached_property
    def least(self) -> int:
        """The size in bytes of a record with an empty tail, an int."""
        return self.tail.offset if self.tail else self.size

    @cached_property
    def head(self) -> struct.Struct:
        """The struct.Struct that unpacks all fields but the tail."""
        assert self.tail
        before = self.format.removesuffix(f"{self.size - self.tail.offset - self.tail.size}x")
        return struct.Struct("=" + before.removesuffix(self.tail.type.format))

    def length(self, flat: Sequence[Any]) -> int:
        """Return the length of the tail in bytes, an int; ``flat`` is a sequence of the values
        before it, as ``head`` unpacks them. Raises RecordError if that is more than the tail can
        have."""
        assert self.tail
        by = self.tail.type.counted_by
        length: int = flat[self.fields[by].slot]
        if length > self.tail.size:
            raise RecordError(
                f"{self.record}.{by} is {length}, and {self.tail.name} has {self.tail.size} bytes"
            )
        return length

    def cut(self, flat: Sequence[Any]) -> tuple[Any, ...]:
        """Return ``flat``, a sequence of the values as ``raw`` unpacks them, as a tuple with the
        tail cut to its length. Raises RecordError."""
        assert self.tail
        length = self.length(flat)
        return (*flat[: self.tail.slot], flat[self.tail.slot][:length].ljust(length, b"\0"))

    def unpack(self, data: memoryview) -> tuple[Any, ...]:
        """Return the values, a tuple, of the record at the start of ``data``, a memoryview of
        ``least`` bytes or more.

        Raises RecordError if the tail is not complete.
        """
        head = self.head.unpack_from(data)
        end = self.least + self.length(head)
        if len(data) < end:
            raise RecordError(f"{self.record} has {end} bytes, the buffer has {len(data)}")
        return (*head, bytes(data[self.least : end]))

    def with_length(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return ``values``, a mapping of name to value of a new record's fields, as a dict that
        has the length of its tail, too.

        Raises RecordError for a tail longer than the length in ``values``.
        """
        assert self.tail
        name, by = self.tail.name, self.tail.type.counted_by
        length = len(self.tail.type.encode(values[name])[0]) if name in values else 0
        given = values.get(by, length)
        if isinstance(given, int) and length > given:
            raise RecordError(f"{self.record}.{name} has {length} bytes, and {by} is {given}")
        return {**values, by: given}


def check_tail(record: str, declared: Mapping[str, FieldType[Any]]) -> None:
    """Raise RecordError unless a tail in ``declared``, a mapping of field name to FieldType, is the
    last field and has a length; ``record`` is the record's name."""
    names = list(declared)
    for at, (name, each) in enumerate(declared.items()):
        if not each.counted_by:
            continue
        if at != len(names) - 1:
            raise RecordError(f"{record}.{name} is a tail, so no field comes after it")
        counter = declared.get(each.counted_by)
        if type(counter) is not Integer or counter.signed:
            raise RecordError(
                f"{record}.{name} has as many bytes as {each.counted_by} says: declare "
                f"{each.counted_by} = u32 before it"
            )


def lay_out(record: str, declared: Mapping[str, FieldType[Any]]) -> StructLayout:
    """Return the StructLayout of ``record``, a name, with the fields ``declared``, a mapping of
    name to FieldType.

    It is that of C: in order, each field at a multiple of its alignment. Raises RecordError for a
    record that is larger than LARGEST_SIZE.
    """
    check_tail(record, declared)
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
    return StructLayout(record, MappingProxyType(fields), size, alignment, tuple(padding))
