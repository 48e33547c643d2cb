"""A span of a ring buffer, decoded: records as columns.

Where all records have one length, they are decoded as the rows of a table, many in one call, as
those of a perf ring (span_decoder.py). Records of several kinds, or with a tail, come one by one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from tuxscope.asm.maps import RingBuf
from tuxscope.lean_typing import Any
from tuxscope.loader.ring import RingError
from tuxscope.loader.ringbuf import DISCARDED, FIRST_RUN, HEADER, WORD, record_size, same_length
from tuxscope.loader.span_decoder import LARGEST_BATCH, Columns, RowTable
from tuxscope.record import Field, RecordError, RecordType

LONGEST_TABLE = 1 << 16  # bytes
SHORTEST_RUN = 4  # records for which a table is worth its price
MOST_TABLES = 64  # by length, each for several numbers of rows
TIME, RECORD, VALUES = range(3)  # columns of records of several kinds


def too_short(record: RecordType, length: int) -> RingError:
    """Return the RingError for ``length`` bytes, an int, that are no whole ``record``, a
    RecordType."""
    return RingError(
        f"{record.__name__} is {record._layout.least} bytes long, there are {length}: the program "
        "sends less than it declares"
    )


def parser_of(record: RecordType) -> Callable[[memoryview, int, int], tuple[Any, ...]]:
    """Return a function for ``record``, a RecordType: it takes a memoryview, an offset and a
    length, both in bytes, and returns the values there as a tuple; it raises RingError."""
    layout = record._layout
    least, fixed = layout.least, layout.raw.unpack_from

    def parse(view: memoryview, start: int, length: int) -> tuple[Any, ...]:
        if length < least:
            raise too_short(record, length)
        return fixed(view, start)

    if not layout.tail:
        return parse
    head, most = layout.head.unpack_from, layout.tail.size
    counter = record.fields[layout.tail.type.counted_by].slot

    def parse_tail(view: memoryview, start: int, length: int) -> tuple[Any, ...]:
        if length < least:
            raise too_short(record, length)
        values = head(view, start)
        end = least + values[counter]
        if end > length or values[counter] > most:
            try:
                layout.unpack(view[start : start + length])
            except RecordError as error:
                raise RingError(str(error)) from None
        return (*values, bytes(view[start + least : start + end]))

    return parse_tail


class RingBufDecoder:
    """Decodes the records of ``events``, a RingBuf, one by one; ``order_by`` is a Field with the
    time, or None.

    Records of one kind, with or without a tail, have a column for each value. Records of several
    kinds have three: the time, which is 0 without ``order_by``; the record's class; and its values
    in a tuple.

    Attributes:
        usual: an int or None, the length of all records in bytes, or None if it varies.
        slot: the index of the column with the time.
    """

    def __init__(self, events: RingBuf, order_by: Field | None = None) -> None:
        """``events`` is the RingBuf; ``order_by`` is a Field with the time, which each record has
        by that name, or None."""
        self.usual: int | None = None
        self.slot = order_by.slot if order_by else 0
        self._kinds = events.kinds
        self._width = sum(field.type.width for field in events.record.fields.values())
        self._parse = parser_of(events.record)
        if self._kinds.kind:
            self.slot, self._width = TIME, 3
            self._number = struct.Struct("=" + self._kinds.kind.type.format)
            self._by_kind = {
                number: (each, parser_of(each), each.fields[order_by.name].slot if order_by else -1)
                for number, each in self._kinds.by_kind.items()
            }

    def nothing(self) -> Columns:
        """Return the Columns of no records: empty lists."""
        return [[] for _ in range(self._width)]

    def append(self, data: memoryview, columns: Columns) -> None:
        """Append the record in ``data``, a memoryview of what a program sent, to ``columns``,
        Columns. Raises RingError."""
        self._append(data, 0, len(data), columns)

    def _append(self, view: memoryview, start: int, length: int, columns: Columns) -> None:
        """The same for ``length`` bytes at ``start``."""
        if not self._kinds.kind:
            for column, value in zip(columns, self._parse(view, start, length), strict=True):
                column.append(value)
            return
        number = -1  # of no record, like a length that has no room for it
        if length >= self._number.size:
            (number,) = self._number.unpack_from(view, start)
        if number not in self._by_kind:
            try:
                self._kinds.of(view[start : start + length])
            except RecordError as error:
                raise RingError(str(error)) from None
        record, parse, slot = self._by_kind[number]
        values = parse(view, start, length)
        columns[TIME].append(values[slot] if slot >= 0 else 0)
        columns[RECORD].append(record)
        columns[VALUES].append(values)

    def batches(self, span: bytes, rows: int = LARGEST_BATCH) -> Iterator[Columns]:
        """Yield the records in ``span``, bytes of the ring buffer, as Columns of at most ``rows``
        records, an int.

        Raises RingError for bytes that are no record, after a batch of the records before them.
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
            self._append(view, at + HEADER, length, columns)
        return at + record_size(length)


