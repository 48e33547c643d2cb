"""What is shown of a stream's records, or of a map's entries, and how wide."""

from __future__ import annotations

from dataclasses import dataclass

from tuxscope.field_types import Integer
from tuxscope.record import Field, RecordError

__all__ = ["AnyColumn", "Bar", "Column", "Index", "Log2", "Rate"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of text output, a key of JSON output.

    Attributes:
        field: what it shows, as in ``HelloEvent.pid``.
        width: in characters, to which text is filled up; 0 for the last column.
    """

    field: Field
    width: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.field, Field):
            raise RecordError(
                f"a column shows a field, as in Column(HelloEvent.pid, 8), not {self.field!r}"
            )
        check_width(self.width)

    @property
    def name(self) -> str:
        """The key in JSON."""
        return self.field.name

    @property
    def title(self) -> str:
        """What stands above it."""
        return self.field.name.upper()


class Rate(Column):
    """Of a table: by how much a number grew since the last table, a second."""

    __slots__ = ()

    def __post_init__(self) -> None:
        # Without arguments, super() does not find its way into a class with slots.
        Column.__post_init__(self)
        check_number("a rate is one of", self.field)

    @property
    def name(self) -> str:
        return f"{self.field.name}_per_s"

    @property
    def title(self) -> str:
        return f"{self.field.name.upper()}/S"


class Bar(Column):
    """Of a table: a bar as long as a number is large beside the others; in text alone."""

    __slots__ = ()

    def __post_init__(self) -> None:
        Column.__post_init__(self)
        check_number("a bar shows", self.field)

    @property
    def title(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Index:
    """Of an array's table: the number of the entry.

    Attributes:
        name: what it means; in capitals above the column.
        width: in characters, to which text is filled up; 0 for the last column.
    """

    name: str
    width: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise RecordError(f"a column has a name, as in {type(self).__name__}('cpu', 8)")
        check_width(self.width)

    @property
    def title(self) -> str:
        return self.name.upper()


class Log2(Index):
    """Of an array's table: the range of numbers that entry n counts, from 2**n up to 2**(n+1)."""

    __slots__ = ()


AnyColumn = Column | Index


def check_number(what: str, field: Field) -> None:
    """Raises RecordError."""
    if not isinstance(field.type, Integer):
        raise RecordError(f"{what} a number, and {field.name} is none")


def check_width(width: object) -> None:
    """Raises RecordError."""
    if isinstance(width, bool) or not isinstance(width, int) or width < 0:
        raise RecordError(f"a column's width is a number of characters, not {width!r}")
