"""A span of a ring buffer, decoded: records as columns.

Nearly always all records are of one length, so they are decoded as the rows of a table, many in
one call, as those of a perf ring (spans.py).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tuxscope.loader.ring import RingError
from tuxscope.loader.ringbuf import DISCARDED, FIRST_RUN, HEADER, record_size, same_length
from tuxscope.loader.spans import LARGEST_PIECE, Columns, too_short
from tuxscope.record import RecordType

LONGEST_TABLE = 1 << 16  # bytes


class RingBufDecoder:
    """Decodes spans whose records are all of one kind."""

    def __init__(self, record: RecordType) -> None:
        self.record = record
        self._width = sum(field.type.width for field in record.fields.values())
        self._step = record_size(record.size)
        padding = self._step - HEADER - record.size
        self._format = f"{HEADER}x{record.raw.format[1:]}{padding}x"
        self._tables: dict[int, struct.Struct] = {}  # so many rows at once
        self._longest = max(LONGEST_TABLE // self._step, 1)

    @property
    def usual(self) -> int | None:
        """The length that nearly all records have."""
        return self.record.size

    def pieces(self, span: bytes, rows: int = LARGEST_PIECE) -> Iterator[Columns]:
        """Pieces of at most ``rows`` records.

        Raises RingError for a record that is too short, after a piece of what comes before it.
        """
        columns, at, run = self._nothing(), 0, FIRST_RUN
        view = memoryview(span)
        words = view.cast("I")
        step = self._step
        try:
            while at < len(span):
                count = min((len(span) - at) // step, run, rows - len(columns[0]))
                usual = same_length(words[at // 4 :], count, step, self.record.size)
                self._append(view[at : at + usual * step], columns)
                at += usual * step
                if 0 < usual == count:
                    run = min(run * 2, self._longest)
                else:
                    run = FIRST_RUN
                    at += self._one(view, at, words[at // 4], columns)
                if len(columns[0]) >= rows:
                    yield columns
                    columns = self._nothing()
        except RingError:
            if columns[0]:
                yield columns
            raise
        if columns[0]:
            yield columns

    def _nothing(self) -> Columns:
        return [[] for _ in range(self._width)]

    def _append(self, table: memoryview, columns: Columns) -> None:
        """Append a table's rows, so many at once as make a power of two."""
        while table:
            count = 1 << (len(table) // self._step).bit_length() - 1
            if count not in self._tables:
                self._tables[count] = struct.Struct("=" + self._format * count)
            flat = self._tables[count].unpack_from(table)
            for slot, column in enumerate(columns):
                column += flat[slot :: self._width]
            table = table[count * self._step :]

    def _one(self, view: memoryview, at: int, length: int, columns: Columns) -> int:
        """Decode one record of any length; how many bytes it takes."""
        if not length & DISCARDED:
            if length < self.record.size:
                raise too_short(self.record, length)
            values = self.record.raw.unpack_from(view, at + HEADER)
            for column, value in zip(columns, values, strict=True):
                column.append(value)
        return record_size(length)
