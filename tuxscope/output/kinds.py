"""Records of several kinds as lines of one stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tuxscope.lean_dataclasses import dataclass, replace
from tuxscope.output.columns import Column
from tuxscope.output.lines import LineFormat, Style
from tuxscope.output.terminal_lines import TerminalLines
from tuxscope.output.visible import NOTHING
from tuxscope.record import RecordType


@dataclass(frozen=True, slots=True)
class AbsentColumn(Column):
    """A Column, a frozen dataclass: the empty cell of ``column`` in the line of a record without
    that field.

    Attributes:
        column: the Column that it stands for, or None.
    """

    column: Column | None = None

    @property
    def title(self) -> str:
        assert self.column
        return self.column.title

    @property
    def is_number(self) -> bool:
        assert self.column
        return self.column.is_number

    def stream_text(self, value: Any) -> str:
        """Return a dash, whatever ``value`` is."""
        return NOTHING


class KindLines:
    """The lines of a stream with several kinds of records; it has the methods of a LineFormat.

    A column shows the field of its name in each kind. For a kind without that field, text has a
    dash, and JSON leaves the key out.

    ``KindLines(style, records, columns, fd)``: a Style, a sequence of RecordType, one of Columns,
    and the terminal's fd, an int, or None.

    Attributes:
        header: a str, a property.
    """

    def __init__(
        self,
        style: Style,
        records: Sequence[RecordType],
        columns: Sequence[Column],
        fd: int | None = None,
    ) -> None:
        """Print as ``style``, a Style, the RecordTypes ``records`` with ``columns``, each a Column.
        ``fd``, an int, is the terminal that text is to fit into, or None."""
        self._formats: dict[RecordType, LineFormat | TerminalLines] = {}
        for each in records:
            own = list(columns_of(each, columns, style))
            self._formats[each] = (
                LineFormat(style, each, own) if fd is None else TerminalLines(each, own, fd)
            )

    @property
    def header(self) -> str:
        """The header above the lines, a str: that of any kind, as they all have the same titles."""
        return next(iter(self._formats.values())).header

    def changed_header(self) -> str:
        """Return the header again, a str, if another terminal width has changed the columns, else
        an empty str."""
        return max([each.changed_header() for each in self._formats.values()])

    def render(self, columns: Sequence[list[Any]]) -> bytes:
        """Return all lines, as bytes. ``columns`` is a sequence of three lists: of times, of record
        classes, and of tuples of what each record's ``raw`` unpacks."""
        _, records, rows = columns
        lines: dict[RecordType, Iterator[bytes]] = {}
        for kind in set(records):
            own = [row for record, row in zip(records, rows, strict=True) if record is kind]
            values = [list(column) for column in zip(*own, strict=True)]
            # What is printed has no line break in it.
            lines[kind] = iter(self._formats[kind].render(values).splitlines(keepends=True))
        return b"".join([next(lines[record]) for record in records])


def columns_of(record: RecordType, columns: Sequence[Column], style: Style) -> Iterator[Column]:
    """Yield a Column for each of ``columns``, a sequence of Column, as it shows ``record``, a
    RecordType: an AbsentColumn where that has no such field. ``style`` is a Style."""
    for column in columns:
        names = [column.name, *(each.name for each in column.others)]
        if all(name in record.fields for name in names):
            changes: dict[str, Any] = {"field": record.fields[column.field.name]}
            if column.others:
                changes["others"] = tuple(record.fields[each.name] for each in column.others)
            yield replace(column, **changes)
        elif style is Style.TEXT:
            first = next(iter(record.fields.values()))
            yield AbsentColumn(first, column.width, rank=column.rank, column=column)
