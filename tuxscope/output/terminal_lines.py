"""Records as lines on a terminal: none is wider than it, also after its width has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tuxscope.output.columns import Column
from tuxscope.output.fitting import fit, need_of
from tuxscope.output.lines import Cell, LineFormat, Style
from tuxscope.output.screen import cut, width_of
from tuxscope.record import RecordType


class TerminalLines:
    """A LineFormat of as many columns as there is room for, made anew when that changes."""

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
        # Where all fit, one that is longer than its column may take what is left of the line.
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
        """What stands above the lines, its newline included."""
        return f"{cut(self._format.header.rstrip(), self._room)}\n"

    def renewed(self) -> str:
        """The header anew where another width has changed the columns, else nothing."""
        if width_of(self._fd) == self._room:
            return ""
        before = self.header
        self._fit()
        return self.header if self.header != before else ""

    def render(self, columns: Sequence[list[Any]]) -> bytes:
        """All lines, as LineFormat.render has them."""
        data = self._format.render(columns)
        lines = data.split(b"\n")
        if data.isascii() and max(map(len, lines)) <= self._room:
            return data
        # Numbers have as many digits as they have.
        return b"\n".join(cut(line.decode(), self._room).encode() for line in lines)
