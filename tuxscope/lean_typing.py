"""The names of ``typing`` that annotations use, without its import.

The import of typing and re takes 3 ms. Type checkers, and programs that import tuxscope, get the
names of typing. Only the command (``tuxscope.entry``) gets stand-ins, because it evaluates no
annotations.
"""

import sys

TYPE_CHECKING = False

if TYPE_CHECKING or "tuxscope.entry" not in sys.modules:
    from typing import (
        Any,
        ClassVar,
        Generic,
        Literal,
        NamedTuple,
        NoReturn,
        Protocol,
        Self,
        TypeAlias,
        TypeVar,
        cast,
        dataclass_transform,
        overload,
    )
else:
    from collections import namedtuple

    class Any:
        """What may stand in an annotation, in brackets, and as a base."""

        def __init__(self, *_, **__):
            """As ``TypeVar("R")``."""

        def __class_getitem__(cls, _):
            return cls

    ClassVar = Generic = Literal = NoReturn = Protocol = Self = TypeAlias = TypeVar = Any

    def cast(_, value):
        return value

    def dataclass_transform(**_):
        return lambda cls: cls

    def overload(function):
        return function

    class NamedTupleType(type):
        """Makes a ``collections.namedtuple`` of a class body with annotations."""

        def __new__(mcs, name, bases, body):
            fields = body.get("__annotations__", {})
            if not fields:
                return super().__new__(mcs, name, bases, body)
            defaults = [body.pop(each) for each in fields if each in body]
            base = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            return type(name, (base,), {"__slots__": (), **body})

    class NamedTuple(metaclass=NamedTupleType):
        """Base of classes whose instances are tuples with names."""


__all__ = [
    "TYPE_CHECKING", "Any", "ClassVar", "Generic", "Literal", "NamedTuple", "NoReturn", "Protocol",
    "Self", "TypeAlias", "TypeVar", "cast", "dataclass_transform", "overload",
]  # fmt: skip
