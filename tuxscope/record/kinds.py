"""The records of one stream: which of them some bytes are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.record.record import Record, RecordType
from tuxscope.record.types import Buffer, Field, RecordError
from tuxscope.record.variable import Constant

if TYPE_CHECKING:
    from construct import Construct


class RecordKinds:
    """The record types that come through one map.

    If there are several, each begins with an integer of the same type that says which it is. Raises
    RecordError if ``records``, a sequence of RecordType, cannot be distinguished.

    Attributes:
        records: a tuple of the RecordTypes, as they were given.
        kind: the Field with that integer, of the first record; None if there is only one.
        by_kind: a mapping of the integer to its RecordType.
        construct: a Construct, a property.
    """

    def __init__(self, records: Sequence[RecordType]) -> None:
        """Raises RecordError if ``records``, a sequence of RecordType, cannot be distinguished."""
        self.records = tuple(records)
        self.kind: Field | None = None
        self.by_kind: Mapping[int, RecordType] = {}
        if len(self.records) < 2:
            return
        self.kind = first_field(self.records[0])
        by_kind: dict[int, RecordType] = {}
        for record in self.records:
            field = first_field(record)
            if not isinstance(field.type, Constant):
                raise RecordError(
                    f"{record.__name__} is one of several records, so its first field says which: "
                    "kind = const(u32, 1)"
                )
            if field.type.name != self.kind.type.name:
                raise RecordError(
                    f"{record.__name__} begins with a {field.type.name}, and "
                    f"{self.records[0].__name__} with a {self.kind.type.name}: the field that says "
                    "which record it is has one type"
                )
            other = by_kind.setdefault(field.type.value, record)
            if other is not record:
                raise RecordError(
                    f"{other.__name__} and {record.__name__} both begin with {field.type.value}: "
                    "each record has a number of its own"
                )
        self.by_kind = by_kind

    def of(self, data: Buffer) -> RecordType:
        """Return the RecordType of the record in ``data``, a bytes-like object. Raises RecordError
        if it is of none of them."""
        if self.kind is None:
            return self.records[0]
        size = self.kind.size
        if len(data) < size:
            raise RecordError(f"a record of {len(data)} bytes, and its kind has {size}")
        return self.numbered(self.kind.type.unpack(data[:size]))

    def numbered(self, number: int) -> RecordType:
        """Return the RecordType whose integer is ``number``, an int. Raises RecordError if there is
        no such record."""
        found = self.by_kind.get(number)
        if found is None:
            known = ", ".join(f"{kind} ({each.__name__})" for kind, each in self.by_kind.items())
            raise RecordError(f"a record of kind {number}; there are {known}")
        return found

    def unpack(self, data: Buffer) -> Record:
        """Return the Record that ``data``, a bytes-like object, holds. Raises RecordError."""
        record: Record = self.of(data).unpack(data)
        return record

    @cached_property
    def construct(self) -> Construct[Any, Any]:
        """All record types as one Construct of the construct library, which also parses and builds.
        Cached."""
        import construct

        if self.kind is None:
            return self.records[0].construct
        return construct.FocusedSeq(
            "record",
            "kind" / construct.Peek(self.kind.type.construct()),
            "record"
            / construct.Switch(
                lambda context: context.kind,
                {number: record.construct for number, record in self.by_kind.items()},
                construct.Error,
            ),
        )


def first_field(record: RecordType) -> Field:
    """Return the first Field of ``record``, a RecordType."""
    return next(iter(record.fields.values()))
