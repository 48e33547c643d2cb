"""What C types and records have in common; and which names their fields can have."""

from __future__ import annotations

from collections.abc import Mapping

from tuxscope.errors import TuxscopeError, shown
from tuxscope.lean_typing import TYPE_CHECKING, NoReturn

# C11 6.4.1, without the ones that start with an underscore.
C_KEYWORDS = frozenset(
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while".split(" ")
)
# Attributes of records and of places in memory.
TAKEN = frozenset(("decode", "mro", "typed", "unpack", "_flat", "_layout", "_values"))


class RecordError(TuxscopeError, TypeError):
    """An error, a TuxscopeError and TypeError: a record or a type that cannot be declared so, or a
    value that does not fit its field."""


class Declared:
    """Base of C types and records. Using one as a number or as memory raises RecordError."""

    __slots__ = ()

    if not TYPE_CHECKING:  # type checkers report these uses themselves

        def __mul__(self, length: object) -> NoReturn:
            array = f"{self!r}[{shown(length)}]"
            raise RecordError(f"write an array's length in square brackets: {array}")

        __rmul__ = __mul__

        def __setitem__(self, place: object, value: object) -> NoReturn:
            method = "st" if isinstance(value, int) else "stx"
            field = f".{next(iter(self.fields))}" if hasattr(self, "fields") else ""
            there = f"{self!r}[{shown(place)}]{field}"
            raise RecordError(f"a store is an instruction: a.{method}({there}, {shown(value)})")


def check_options(name: str, options: Mapping[str, object]) -> None:
    """Raise RecordError if there are ``options``, a mapping of the arguments of class ``name``, a
    str, by keyword.

    An example is ``class Event(Record, packed=True)``.
    """
    for option in options:
        raise RecordError(
            f"class {name}(Record) takes no {option}: its layout is that of C, each field at "
            "a multiple of its alignment; sort the fields by size to avoid padding between them"
        )


def check_name(owner: str, name: str, field: bool) -> None:
    """Raise RecordError if record ``owner``, a str, cannot have a field of this ``name``, a str.

    If ``field``, a bool, is False, it is the name of a method.
    """
    if name in TAKEN:
        raise RecordError(f"{owner}.{name}: this name is reserved; choose another")
    if field and (not name.isascii() or name.startswith("_") or name in C_KEYWORDS):
        raise RecordError(f"{owner}.{name}: not a field name in C; choose another")
