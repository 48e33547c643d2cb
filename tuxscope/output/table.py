"""A map's entries as a table: rows for people, one JSON object for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tuxscope.lean_typing import Any
from tuxscope.output.columns import AnyColumn, Bar, Column, Index, Log2, Percentile, Rate
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
    """Renders one table after the other; rates are from one to the next.

    Entries are pairs of a key, which is a record or an array's index, and a value, which is a
    record or, of a per-CPU map, a tuple with one for each CPU: their numbers are added up.

    Attributes:
        rows: how many the last table had.
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
        """``order_by``: the number by which rows are sorted, the largest first; by its rate, where
        that is a column. Without it they stay in the order of the keys. ``sort``: the column by
        which they are sorted instead. ``most``: no more than so many, the first, are shown."""
        self._style = style
        self._columns = columns
        self._order_by = order_by
        self._sort = sort
        self._most = most
        self._by_rate = any(isinstance(each, Rate) and each.field is order_by for each in columns)
        self._before: dict[Any, dict[Field, Any]] = {}
        self._shown: Sequence[Row] = ()
        # The widest text of each column so far: what has got room keeps it from table to table.
        self._widest = [0] * len(columns)
        self.rows = 0

    def render(
        self, entries: Entries, seconds: float, at: float, room: int | None = None
    ) -> list[str]:
        """The lines of one table. ``seconds`` passed since the last, and ``at`` since the start.

        ``room``: no line of text is wider; with None there is room for all.
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
        """The last table as text once more, for a room that may be another."""
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
    """An entry.

    Attributes:
        key: a record, or an index.
        values: by field, those of the key among them.
        rates: by field, how much a number grew in a second.
    """

    __slots__ = ("key", "rates", "values")

    def __init__(self, key: Any, values: dict[Field, Any]) -> None:
        self.key = key
        self.values = values
        self.rates: dict[Field, float] = {}

    def compare(self, before: Mapping[Field, Any] | None, seconds: float) -> None:
        """Against the same entry some seconds ago, if there was one."""
        for field, value in self.values.items():
            if isinstance(value, int):
                grown = value - (before[field] if before else 0)
                # What was deleted in between began again.
                self.rates[field] = (grown if grown >= 0 else value) / seconds if seconds else 0.0


def values_of(key: Any, value: Any) -> dict[Field, Any]:
    """Key and value by field; numbers of several CPUs are added up, of all else the first counts
    that is not empty."""
    parts = value if isinstance(value, tuple) else (value,)
    values = fields_of(key) if isinstance(key, Record) else {}
    for field in type(parts[0]).fields.values():
        each = [getattr(part, field.name) for part in parts]
        numbers = isinstance(each[0], int)
        values[field] = sum(each) if numbers else next(filter(None, each), each[0])
    return values


def fields_of(record: Record) -> dict[Field, Any]:
    return {field: getattr(record, field.name) for field in type(record).fields.values()}


def without_empty_ends(rows: list[Row]) -> list[Row]:
    """An array's rows from the first that holds something to the last."""
    full = [at for at, row in enumerate(rows) if any(row.values.values())]
    return rows[full[0] : full[-1] + 1] if full else []


def sorted_by(column: AnyColumn, rows: Sequence[Row]) -> list[Row]:
    """Numbers from the largest on, all else as text from A to Z; what is not known comes last, and
    equal ones stay as they are."""
    values = {row: datum(column, row) for row in rows}
    known = [row for row in rows if values[row] is not None]
    unknown = [row for row in rows if values[row] is None]
    if all(isinstance(values[row], int | float) for row in known):
        return sorted(known, key=lambda row: -values[row]) + unknown
    return sorted(known, key=lambda row: as_text(values[row])) + unknown


def datum(column: AnyColumn, row: Row) -> Any:
    """What a column shows of a row, as JSON can hold it; of a range, where it begins."""
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
    """What makes a column's text of a row."""
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
    """A column's text in so many columns of a terminal: bars remain as long beside each other."""
    if isinstance(column, Bar):
        return BAR * -(-len(cell) * min(width, LONGEST_BAR) // LONGEST_BAR)
    return cut(cell, width)


def as_text(value: Any) -> str:
    if value is None:
        return NOTHING
    return visible(value) if isinstance(value, str) else COMPACT(value)


def first_of(index: int) -> int:
    """Where the range of a power of two begins; 0 is in the first."""
    return 1 << index if index else 0


def short(number: int) -> str:
    """A power of two, or 0, in few characters: ``64K``."""
    for bits, unit in UNITS:
        if number >= 1 << bits:
            return f"{number >> bits}{unit}"
    return str(number)
