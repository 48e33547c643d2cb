"""One declaration of a C struct, for both sides of the kernel boundary.

>>> class HelloEvent(Record):
...     pid = u32
...     timestamp_ns = u64
...     comm = char[16]
>>> HelloEvent.size, HelloEvent.timestamp_ns.offset, HelloEvent.padding
(32, 8, (Hole(offset=4, size=4),))

The assembler lays the record out on the BPF stack, the reader parses what arrives. Layout and
padding are those of a C compiler on 64-bit Linux; byte order is the machine's own. The types
are in :mod:`tuxscope.record.types`.

A field is assigned (``pid = u32``), not annotated: ``char[16]`` is no type to a type checker,
and this way ``HelloEvent.comm`` is known to be a field and ``event.comm`` to be a str.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType

from tuxscope.errors import shown
from tuxscope.lean_typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast, overload
from tuxscope.record.declared import Declared, RecordError, check_name, check_options
from tuxscope.record.layout import StructLayout, lay_out
from tuxscope.record.types import (
    Addressable,
    ArrayType,
    Buffer,
    Char,
    Field,
    FieldType,
    Hole,
    Typed_co,
    byte_view,
)
from tuxscope.suggest import did_you_mean

if TYPE_CHECKING:
    from construct import Construct

R = TypeVar("R")

TYPES = frozenset(("char", "s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64"))
METHODS = (FunctionType, property, classmethod, staticmethod)


class Nested(FieldType["Record"]):
    """A FieldType: the C type of a field that is a ``record`` itself, a RecordType."""

    def __init__(self, record: RecordType) -> None:
        if not record.size:
            raise RecordError(f"{record.__name__} has no fields: declare a class of it")
        self.record = record
        self.name = record.__name__
        self.size = record.size
        self.alignment = record.alignment
        self.format = record._layout.format
        self.width = sum(field.type.width for field in record.fields.values())

    def identity(self) -> tuple[Any, ...]:
        return (Nested, self.record)

    def decode(self, flat: Sequence[Any]) -> Record:
        record: Record = self.record.decode(flat)
        return record

    def encode(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, self.record):
            raise RecordError(f"{self.name} takes a {self.name}, not {shown(value)}")
        return value._flat()

    def construct(self) -> Construct[Any, Any]:
        return self.record.construct


def field_type_of(owner: str, name: str, declared: object) -> FieldType[Any]:
    """Return the FieldType that ``declared``, any object in a class body, is, of field ``name`` of
    ``owner``, both str.

    Raises RecordError if it is neither a C type nor a record.
    """
    if isinstance(declared, FieldType):
        return declared
    if isinstance(declared, RecordType):
        if declared._layout.tail:
            raise RecordError(f"{owner}.{name}: a record with a tail is no field of another")
        return Nested(declared)
    if isinstance(declared, Char):
        raise RecordError(f"{owner}.{name}: char needs a length, as in {name} = char[16]")
    if isinstance(declared, str) and declared in TYPES:
        raise RecordError(f"{owner}.{name}: write the type without quotes: {name} = {declared}")
    shown = declared.__name__ if isinstance(declared, type) else repr(declared)
    raise RecordError(
        f"{owner}.{name}: {shown} is not a C type: assign one, as in {name} = u32 "
        "(u8 to u64, s8 to s64, char[N], an array such as u32[4], or another record)"
    )


class Body(dict[str, Any]):
    """A dict of str to any object, the namespace of the class body of ``owner``, a record's name, a
    str. It checks each name when it is assigned, so an error about a field has the field's own
    line.

    Attributes:
        owner: a str.
        fields: a dict of str to FieldType.
    """

    def __init__(self, owner: str) -> None:
        # Until Python 3.13 the class body stores annotations in here; the first one is an error.
        super().__init__(__annotations__=Annotations(owner))
        self.owner = owner
        self.fields: dict[str, FieldType[Any]] = {}

    def __setitem__(self, name: str, value: Any) -> None:
        special = name.startswith("__") and not isinstance(value, FieldType | RecordType)
        if not special:
            method = isinstance(value, METHODS)
            check_name(self.owner, name, field=not method)
            if name in self.fields or (name in self and not method):
                kind = "a method" if method else "a field"
                raise RecordError(
                    f"{self.owner}.{name} is already defined; {kind} needs a name of its own"
                )
            if not method:
                self.fields[name] = field_type_of(self.owner, name, value)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self.fields.pop(name, None)


class Annotations(dict[str, Any]):
    """A dict of str to any object, the ``__annotations__`` of the class body of ``owner``, a
    record's name, a str. Storing one (``pid: u32``) raises RecordError, which says to assign the
    type.

    Attributes:
        owner: a str.
    """

    def __init__(self, owner: str) -> None:
        super().__init__()
        self.owner = owner

    def __setitem__(self, name: str, value: Any) -> None:
        shown = value if isinstance(value, str) else getattr(value, "__name__", repr(value))
        if not isinstance(value, FieldType | RecordType) and shown.partition("[")[0] not in TYPES:
            shown = "u32"
        raise RecordError(f"{self.owner}.{name}: write {name} = {shown}, not {name}: {shown}")


class RecordType(Declared, type):
    """The metaclass of records, a Declared and type: what a declaration knows of its layout.

    Its properties are on the metaclass, so a record may have a field named ``size`` or ``fields``:
    ``Event.size`` stays the record's size, ``Event.fields["size"]`` and ``event.size`` are the
    field's.

    Attributes:
        size, alignment: each an int, in bytes, properties.
        fields: a mapping of str to Field, a property.
        padding: a tuple of Hole, a property.
        construct: a Construct, a callable that returns a record, a property.
        raw: a struct.Struct, a property.
    """

    _layout: StructLayout

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **options: Any) -> dict[str, Any]:
        check_options(name, options)
        return Body(name) if bases else {}

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> RecordType:
        if not bases:  # Record itself
            return super().__new__(mcs, name, bases, namespace | {"_layout": lay_out(name, {})})
        if bases != (Record,):
            raise RecordError(
                f"{name}: a C struct has no base class; make the other record a field"
            )
        body = namespace if isinstance(namespace, Body) else Body(name)
        if body is not namespace:  # type() made the class: nothing has checked the names
            for attribute, value in namespace.items():
                if attribute != "__annotations__":
                    body[attribute] = value
        if "__annotate_func__" in namespace:  # from Python 3.14 on
            from tuxscope.record.annotations import store_first

            store_first(namespace["__annotate_func__"], Annotations(name))
        if not body.fields:
            raise RecordError(f"{name} has no fields; declare one, as in pid = u32")
        layout = lay_out(name, body.fields)
        body |= {"__slots__": (), "_layout": layout, **layout.fields}
        del body["__annotations__"]
        return super().__new__(mcs, name, bases, dict(body))

    def __setattr__(cls, name: str, value: object) -> None:
        if name in cls.fields:
            raise RecordError(f"{cls.__name__}.{name} is a field; declare another record instead")
        super().__setattr__(name, value)

    if not TYPE_CHECKING:  # type checkers know the fields; with this they would accept any name

        def __getattr__(cls, name: str) -> NoReturn:
            known = [*cls.fields, "size", "alignment", "padding", "fields"]
            hint = did_you_mean(name, known) or f"; it has {', '.join([*cls.fields][:8])}"
            hint *= not name.startswith("_")
            raise AttributeError(f"{cls.__name__} has no field {name}{hint}", name=name, obj=None)

    @property
    def size(cls) -> int:
        """The size in bytes, an int, padding included, as ``sizeof`` in C."""
        return cls._layout.size

    @property
    def alignment(cls) -> int:
        """The alignment in bytes, an int, a power of two."""
        return cls._layout.alignment

    @property
    def fields(cls) -> Mapping[str, Field]:
        """The Fields by name, a mapping in the order of declaration."""
        return cls._layout.fields

    @property
    def padding(cls) -> tuple[Hole, ...]:
        """The padding between fields and after the last, a tuple of Hole by ascending offset."""
        return cls._layout.padding

    @property
    def construct(cls) -> Construct[Any, Any]:
        """The declaration as a ``construct.Struct``, which also parses and builds."""
        return cls._layout.construct

    @property
    def raw(cls) -> struct.Struct:
        """The :class:`struct.Struct` of the record, for code that has to be fast.

        It unpacks the integers and byte strings of all fields as one flat tuple, arrays and nested
        records included, and skips padding.
        """
        return cls._layout.raw

    def decode(cls: type[R], flat: Sequence[Any]) -> R:
        """Return the Record of ``flat``, a sequence of values as :attr:`raw` unpacks them."""
        record = cls.__new__(cls)
        layout = cast(RecordType, cls)._layout
        if layout.tail:
            flat = layout.cut(flat)
        values = tuple([decode(flat[part]) for decode, part in layout.slices])
        object.__setattr__(record, "_values", values)
        return record

    def unpack(cls: type[R], data: Buffer, offset: int = 0) -> R:
        """Return the Record at ``offset``, in bytes (default: 0), of ``data``, a bytes-like object.

        Bytes after it are ignored. Raises RecordError if the buffer is too short.
        """
        own = cast(RecordType, cls)
        data = byte_view(data)
        if offset < 0 or len(data) - offset < own._layout.least:
            raise RecordError(
                f"{own.__name__} has {own._layout.least} bytes, the buffer has {len(data) - offset}"
            )
        if own._layout.tail:
            return RecordType.decode(cls, own._layout.unpack(data[offset:]))
        return RecordType.decode(cls, own.raw.unpack_from(data, offset))

    @overload
    def __getitem__(cls, item: int) -> ArrayType: ...
    @overload
    def __getitem__(cls, item: Addressable[Typed_co]) -> Typed_co: ...
    def __getitem__(cls, item: int | Addressable[Typed_co]) -> ArrayType | Typed_co:
        """``Point[2]`` is an array of records, ``Point[r7]`` the record that r7 points to."""
        own_type = Nested(cls)
        return item.typed(own_type) if hasattr(item, "typed") else ArrayType(own_type, item)

    def __repr__(cls) -> str:
        return cls.__name__


class Record(metaclass=RecordType):
    """Base class of all records: a subclass declares a C struct. Records are immutable.

    ``HelloEvent(pid=1, comm="cat")`` makes one; fields that are not named are zero, as in C.
    ``bytes(record)`` is its bytes, with zeroed padding; :meth:`RecordType.unpack` parses them. Text
    that was not UTF-8 may get longer when it is parsed; bytes() raises RecordError if it no longer
    fits its field.
    """

    __slots__ = ("_values",)
    _values: tuple[Any, ...]

    def __init__(self, /, **values: Any) -> None:
        fields = type(self).fields
        for name in values.keys() - fields.keys():
            near = did_you_mean(name, fields)
            raise RecordError(f"{type(self).__name__} has no field {name}{near}")
        if type(self)._layout.tail:
            values = type(self)._layout.with_length(values)
        zero = type(self).unpack(bytes(type(self).size))
        flat: list[Any] = []
        for field, default in zip(fields.values(), zero._values, strict=True):
            try:
                default = getattr(field.type, "value", default)  # of a constant
                flat += field.type.encode(values.get(field.name, default))
            except RecordError as error:
                raise RecordError(f"{type(self).__name__}.{field.name}: {error}") from None
        object.__setattr__(self, "_values", type(self).decode(flat)._values)

    def _flat(self) -> tuple[Any, ...]:
        fields = type(self).fields.values()
        return tuple(
            part
            for field, value in zip(fields, self._values, strict=True)
            for part in field.type.encode(value)
        )

    def __bytes__(self) -> bytes:
        flat, layout = self._flat(), type(self)._layout
        size = layout.least + (layout.length(flat) if layout.tail else 0)
        return layout.raw.pack(*flat)[:size]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values == other._values

    def __hash__(self) -> int:
        return hash((type(self), self._values))

    def __repr__(self) -> str:
        pairs = zip(type(self).fields, self._values, strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"
