"""The C types that a record's fields can have: fixed-width integers, text, arrays.

=========  =============================  ==========================================
declared   in C                           as a Python value
=========  =============================  ==========================================
u8 … u64   uint8_t … uint64_t             int
s8 … s64   int8_t … int64_t               int
char[16]   char[16]                       str, up to the first NUL; bytes that
                                          are not UTF-8 become U+FFFD
u8[6]      uint8_t[6]                     bytes
u32[4]     uint32_t[4]                    tuple of int
Point      struct Point (a Record)        Point
Point[2]   struct Point[2]                tuple of Point
=========  =============================  ==========================================

Sizes and alignments are those of the 64-bit Linux ABIs: each integer is aligned to its size.
Byte order is the machine's own, as it is for the BPF program that fills the record.

The same names make typed addresses in the assembler: ``u64[r1 + 16]`` is eight bytes in
memory, as ``u32[4]`` is four numbers in a row. Any object with a ``typed`` method
can be the address, so this module does not import the assembler.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from tuxscope.errors import shown
from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import TYPE_CHECKING, Any, Generic, NoReturn, Protocol, TypeVar, overload
from tuxscope.record.declared import Declared
from tuxscope.record.declared import RecordError as RecordError

if TYPE_CHECKING:
    from construct import Construct

Value_co = TypeVar("Value_co", covariant=True)
Typed_co = TypeVar("Typed_co", covariant=True)

# In bytes, far above what a ring or a map takes: a mistyped length must not fill the memory.
LARGEST_SIZE = 1 << 30

# Any object with the buffer protocol, for which Python has a type from 3.12 on.
Buffer = Any


class Addressable(Protocol[Typed_co]):
    """A Protocol: what registers and addresses offer to ``u64[...]``: the method typed()."""

    def typed(self, field_type: FieldType[Any]) -> Typed_co: ...


class FieldType(Declared, Generic[Value_co]):
    """A Declared, a C type; generic in its Python value.

    Attributes:
        name: a str, as it is declared, ``u32`` or ``char[16]``.
        size: an int, in bytes.
        alignment: an int, in bytes, a power of two.
        format: a str, format characters for :mod:`struct`, without byte order or alignment.
        width: an int, how many values ``format`` unpacks to.
        counted_by: a str, of a tail, the field with its length (:mod:`tuxscope.record.variable`).
    """

    name: str
    size: int
    alignment: int
    format: str
    width: int = 1
    counted_by: str = ""

    def decode(self, flat: Sequence[Any]) -> Value_co:
        """Return the value of ``flat``, a sequence of ``width`` values that ``format`` unpacked."""
        raise NotImplementedError

    def encode(self, value: Any) -> tuple[Any, ...]:
        """Return ``value``, any object, as a tuple for ``format``. Raises RecordError."""
        raise NotImplementedError

    def construct(self) -> Construct[Any, Any]:
        """Return the same type as a Construct of the construct library."""
        raise NotImplementedError

    def identity(self) -> tuple[Any, ...]:
        """Return a tuple that is equal for types that are the same."""
        return (type(self), self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldType) and self.identity() == other.identity()

    def __hash__(self) -> int:
        return hash(self.identity())

    def pack(self, value: Any) -> bytes:
        """Return ``value``, any object, as ``size`` bytes. Raises RecordError if it does not
        fit."""
        return struct.pack(f"={self.format}", *self.encode(value))

    def unpack(self, data: Buffer) -> Value_co:
        """Return the value of ``data``, a buffer of ``size`` bytes. Raises RecordError for more or
        fewer."""
        try:
            return self.decode(struct.unpack(f"={self.format}", data))
        except (struct.error, TypeError, BufferError):
            size = len(byte_view(data))
            raise RecordError(f"{self.name} has {self.size} bytes, not {size}") from None

    def __repr__(self) -> str:
        return self.name

    if not TYPE_CHECKING:  # a type checker may say that these are not there

        def __call__(self, *_: object) -> NoReturn:
            raise RecordError(
                f"{self.name} is a type: a.stack({self.name}) is a place, {self.name}[r1 + 8] "
                "another; write a field's type without ()"
            )

    # For type checkers: a field that is declared as ``pid = u32`` is a Field on the class, and a
    # value on a record. At run time RecordType puts the Field there.
    @overload
    def __get__(self, record: None, owner: Any) -> Field: ...
    @overload
    def __get__(self, record: Any, owner: Any) -> Value_co: ...
    def __get__(self, record: Any, owner: Any) -> Any:
        return self


@dataclass(frozen=True, slots=True)
class Hole:
    """A frozen dataclass: padding of a record, ``size``, an int, bytes at ``offset``, an int."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A frozen dataclass: a field's place in its record.

    Attributes:
        name: a str, as declared.
        type: its FieldType.
        offset, size: each an int, in bytes: from the record's start, and of its type.
        slot: an int, index of its first value among those that ``RecordType.raw`` unpacks.
        position: an int, 0 for the first field, 1 for the second.
    """

    name: str
    type: FieldType[Any]
    offset: int
    slot: int
    position: int

    @property
    def size(self) -> int:
        """The size in bytes, an int."""
        return self.type.size

    def __get__(self, record: Any, owner: object) -> Any:
        return self if record is None else record._values[self.position]

    def __set__(self, record: object, value: object) -> None:
        raise AttributeError(
            f"records are immutable: make another one with {self.name}={shown(value)}"
        )


def byte_view(data: Buffer) -> memoryview:
    """Return ``data``, a contiguous buffer, as a memoryview of bytes; else raise RecordError."""
    try:
        view = memoryview(data)
    except TypeError:
        raise RecordError(f"bytes, or another buffer, are expected, not {shown(data)}") from None
    if not view.c_contiguous:
        raise RecordError("this buffer is not contiguous; copy it with bytes()")
    if view.format == "B" and view.ndim == 1:
        return view
    try:
        return view.cast("B")
    except TypeError:  # a format that memoryview does not know
        return memoryview(view.tobytes())


def array_length(name: str, size: int, length: int) -> int:
    """Return ``length``, an int, of an array of ``name``, a str, each ``size`` bytes. Raises
    RecordError if it is not valid."""
    if isinstance(length, bool) or not isinstance(length, int):
        given = getattr(length, "name", None) or shown(length)  # a map has a name
        raise RecordError(
            f"{name}[{given}]: an array's length is an integer, as in {name}[4]; an "
            f"address is a register plus an offset, as in {name}[r1 + 8]"
        )
    if not 1 <= length <= LARGEST_SIZE // size:
        raise RecordError(
            f"{name}[{shown(length)}]: an array has 1 to {LARGEST_SIZE // size} elements "
            "of this type"
        )
    return length


class Integer(FieldType[int]):
    """A FieldType of int: ``name``, a str, ``size`` in bytes, an int, ``signed``, a bool."""

    __slots__ = ("alignment", "format", "name", "signed", "size")

    def __init__(self, name: str, size: int, signed: bool) -> None:
        self.name = name
        self.size = self.alignment = size
        self.signed = signed
        code = {1: "b", 2: "h", 4: "i", 8: "q"}[size]
        self.format = code if signed else code.upper()

    @overload
    def __getitem__(self, item: int) -> ArrayType | Octets: ...
    @overload
    def __getitem__(self, item: Addressable[Typed_co]) -> Typed_co: ...
    def __getitem__(self, item: int | Addressable[Typed_co]) -> ArrayType | Octets | Typed_co:
        if hasattr(item, "typed"):
            return item.typed(self)
        return Octets(item) if self is u8 else ArrayType(self, item)

    def decode(self, flat: Sequence[Any]) -> int:
        return int(flat[0])

    def encode(self, value: Any) -> tuple[int]:
        bits = self.size * 8
        low, high = (-(1 << bits - 1), 1 << bits - 1) if self.signed else (0, 1 << bits)
        if isinstance(value, bool) or not isinstance(value, int):
            raise RecordError(f"{self.name} takes an integer, not {shown(value)}")
        if not low <= value < high:
            raise RecordError(f"{shown(value)} does not fit {self.name} ({low} to {high - 1})")
        return (value,)

    def construct(self) -> Construct[int, int]:
        import construct

        kind = f"Int{self.size * 8}{'s' if self.signed else 'u'}n"  # n: native byte order
        declared: Construct[int, int] = getattr(construct, kind)
        return declared

    def __reduce__(self) -> str:
        return self.name  # the eight are this module's: a copy is the same one


u8 = Integer("u8", 1, signed=False)
u16 = Integer("u16", 2, signed=False)
u32 = Integer("u32", 4, signed=False)
u64 = Integer("u64", 8, signed=False)
s8 = Integer("s8", 1, signed=True)
s16 = Integer("s16", 2, signed=True)
s32 = Integer("s32", 4, signed=True)
s64 = Integer("s64", 8, signed=True)


class FixedArray(FieldType[Value_co]):
    """A FieldType, base of the arrays: ``length``, an int, elements of ``element``, a FieldType."""

    element: FieldType[Any]
    length: int

    def __getitem__(self, item: object) -> FixedArray[Value_co]:
        raise RecordError(f"{self.name}[{shown(item)}]: arrays have one dimension")

    if not TYPE_CHECKING:

        def __call__(self, *_: object) -> NoReturn:
            raise RecordError(f"{self.name} is a type: a.stack({self.name}) is a place")

        def __mul__(self, length: object) -> NoReturn:
            raise RecordError(f"{self.name} * {shown(length)}: arrays have one dimension")

        __rmul__ = __mul__


class ArrayType(FixedArray[tuple[Any, ...]]):
    """A FixedArray of tuples: ``length``, an int, integers or records of FieldType ``element``."""

    __slots__ = ("alignment", "element", "format", "length", "name", "size", "width")

    def __init__(self, element: FieldType[Any], length: int) -> None:
        self.element = element
        self.length = array_length(element.name, element.size, length)
        self.name = f"{element.name}[{length}]"
        self.size = element.size * length
        self.alignment = element.alignment
        self.width = element.width * length
        single = len(element.format) == 1
        self.format = f"{length}{element.format}" if single else element.format * length

    def identity(self) -> tuple[Any, ...]:
        return (ArrayType, self.element, self.length)

    def decode(self, flat: Sequence[Any]) -> tuple[Any, ...]:
        step = self.element.width
        return tuple(self.element.decode(flat[i : i + step]) for i in range(0, self.width, step))

    def encode(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, Iterable):
            raise RecordError(f"{self.name} takes {self.length} values, not {shown(value)}")
        values = tuple(value)
        if len(values) != self.length:
            raise RecordError(f"{self.name} takes {self.length} values, not {len(values)}")
        return tuple(part for each in values for part in self.element.encode(each))

    def construct(self) -> Construct[Any, Any]:
        import construct

        return construct.Array(self.length, self.element.construct())


class Octets(FixedArray[bytes]):
    """A FixedArray of bytes, ``u8[length]``, such as a hardware address; ``length`` is an int."""

    __slots__ = ("alignment", "element", "format", "length", "name", "size")

    def __init__(self, length: int) -> None:
        self.element = u8
        self.length = array_length("u8", 1, length)
        self.name = f"u8[{length}]"
        self.size = length
        self.alignment = 1
        self.format = f"{length}s"

    def decode(self, flat: Sequence[Any]) -> bytes:
        return bytes(flat[0])

    def encode(self, value: Any) -> tuple[bytes]:
        if not isinstance(value, bytes | bytearray | memoryview) or len(value) != self.size:
            raise RecordError(f"{self.name} takes {self.size} bytes, not {shown(value)}")
        return (bytes(value),)

    def construct(self) -> Construct[Any, Any]:
        import construct

        return construct.Bytes(self.size)


def decode_text(raw: bytes) -> str:
    """Return ``raw``, a C string, as text up to the first NUL; U+FFFD for what is not UTF-8."""
    return raw.partition(b"\0")[0].decode("utf-8", "replace")


class Text(FixedArray[str]):
    """A FixedArray of str, ``char[length]``: a C string, as a task's comm; ``length`` is an int."""

    __slots__ = ("alignment", "element", "format", "length", "name", "size")

    def __init__(self, length: int) -> None:
        self.element = u8
        self.length = array_length("char", 1, length)
        self.name = f"char[{length}]"
        self.size = length
        self.alignment = 1
        self.format = f"{length}s"

    def decode(self, flat: Sequence[Any]) -> str:
        return decode_text(flat[0])

    def encode(self, value: Any) -> tuple[bytes]:
        if not isinstance(value, str | bytes):
            raise RecordError(f"{self.name} takes text, not {shown(value)}")
        try:
            raw = value.encode() if isinstance(value, str) else value
        except UnicodeEncodeError:
            raise RecordError(f"{self.name} takes text, {shown(value)} is not UTF-8") from None
        if len(raw) > self.size:
            raise RecordError(
                f"{shown(value)} is {len(raw)} bytes long, {self.name} holds {self.size}"
            )
        return (raw.ljust(self.size, b"\0"),)

    def construct(self) -> Construct[Any, Any]:
        import construct

        return construct.ExprAdapter(
            construct.Bytes(self.size),
            lambda raw, _: decode_text(raw),
            lambda value, _: self.encode(value)[0],
        )


class Char:
    """``char``, which needs a length: ``char[16]``."""

    def __getitem__(self, length: int) -> Text:
        return Text(length)

    def __call__(self, *length: object) -> NoReturn:
        raise RecordError("write the length in square brackets, as in comm = char[16]")

    def __repr__(self) -> str:
        return "char"

    def __reduce__(self) -> str:
        return "char"


char = Char()
