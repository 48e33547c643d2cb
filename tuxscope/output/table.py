"""Renders the entries of a map as a table of text, or as one JSON object per table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tuxscope.columns import AnyColumn, Bar, Column, Index, Log2, Percentile, Rate
from tuxscope.lean_typing import Any
from tuxscope.output.compact import COMPACT
from tuxscope.output.fitting import LONGEST_BAR, fit, need_of
from tuxscope.output.lines import NOTHING, Style, plain
from tuxscope.output.screen import columns, cut, padded
from tuxscope.output.visible import visible
from tuxscope.record import Field, Record

Entries = Iterable[tuple[Any, Any]]
BAR = "@"
UNITS = ((60, "E"), (50, "P"), (40, "T"), (30, "G"), (20, "M"), (10, "K"))


class Table:
    """Renders a series of tables. A rate is the change since the previous table, per second.

    Entries are (key, value) pairs. A key is a record or an array's index. A value is a record or,
    for a per-CPU map, a tuple with a record per CPU, whose integers are added up.

    Attributes:
        rows: number of rows of the last table.
    """

    def __init__(
        self,
        style: Style,
        columns: Sequence[AnyColumn],
        order_by: Field | None = None,
        *,
        sort: AnyColumn | None = None,
        most: int | None = None,
    ) -> None:
        """``order_by``: numeric field to sort by, largest first; by its rate if a column shows it.

        Without it, rows are sorted by key. ``sort``: column to sort by instead (``--sort``).
        ``most``: maximum number of rows (``--rows``).
        """
        self._style = style
        self._columns = columns
        self._order_by = order_by
        self._sort = sort
        self._most = most
        self._by_rate = any(isinstance(each, Rate) and each.field is order_by for each in columns)
        self._before: dict[Any, dict[Field, Any]] = {}
        self._shown: Sequence[Row] = ()
        # The widest text of each column so far, so that columns do not become narrower again.
        self._widest = [0] * len(columns)
        self.rows = 0

    def render(
        self, entries: Entries, seconds: float, at: float, room: int | None = None
    ) -> list[str]:
        """Return the lines of a table.

        ``seconds`` is the time since the previous table, ``at`` the time since the start. ``room``
        is the maximum width of a line of text in terminal columns; None for no limit.
        """
        rows = [Row(key, values_of(key, value)) for key, value in entries]
        if rows and isinstance(rows[0].key, int):
            rows = without_empty_ends(rows)
        for row in rows:
            row.compare(self._before.get(row.key), seconds)
        self._before = {row.key: row.values for row in rows}
        rows.sort(key=lambda row: row.key if isinstance(row.key, int) else bytes(row.key))
        if self._sort:
            rows = sorted_by(self._sort, rows)
        elif order := self._order_by:
            rows.sort(key=lambda row: self._rank(row, order), reverse=True)
        rows = rows[: self._most]
        self.rows = len(rows)
        self._shown = rows
        return self._as_json(rows, at) if self._style is Style.JSON else self.again(room)

    def _rank(self, row: Row, field: Field) -> tuple[float, int]:
        return (row.rates[field] if self._by_rate else 0.0), row.values[field]

    def _as_json(self, rows: Sequence[Row], at: float) -> list[str]:
        shown = [each for each in self._columns if not isinstance(each, Bar)]
        objects = [{each.name: datum(each, row) for each in shown} for row in rows]
        return [COMPACT({"seconds": round(at, 3), "rows": objects})]

    def again(self, room: int | None) -> list[str]:
        """Return the lines of the last table as text for another ``room``."""
        texts = [
            [column.title, *map(cell_maker(column, self._shown), self._shown)]
            for column in self._columns
        ]
        if room is None:
            widths: list[int | None] = [each.width for each in self._columns]
        else:
            widest = [max(map(columns, each)) for each in texts]
            self._widest = list(map(max, self._widest, widest))
            pairs = zip(self._columns, self._widest, strict=True)
            widths = fit([need_of(column, room, widest) for column, widest in pairs], room)
            texts = [
                [cell if width is None else narrowed(column, cell, width) for cell in cells]
                for column, cells, width in zip(self._columns, texts, widths, strict=True)
            ]
        shown = [
            [padded(cell, width) for cell in cells]
            for cells, width in zip(texts, widths, strict=True)
            if width is not None
        ]
        return [" ".join(row).rstrip() for row in zip(*shown, strict=True)]


class Row:
    """A row of a table: an entry of the map.

    Attributes:
        key: a record, or the index of an array.
        values: values by field, including those of the key.
        rates: change per second by field.
    """

    __slots__ = ("key", "rates", "values")

    def __init__(self, key: Any, values: dict[Field, Any]) -> None:
        self.key = key
        self.values = values
        self.rates: dict[Field, float] = {}

    def compare(self, before: Mapping[Field, Any] | None, seconds: float) -> None:
        """Compute the rates from the values ``seconds`` ago; None for a new entry."""
        for field, value in self.values.items():
            if isinstance(value, int):
                grown = value - (before[field] if before else 0)
                # A smaller value: the entry was deleted and created again.
                self.rates[field] = (grown if grown >= 0 else value) / seconds if seconds else 0.0


def values_of(key: Any, value: Any) -> dict[Field, Any]:
    """The values of a key and a value by field.

    Integers of several CPUs are added up; of other types, the first non-empty value counts.
    """
    parts = value if isinstance(value, tuple) else (value,)
    values = fields_of(key) if isinstance(key, Record) else {}
    for field in type(parts[0]).fields.values():
        each = [getattr(part, field.name) for part in parts]
        numbers = isinstance(each[0], int)
        values[field] = sum(each) if numbers else next(filter(None, each), each[0])
    return values


def fields_of(record: Record) -> dict[Field, Any]:
    """The values of a record by field."""
    return {field: getattr(record, field.name) for field in type(record).fields.values()}


def without_empty_ends(rows: list[Row]) -> list[Row]:
    """The rows of an array from the first to the last with a non-zero value."""
    full = [at for at, row in enumerate(rows) if any(row.values.values())]
    return rows[full[0] : full[-1] + 1] if full else []


def sorted_by(column: AnyColumn, rows: Sequence[Row]) -> list[Row]:
    """Sort rows by a column: numbers descending, text ascending, None last. The sort is stable."""
    values = {row: datum(column, row) for row in rows}
    known = [row for row in rows if values[row] is not None]
    unknown = [row for row in rows if values[row] is None]
    if all(isinstance(values[row], int | float) for row in known):
        return sorted(known, key=lambda row: -values[row]) + unknown
    return sorted(known, key=lambda row: as_text(values[row])) + unknown


def datum(column: AnyColumn, row: Row) -> Any:
    """The value of a column in a row, as a JSON type; for Log2, the start of the range."""
    match column:
        case Log2():
            return first_of(row.key)
        case Index():
            return row.key
        case Rate(field=field):
            return round(row.rates[field], 1)
        case Percentile(field=field):
            return column.of(row.values[field])
        case Column(field=field):
            return plain(row.values[field])


def cell_maker(column: AnyColumn, rows: Sequence[Row]) -> Callable[[Row], str]:
    """Return a function from a row to the text of a column."""
    match column:
        case Log2():
            return lambda row: f"[{short(first_of(row.key))}, {short(2 << row.key)})"
        case Bar(field=field):
            most = max((row.values[field] for row in rows), default=0) or 1
            return lambda row: BAR * -(-row.values[field] * LONGEST_BAR // most)
        case Rate(field=field):
            return lambda row: f"{row.rates[field]:.0f}"
    return lambda row: as_text(datum(column, row))


def narrowed(column: AnyColumn, cell: str, width: int) -> str:
    """The text of a cell in ``width`` terminal columns; bars are scaled, other text truncated."""
    if isinstance(column, Bar):
        return BAR * -(-len(cell) * min(width, LONGEST_BAR) // LONGEST_BAR)
    return cut(cell, width)


def as_text(value: Any) -> str:
    """A JSON value as the text of a cell; "-" for None."""
    if value is None:
        return NOTHING
    return visible(value) if isinstance(value, str) else COMPACT(value)


def first_of(index: int) -> int:
    """The start of range ``index`` of Log2: 2**index, and 0 for the first."""
    return 1 << index if index else 0


def short(number: int) -> str:
    """A power of two, or 0, in short: ``64K``."""
    for bits, unit in UNITS:
        if number >= 1 << bits:
            return f"{number >> bits}{unit}"
    return str(number)
