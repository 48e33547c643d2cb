"""The kinds of column: what each shows of a stream's records, or of a table's rows.

A kind says all of it itself: its name and title, the text and the JSON of a value, and how it is
shortened on a terminal. Nothing else asks which kind a column is of, but for an order by rate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from tuxscope.errors import shown
from tuxscope.lean_dataclasses import KW_ONLY, dataclass, field
from tuxscope.lean_typing import TYPE_CHECKING, Any, ClassVar
from tuxscope.output.screen import cut
from tuxscope.output.visible import as_text, plain
from tuxscope.record import Field, RecordError
from tuxscope.record.types import Integer

__all__ = [
    "AnyColumn", "Bar", "Clock", "Column", "Combined", "Index", "Labelled", "Log2", "Milliseconds",
    "Percentile", "Rate", "SyscallName",
]  # fmt: skip

if TYPE_CHECKING:
    from tuxscope.output.row import Row

BAR = "@"
SHORTEST_BAR, LONGEST_BAR = 6, 40
UNITS = ((60, "E"), (50, "P"), (40, "T"), (30, "G"), (20, "M"), (10, "K"))


class Cells:
    """Base of all kinds of column: the cells that they have in a table, and on a terminal.

    Attributes:
        in_json: whether JSON has it, and it can be named to sort by.
        only_of_tables: whether a stream cannot have it.
        span: a pair of int, the fewest and most useful terminal columns; None if texts tell.
        is_number: a bool, a property.
    """

    __slots__ = ()
    in_json: ClassVar[bool] = True
    only_of_tables: ClassVar[bool] = True
    span: ClassVar[tuple[int, int] | None] = None

    @property
    def is_number(self) -> bool:
        """Whether its texts are numbers, of which no digit may be cut off, a bool."""
        return True

    def table_value(self, row: Row) -> Any:
        """Return the column's value in ``row``, a Row, for JSON."""
        raise NotImplementedError

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        """Return a list with the column's text, a str, for each of ``rows``, Row objects."""
        return [as_text(self.table_value(row)) for row in rows]

    def shortened(self, text: str, width: int) -> str:
        """Return ``text`` cut to ``width`` terminal columns."""
        return cut(text, width)


@dataclass(frozen=True, slots=True)
class Column(Cells):
    """A Cells, a frozen dataclass: a column of text output, a key of JSON output.

    Attributes:
        field: the Field that it shows, as in ``HelloEvent.pid``.
        width: an int, in characters, to which text is filled up; 0 for the last column.
        rank: an int: on a terminal that is too narrow for all columns, those with the highest
            number shrink first, and go first; of equal ones, the rightmost.
        others: a tuple of Field, of the class.
        stream_text, stream_json: of the class, a method that makes a str of a value, or None.
        name, title, is_number: str, str and bool, properties.
    """

    field: Field
    width: int = 0
    _: KW_ONLY
    rank: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.field, Field):
            raise RecordError(
                f"a column shows a field, as in Column(HelloEvent.pid, 8), not {shown(self.field)}"
            )
        check_width(self.width)
        check_rank(self.rank)

    @property
    def name(self) -> str:
        """The key in JSON, a str."""
        return self.field.name

    @property
    def title(self) -> str:
        """The title above it, a str."""
        return self.field.name.upper()

    only_of_tables: ClassVar[bool] = False
    # The text and the JSON of a raw value in a stream; None where it is as the field's type says.
    stream_text: ClassVar[Callable[[Any, Any], str] | None] = None
    stream_json: ClassVar[Callable[[Any, Any], str] | None] = None
    # Fields whose values both of them get, too, in a tuple behind the column's own.
    others: ClassVar[tuple[Field, ...]] = ()

    @property
    def is_number(self) -> bool:
        from tuxscope.record.values import Optional

        return isinstance(self.field.type, Integer | Optional)

    def table_value(self, row: Row) -> Any:
        return plain(row.values[self.field])


