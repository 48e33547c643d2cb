"""A span of a ring buffer, decoded: records as columns.

Where all records have one length, they are decoded as the rows of a table, many in one call, as
those of a perf ring (spans.py). Records of several kinds, or with a tail, come one by one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from tuxscope.asm.maps import RingBuf
from tuxscope.lean_typing import Any
from tuxscope.loader.ring import RingError
from tuxscope.loader.ringbuf import DISCARDED, FIRST_RUN, HEADER, WORD, record_size, same_length
from tuxscope.loader.spans import LARGEST_PIECE, Columns
from tuxscope.record import Field, RecordError, RecordType

LONGEST_TABLE = 1 << 16  # bytes
TIME, RECORD, VALUES = range(3)  # columns of records of several kinds


def too_short(record: RecordType, length: int) -> RingError:
    """The error of ``length`` bytes that are no whole record."""
    return RingError(
        f"{record.__name__} is {record._layout.least} bytes long, there are {length}: the program "
        "sends less than it declares"
    )


class RingBufDecoder:
    """Decodes the records of a ring buffer, one by one.

    Records of one kind, with or without a tail, have a column for each value. Records of several
    kinds have three: the time, which is 0 without ``order_by``; the record's class; and its values
    in a tuple.

    Attributes:
        usual: the length of all records, or None if it varies.
        slot: which column has the time.
    """

    def __init__(self, events: RingBuf, order_by: Field | None = None) -> None:
        """``order_by``: a field with the time, which each record has by that name."""
        self.usual: int | None = None
        self.slot = order_by.slot if order_by else 0
        self._kinds = events.kinds
        self._width = sum(field.type.width for field in events.record.fields.values())
        self._times: dict[RecordType, int] = {}
        if self._kinds.kind:
            self._width = 3
            self.slot = TIME
            if order_by:
                name = order_by.name
                self._times = {each: each.fields[name].slot for each in events.records}

    def nothing(self) -> Columns:
        """The columns of no records."""
        return [[] for _ in range(self._width)]

    def append(self, data: memoryview, columns: Columns) -> None:
        """Append what a program sent. Raises RingError."""
        try:
            record = self._kinds.of(data)
            layout = record._layout
            if len(data) < layout.least:
                raise too_short(record, len(data))
            values: Sequence[Any]
            values = layout.unpack(data) if layout.tail else layout.raw.unpack_from(data)
        except RecordError as error:
            raise RingError(str(error)) from None
        if self._kinds.kind:
            time = values[self._times[record]] if self._times else 0
            values = (time, record, values)
        for column, value in zip(columns, values, strict=True):
            column.append(value)

    def pieces(self, span: bytes, rows: int = LARGEST_PIECE) -> Iterator[Columns]:
        """Pieces of at most ``rows`` records.

        Raises RingError for what is no record, after a piece of what comes before it.
        """
        columns, at = self.nothing(), 0
        view = memoryview(span)
        try:
            while at < len(span):
                at = self._some(view, at, rows - len(columns[0]), columns)
                if len(columns[0]) >= rows:
                    yield columns
                    columns = self.nothing()
        except RingError:
            if columns[0]:
                yield columns
            raise
        if columns[0]:
            yield columns

    def _some(self, view: memoryview, at: int, most: int, columns: Columns) -> int:
        """Append 1 to ``most`` records; returns where the next one begins."""
        (length,) = WORD.unpack_from(view, at)
        if not length & DISCARDED:
            start = at + HEADER
            self.append(view[start : start + length], columns)
        return at + record_size(length)


class TableDecoder(RingBufDecoder):
    """Decodes records of one kind and length, many in one call; others in between one by one."""

    def __init__(self, events: RingBuf, order_by: Field | None = None) -> None:
        super().__init__(events, order_by)
        record = events.record
        self.usual = record.size
        self._step = record_size(record.size)
        padding = self._step - HEADER - record.size
        self._format = f"{HEADER}x{record.raw.format[1:]}{padding}x"
        self._tables: dict[int, struct.Struct] = {}  # so many rows at once
        self._longest = max(LONGEST_TABLE // self._step, 1)
        self._run = FIRST_RUN  # how many headers to look at together

    def _some(self, view: memoryview, at: int, most: int, columns: Columns) -> int:
        assert self.usual is not None
        step = self._step
        count = min((len(view) - at) // step, self._run, most)
        same = same_length(view[at:].cast("I"), count, step, self.usual)
        self._append_table(view[at : at + same * step], columns)
        if 0 < same == count:
            self._run = min(self._run * 2, self._longest)
            return at + same * step
        self._run = FIRST_RUN
        return super()._some(view, at + same * step, 1, columns)

    def _append_table(self, table: memoryview, columns: Columns) -> None:
        """Append a table's rows, so many at once as make a power of two."""
        while table:
            count = 1 << (len(table) // self._step).bit_length() - 1
            if count not in self._tables:
                self._tables[count] = struct.Struct("=" + self._format * count)
            flat = self._tables[count].unpack_from(table)
            for slot, column in enumerate(columns):
                column += flat[slot :: self._width]
            table = table[count * self._step :]


def decoder_of(events: RingBuf, order_by: Field | None = None) -> RingBufDecoder:
    """The fastest decoder for what comes through a ring buffer."""
    one_length = len(events.records) == 1 and not events.record._layout.tail
    return (TableDecoder if one_length else RingBufDecoder)(events, order_by)
