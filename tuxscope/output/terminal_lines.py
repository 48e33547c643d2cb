"""Records as lines on a terminal, never wider than the terminal, even after a resize."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tuxscope.output.columns import Column
from tuxscope.output.fitting import fit, need_of
from tuxscope.output.lines import Cell, LineFormat, Style
from tuxscope.output.screen import cut, width_of
from tuxscope.record import RecordType


class TerminalLines:
    """A LineFormat of ``record``, a RecordType, with those of ``columns``, a sequence of Column,
    that fit on terminal ``fd``, an int; follows its width.

    Attributes:
        header: a str, a property.
    """

    def __init__(self, record: RecordType, columns: Sequence[Column], fd: int) -> None:
        self._record = record
        self._columns = columns
        self._fd = fd
        self._fit()

    def _fit(self) -> None:
        self._room = width_of(self._fd)
        widths = fit([need_of(each, self._room) for each in self._columns], self._room)
        pairs = zip(self._columns, widths, strict=True)
        kept = [(column, width) for column, width in pairs if width is not None]
        # If all columns fit, a longer text may use the rest of the line.
        spare = self._room - sum(width + 1 for _, width in kept) + 1
        cells = [
            Cell(min(column.width, width), None if column.is_number else width + spare)
            for column, width in kept
        ]
        cells[-1] = Cell(0, cells[-1].limit)
        columns = [column for column, _ in kept]
        self._format = LineFormat(Style.TEXT, self._record, columns, cells)

    @property
    def header(self) -> str:
        """The line of titles, a str with its newline."""
        return f"{cut(self._format.header.rstrip(), self._room)}\n"

    def changed_header(self) -> str:
        """Return the new header, a str, if a resize has changed the columns, else empty."""
        if width_of(self._fd) == self._room:
            return ""
        before = self.header
        self._fit()
        return self.header if self.header != before else ""

    def render(self, columns: Sequence[list[Any]]) -> bytes:
        """Return all lines as UTF-8, bytes; ``columns`` is a sequence of lists, one per value of
        ``RecordType.raw``."""
        data = self._format.render(columns)
        lines = data.split(b"\n")
        if data.isascii() and max(map(len, lines)) <= self._room:
            return data
        # A number may be wider than its column.
        return b"\n".join(cut(line.decode(), self._room).encode() for line in lines)
