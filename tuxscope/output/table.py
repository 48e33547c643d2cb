"""Renders the entries of a map as a table of text, or as one JSON object per table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tuxscope.lean_typing import Any
from tuxscope.output.columns import AnyColumn, Rate
from tuxscope.output.compact import COMPACT
from tuxscope.output.fitting import fit, need_of
from tuxscope.output.lines import Style
from tuxscope.output.row import Row, values_of
from tuxscope.output.screen import columns, padded
from tuxscope.output.visible import as_text
from tuxscope.record import Field

Entries = Iterable[tuple[Any, Any]]


class Table:
    """Renders a series of tables with ``columns``, a sequence of AnyColumns, in ``style``, a Style.
    A rate is the change since the previous table, per second.

    Entries are (key, value) pairs. A key is a record or an array's index. A value is a record or,
    for a per-CPU map, a tuple with a record per CPU, whose integers are added up.

    Attributes:
        rows: the number of rows of the last table, an int.

    ``order_by`` is the Field to sort by, or None; keyword-only are ``sort``, an AnyColumn to sort
    by, or None, and ``most``, the number of rows shown, an int or None.
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
        """Return a list of the lines of a table of ``entries``, an iterable of (key, value) pairs.

        ``seconds`` is the time since the previous table, ``at`` the time since the start, both
        floats in seconds. ``room`` is the maximum width of a line of text in terminal columns; None
        for no limit.
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
        shown = [each for each in self._columns if each.in_json]
        objects = [{each.name: each.table_value(row) for each in shown} for row in rows]
        return [COMPACT({"seconds": round(at, 3), "rows": objects})]

    def again(self, room: int | None) -> list[str]:
        """Return a list of the lines of the last table as text for another ``room``, in terminal
        columns, or None."""
        texts = [[each.title, *each.table_texts(self._shown)] for each in self._columns]
        if room is None:
            widths: list[int | None] = [each.width for each in self._columns]
        else:
            widest = [max(map(columns, each)) for each in texts]
            self._widest = list(map(max, self._widest, widest))
            pairs = zip(self._columns, self._widest, strict=True)
            widths = fit([need_of(column, room, widest) for column, widest in pairs], room)
            texts = [
                [cell if width is None else column.shortened(cell, width) for cell in cells]
                for column, cells, width in zip(self._columns, texts, widths, strict=True)
            ]
        shown = [
            [padded(cell, width) for cell in cells]
            for cells, width in zip(texts, widths, strict=True)
            if width is not None
        ]
        return [" ".join(row).rstrip() for row in zip(*shown, strict=True)]


def without_empty_ends(rows: list[Row]) -> list[Row]:
    """Return a list of ``rows``, a list of Row, those of an array, from the first to the last with
    a non-zero value."""
    full = [at for at, row in enumerate(rows) if any(row.values.values())]
    return rows[full[0] : full[-1] + 1] if full else []


def sorted_by(column: AnyColumn, rows: Sequence[Row]) -> list[Row]:
    """Return a list of ``rows``, a sequence of Row, sorted by ``column``, an AnyColumn: numbers
    descending, text ascending, None last. The sort is stable."""
    values = {row: column.table_value(row) for row in rows}
    known = [row for row in rows if values[row] is not None]
    unknown = [row for row in rows if values[row] is None]
    if all(isinstance(values[row], int | float) for row in known):
        return sorted(known, key=lambda row: -values[row]) + unknown
    return sorted(known, key=lambda row: as_text(values[row])) + unknown
