"""Records of several kinds and of variable length, as a ring buffer carries them.

>>> class Opened(Record):
...     kind = const(u32, 1)
...     length = u32
...     path = tail(char[256], "length")
>>> bytes(Opened(path="/tmp")).hex(" ", 4)
'01000000 04000000 2f746d70'

A program lays such a record out with all the room that its tail may need, ``Opened.size`` bytes,
and sends the first of them, up to the end of the tail: ``Opened.path.offset`` and its length.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tuxscope.errors import shown
from tuxscope.lean_typing import TYPE_CHECKING, Any, cast
from tuxscope.record.record import Record, RecordType
from tuxscope.record.types import (
    Buffer,
    FieldType,
    FixedArray,
    Integer,
    Octets,
    RecordError,
    Text,
    Value_co,
    byte_view,
)

if TYPE_CHECKING:
    from construct import Construct


class Constant(Integer):
    """An integer that is the same in each record of its type.

    Attributes:
        value: that integer.
    """

    __slots__ = ("value",)

    def __init__(self, stored: Integer, value: int) -> None:
        super().__init__(stored.name, stored.size, stored.signed)
        self.value = super().encode(value)[0]

    def identity(self) -> tuple[Any, ...]:
        return (Constant, self.name, self.value)

    def encode(self, value: Any) -> tuple[int]:
        if value != self.value:
            raise RecordError(f"this is always {self.value}, not {shown(value)}")
        return (self.value,)

    def __reduce__(self) -> Any:
        return Constant, (plain(self), self.value)


def plain(constant: Integer) -> Integer:
    """The same integer type, of any value."""
    return Integer(constant.name, constant.size, constant.signed)


class Tail(FixedArray[Value_co]):
    """As many bytes of text or of an array as a field before it says.

    Attributes:
        stored: all that there may be.
        counted_by: the name of that field; it counts bytes.
    """

    def __init__(self, stored: FixedArray[Value_co], counted_by: str) -> None:
        self.stored = stored
        self.counted_by = counted_by
        self.element, self.length = stored.element, stored.length
        self.name, self.size, self.alignment = stored.name, stored.size, stored.alignment
        self.format = stored.format

    def identity(self) -> tuple[Any, ...]:
        return (Tail, self.stored, self.counted_by)

    def decode(self, flat: Sequence[Any]) -> Value_co:
        return self.stored.decode(flat)

    def encode(self, value: Any) -> tuple[Any, ...]:
        if isinstance(self.stored, Text):
            return (self.stored.encode(value)[0].rstrip(b"\0"),)
        if not isinstance(value, bytes | bytearray | memoryview) or len(value) > self.size:
            raise RecordError(f"{self.name} takes up to {self.size} bytes, not {shown(value)}")
        return (bytes(value),)

    def construct(self) -> Construct[Any, Any]:
        import construct

        def length(context: Any) -> int:
            counted: int = context[self.counted_by]
            if counted > self.size:
                raise construct.ValidationError(f"{self.counted_by} is {counted}")
            return counted

        return construct.ExprAdapter(
            construct.Bytes(length),
            lambda raw, _: self.decode((raw,)),
            lambda value, context: self.encode(value)[0].ljust(length(context), b"\0"),
        )


def const(type: FieldType[int], value: int) -> FieldType[int]:
    """A field that always has one value, as in ``kind = const(u32, 1)``: the first field of
    records of several kinds. Raises RecordError."""
    if not isinstance(type, Integer):
        raise RecordError(f"const takes an integer type, as in const(u32, 1), not {shown(type)}")
    return Constant(type, value)


def tail(type: FieldType[Value_co], counted_by: str) -> FieldType[Value_co]:
    """A record's last field, of which there are as many bytes as the field ``counted_by`` says:
    ``path = tail(char[256], "length")``, and 256 at most. Raises RecordError."""
    if not isinstance(type, Text | Octets):
        raise RecordError(
            f'tail takes char[N] or u8[N], as in tail(char[256], "length"), not {shown(type)}'
        )
    if not isinstance(counted_by, str):
        raise RecordError(
            f'tail takes the name of the field with its length, as in tail({type}, "length"), '
            f"not {shown(counted_by)}"
        )
    return Tail(cast("FixedArray[Value_co]", type), counted_by)


def check_tail(record: str, declared: Mapping[str, FieldType[Any]]) -> None:
    """Hold a tail to its place behind all else. Raises RecordError."""
    names = list(declared)
    for at, (name, each) in enumerate(declared.items()):
        if not each.counted_by:
            continue
        if name != names[-1]:
            raise RecordError(f"{record}.{name} is a tail, so no field comes after it")
        counter = declared.get(each.counted_by) if each.counted_by in names[:at] else None
        if not isinstance(counter, Integer) or counter.signed or isinstance(counter, Constant):
            raise RecordError(
                f"{record}.{name} has as many bytes as {each.counted_by} says: declare "
                f"{each.counted_by} = u32 before it"
            )


def least_size(record: RecordType) -> int:
    """The bytes of a record without what is in its tail."""
    last = record._layout.tail
    return last.offset if last else record.size


def length_of(record: RecordType, flat: Sequence[Any]) -> int:
    """The bytes of a tail, by the values that ``raw`` unpacked. Raises RecordError."""
    last = record._layout.tail
    assert last
    length: int = flat[record.fields[last.type.counted_by].slot]
    if length > last.size:
        raise RecordError(
            f"{record.__name__}.{last.type.counted_by} is {length}, and {last.name} has "
            f"{last.size} bytes"
        )
    return length


def cut(record: RecordType, flat: Sequence[Any]) -> Sequence[Any]:
    """The values of a record, its tail as long as it says. Raises RecordError."""
    last = record._layout.tail
    assert last
    length = length_of(record, flat)
    return (*flat[: last.slot], flat[last.slot][:length].ljust(length, b"\0"))


def unpack(record: RecordType, data: Buffer, offset: int) -> Record:
    """As :meth:`RecordType.unpack`, for a record with a tail."""
    data = byte_view(data)[offset:] if offset >= 0 else b""
    least = least_size(record)
    flat: Sequence[Any] = record.raw.unpack(bytes(data[: record.size]).ljust(record.size, b"\0"))
    needed = least if len(data) < least else least + length_of(record, flat)
    if len(data) < needed:
        raise RecordError(f"{record.__name__} is {needed} bytes long, there are {len(data)}")
    made: Record = record.decode(flat)
    return made


def with_length(record: RecordType, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for a new record, with the length of its tail where that is not among them.

    Raises RecordError for a tail that is longer than the length among them.
    """
    last = record._layout.tail
    assert last
    by = last.type.counted_by
    length = len(last.type.encode(values[last.name])[0]) if last.name in values else 0
    given = values.get(by, length)
    if isinstance(given, int) and length > given:
        raise RecordError(f"{record.__name__}.{last.name} has {length} bytes, and {by} is {given}")
    return {**values, by: given}