class Rate(Column):
    """A Column of a table: by how much a number grew since the last table, a second."""

    __slots__ = ()
    only_of_tables = True

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

    def table_value(self, row: Row) -> float:
        return round(row.rates[self.field], 1)

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        return [f"{row.rates[self.field]:.0f}" for row in rows]


class Clock(Column):
    """A Column of a stream: ns of CLOCK_MONOTONIC as the time of day; in JSON as they are."""

    __slots__ = ()

    def __post_init__(self) -> None:
        Column.__post_init__(self)
        check_number("a time is", self.field)

    @property
    def title(self) -> str:
        return "TIME"

    def stream_text(self, value: int) -> str:
        """Return ``value``, an int, in ns of CLOCK_MONOTONIC, as local time, to the millisecond."""
        now = time.time_ns() - time.monotonic_ns() + value
        return f"{time_of_day(now // 1_000_000_000)}.{now // 1_000_000 % 1000:03d}"


@lru_cache(16)
def time_of_day(seconds: int) -> str:
    """Return ``seconds`` since the epoch as local time, as ``12:34:56``."""
    return time.strftime("%H:%M:%S", time.localtime(seconds))


class Milliseconds(Column):
    """A Column of a stream: 64 bits of nanoseconds as milliseconds; all ones are unknown."""

    __slots__ = ()

    def stream_text(self, value: int) -> str:
        return f"{value / 1e6:.3f}" if value + 1 < 1 << 64 else "-"


@dataclass(frozen=True, slots=True)
class Labelled(Column):
    """A Column of a stream, a frozen dataclass: a number, or the label for it in ``labels``, a
    mapping of int to str; in JSON the number."""

    labels: Mapping[int, str] = field(default=MappingProxyType({}), compare=False)

    def stream_text(self, value: int) -> str:
        return self.labels.get(value, str(value))

    @property
    def is_number(self) -> bool:
        return False


