"""What types and records have in common: they are declared, by names that C could take."""

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
# What records and places in memory answer to themselves.
TAKEN = frozenset(("decode", "mro", "typed", "unpack", "_flat", "_layout", "_values"))


class RecordError(TuxscopeError, TypeError):
    """A record that C could not lay out, or a value that does not fit its field."""


class Declared:
    """Base of what is declared, types and records: neither a number nor memory."""

    __slots__ = ()

    if not TYPE_CHECKING:  # a type checker may say that these are not there

        def __mul__(self, length: object) -> NoReturn:
            array = f"{self!r}[{shown(length)}]"
            raise RecordError(f"an array has its length in square brackets: {array}")

        __rmul__ = __mul__

        def __setitem__(self, place: object, value: object) -> NoReturn:
            method = "st" if isinstance(value, int) else "stx"
            field = f".{next(iter(self.fields))}" if hasattr(self, "fields") else ""
            there = f"{self!r}[{shown(place)}]{field}"
            raise RecordError(f"a store is an instruction: a.{method}({there}, {shown(value)})")


def check_options(name: str, options: Mapping[str, object]) -> None:
    """Raises RecordError for ``class Event(Record, packed=True)``."""
    for option in options:
        raise RecordError(
            f"class {name}(Record) takes no {option}: its fields lie where C puts them, each at a "
            "multiple of its alignment; in the order of their size they leave no hole between them"
        )


def check_name(owner: str, name: str, field: bool) -> None:
    """Hold the name of a record's field or method to what it can be. Raises RecordError."""
    if name in TAKEN:
        raise RecordError(f"{owner}.{name}: this name is taken; choose another")
    if field and (not name.isascii() or name.startswith("_") or name in C_KEYWORDS):
        raise RecordError(f"{owner}.{name}: no name for a field in C; choose another")
