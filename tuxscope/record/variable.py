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

from collections.abc import Sequence

from tuxscope.errors import shown
from tuxscope.lean_typing import TYPE_CHECKING, Any, cast
from tuxscope.record.types import (
    FieldType,
    FixedArray,
    Integer,
    Octets,
    RecordError,
    Text,
    Value_co,
)

if TYPE_CHECKING:
    from construct import Construct


class Constant(Integer):
    """An Integer, a field type with the same value in each record.

    Attributes:
        stored: its Integer type.
        value: that integer, an int.
    """

    __slots__ = ("stored", "value")

    def __init__(self, stored: Integer, value: int) -> None:
        super().__init__(stored.name, stored.size, stored.signed)
        self.stored = stored
        self.value = super().encode(value)[0]

    def identity(self) -> tuple[Any, ...]:
        return (Constant, self.name, self.value)

    def encode(self, value: Any) -> tuple[int]:
        if value != self.value:
            raise RecordError(f"this is always {self.value}, not {shown(value)}")
        return (self.value,)

    def __reduce__(self) -> Any:
        return Constant, (self.stored, self.value)


class Tail(FixedArray[Value_co]):
    """A FixedArray: as many bytes of text or of an array as an earlier field says.

    Attributes:
        stored: the FixedArray type with the most bytes that there can be.
        counted_by: a str, the name of the field with the length in bytes.
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
    """Return a field type that always has ``value``, an int, stored as ``type``, an Integer.

    It is for the first field of records of several kinds, as in ``kind = const(u32, 1)``. Raises
    RecordError.
    """
    if not isinstance(type, Integer):
        raise RecordError(f"const takes an integer type, as in const(u32, 1), not {shown(type)}")
    return Constant(type, value)


def tail(type: FieldType[Value_co], counted_by: str) -> FieldType[Value_co]:
    """Return a field type for a record's last field: as many bytes of ``type``, a FieldType, as the
    field named ``counted_by``, a str, says, and at most all of it.

    An example is ``path = tail(char[256], "length")``. Raises RecordError if ``type`` is not text
    or an array.
    """
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