class SyscallName(Column):
    """A Column: the name of a system call of the running machine, by its number; that of a number
    without a name is ``syscall_9999``. JSON has it as ``syscall``.

    A number alone does not say in which ABI the call was made, so calls of 32-bit processes have
    wrong names (docs/pages.md).
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        Column.__post_init__(self)
        check_number("a system call is known by", self.field)

    @property
    def name(self) -> str:
        return "syscall"

    @property
    def title(self) -> str:
        return "SYSCALL"

    def stream_text(self, value: int) -> str:
        from tuxscope.abi.native import native_name  # a table of names that few pages need

        return native_name(value)

    def stream_json(self, value: int) -> str:
        return f'"{self.stream_text(value)}"'

    @property
    def is_number(self) -> bool:
        return False

    def table_value(self, row: Row) -> str:
        return self.stream_text(row.values[self.field])


@dataclass(frozen=True, slots=True)
class Combined(Column):
    """A Column of a stream, a frozen dataclass: what a function makes of several raw values.

    Attributes:
        others: a tuple of the Fields behind its own, which gives it the name. None has 16 or 64
            bits: those are others on each line, and lines are kept by the values of such columns.
        combine: a function that takes a tuple of raw values and returns a str, or None.
    """

    others: tuple[Field, ...] = ()  # type: ignore[misc]
    combine: Callable[[tuple[Any, ...]], str | None] = str

    def stream_text(self, values: tuple[Any, ...]) -> str:
        return self.combine(values) or "-"

    def stream_json(self, values: tuple[Any, ...]) -> str:
        from json import dumps

        return dumps(self.combine(values))

    @property
    def is_number(self) -> bool:
        return False


class Bar(Column):
    """A Column of a table: a bar as long as a number is large beside the others; in text alone."""

    __slots__ = ()
    in_json = False
    only_of_tables = True
    span = (SHORTEST_BAR, LONGEST_BAR)

    def __post_init__(self) -> None:
        Column.__post_init__(self)
        check_number("a bar shows", self.field)

    @property
    def title(self) -> str:
        return ""

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        most = max((row.values[self.field] for row in rows), default=0) or 1
        return [BAR * -(-row.values[self.field] * LONGEST_BAR // most) for row in rows]

    def shortened(self, text: str, width: int) -> str:
        """Return bar ``text`` for ``width``, an int, terminal columns, in the same proportion."""
        return BAR * -(-len(text) * min(width, LONGEST_BAR) // LONGEST_BAR)


@dataclass(frozen=True, slots=True)
class Percentile(Column):
    """A Column of a table, a frozen dataclass: ``percent``, an int, percent of the microseconds
    counted in an array are no more than this; 50 is the median.

    The array's element n counts what is n up to 3, and from there on a quarter of a power of two:
    element ``4 * k + m`` what begins with ``2**k + m * 2**(k - 2)``.
    """

    percent: int = 50

    @property
    def name(self) -> str:
        return f"{self.field.name}_p{self.percent}_ms"

    @property
    def title(self) -> str:
        return f"P{self.percent}_MS"

    @property
    def is_number(self) -> bool:
        return True

    def table_value(self, row: Row) -> float | None:
        return self.of(row.values[self.field])

    def of(self, counts: Sequence[int]) -> float | None:
        """Return the percentile of ``counts``, ints by element, in milliseconds, a float: the
        middle of its range; None where nothing was counted."""
        wanted = sum(counts) * self.percent / 100
        before = 0
        for element, count in enumerate(counts):
            before += count
            if count and before >= wanted:
                power, quarter = divmod(element, 4)
                if element < 4 or power < 2:
                    return element / 1000
                width = 1 << power - 2
                return ((1 << power) + quarter * width + width / 2) / 1000
        return None


@dataclass(frozen=True, slots=True)
class Index(Cells):
    """A Cells of an array's table, a frozen dataclass: the number of the entry.

    Attributes:
        name: a str, what it means; in capitals above the column.
        width: an int, in characters, to which text is filled up; 0 for the last column.
        rank: an int, as that of a Column.
        title: a str, a property.
    """

    name: str
    width: int = 0
    _: KW_ONLY
    rank: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise RecordError(f"a column has a name, as in {type(self).__name__}('cpu', 8)")
        check_width(self.width)
        check_rank(self.rank)

    @property
    def title(self) -> str:
        return self.name.upper()

    def table_value(self, row: Row) -> Any:
        return row.key


class Log2(Index):
    """An Index: the range of numbers that entry n counts, from 2**n up to 2**(n+1)."""

    __slots__ = ()

    def table_value(self, row: Row) -> int:
        """Return where the range of ``row``, a Row, begins, an int; 0 is in the first."""
        return 1 << row.key if row.key else 0

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        return [f"[{short(self.table_value(row))}, {short(2 << row.key)})" for row in rows]


AnyColumn = Column | Index


def short(number: int) -> str:
    """Return ``number``, a power of two or 0, in few characters, a str: ``64K``."""
    for bits, unit in UNITS:
        if number >= 1 << bits:
            return f"{number >> bits}{unit}"
    return str(number)


def check_number(what: str, field: Field) -> None:
    """Raise RecordError, whose message begins with ``what``, unless ``field`` is an integer."""
    if not isinstance(field.type, Integer):
        raise RecordError(f"{what} a number, and {field.name} is not a number")


def check_width(width: object) -> None:
    """Raise RecordError unless ``width`` is a number of characters."""
    if isinstance(width, bool) or not isinstance(width, int) or width < 0:
        raise RecordError(f"a column's width is a number of characters, not {shown(width)}")


def check_rank(rank: object) -> None:
    """Raise RecordError unless ``rank`` is an integer."""
    if isinstance(rank, bool) or not isinstance(rank, int):
        raise RecordError(
            f"a column's rank is an integer, 0 for the most important, not {shown(rank)}"
        )