class TableDecoder(RingBufDecoder):
    """A RingBufDecoder for ``events``, a RingBuf of records of one kind and length: many in one
    call; others in between one by one. ``order_by`` is a Field with the time, or None."""

    def __init__(self, events: RingBuf, order_by: Field | None = None) -> None:
        super().__init__(events, order_by)
        record = events.record
        self.usual = record.size
        self._step = record_size(record.size)
        padding = self._step - HEADER - record.size
        self._table = RowTable(f"{HEADER}x{record.raw.format[1:]}{padding}x", self._width)
        self._longest = max(LONGEST_TABLE // self._step, 1)
        self._run = FIRST_RUN  # how many headers to look at together

    def _some(self, view: memoryview, at: int, most: int, columns: Columns) -> int:
        assert self.usual is not None
        step = self._step
        count = min((len(view) - at) // step, self._run, most)
        same = same_length(view[at:].cast("I"), count, step, self.usual)
        self._table.append(view[at : at + same * step], columns)
        if 0 < same == count:
            self._run = min(self._run * 2, self._longest)
            return at + same * step
        self._run = FIRST_RUN
        return super()._some(view, at + same * step, 1, columns)


class TailDecoder(RingBufDecoder):
    """A RingBufDecoder for ``events``, a RingBuf of records of one kind with a tail: those that
    follow each other and have one length many in one call. ``order_by`` is a Field with the time,
    or None."""

    def __init__(self, events: RingBuf, order_by: Field | None = None) -> None:
        super().__init__(events, order_by)
        record = events.record
        tail = record._layout.tail
        assert tail
        self._head = record._layout.head.format[1:]
        self._least = record._layout.least
        self._most = tail.size
        self._counter = record.fields[tail.type.counted_by].slot
        self._tables: dict[int, RowTable] = {}  # by length
        self._run = FIRST_RUN  # how many headers to look at together

    def _some(self, view: memoryview, at: int, most: int, columns: Columns) -> int:
        (length,) = WORD.unpack_from(view, at)
        step = record_size(length)
        count = min((len(view) - at) // step, self._run, most)
        if count < SHORTEST_RUN or not self._least <= length <= self._least + self._most:
            return super()._some(view, at, most, columns)
        if WORD.unpack_from(view, at + step)[0] != length:
            return super()._some(view, at, most, columns)
        same = same_length(view[at:].cast("I"), count, step, length)
        if same < SHORTEST_RUN or not self._append_table(view, at, same, length, columns):
            return super()._some(view, at, most, columns)
        self._run = min(self._run * 2, LONGEST_TABLE // step + 1) if same == count else FIRST_RUN
        self.usual = length  # it probably goes on so
        return at + same * step

    def _append_table(
        self, view: memoryview, at: int, count: int, length: int, columns: Columns
    ) -> bool:
        """Append ``count`` records of one length; tells whether the tail of each has that, too."""
        own = length - self._least
        if length not in self._tables:
            if len(self._tables) >= MOST_TABLES:
                self._tables.clear()
            padding = record_size(length) - HEADER - length
            row = f"{HEADER}x{self._head}{own}s{padding}x"
            self._tables[length] = RowTable(row, self._width)
        before = len(columns[0])
        step = record_size(length)
        self._tables[length].append(view[at : at + count * step], columns)
        counters = columns[self._counter][before:]
        if counters.count(own) == count:
            return True
        for column in columns:
            del column[before:]
        return False


def decoder_of(events: RingBuf, order_by: Field | None = None) -> RingBufDecoder:
    """Return the fastest RingBufDecoder for the records of ``events``, a RingBuf; ``order_by`` is a
    Field with the time, or None."""
    if len(events.records) > 1:
        return RingBufDecoder(events, order_by)
    return (TailDecoder if events.record._layout.tail else TableDecoder)(events, order_by)
