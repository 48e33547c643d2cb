"""Decodes the bytes of a ring: samples as columns, and the number of lost samples.

A record begins with ``struct perf_event_header``: type u32, misc u16, size u16, and its size is
a multiple of 8. After it a sample has a u32, the size of its data, and the bytes that the
program sent, rounded up by the kernel. Nearly always all records are samples of one size, so
they are decoded as the rows of a table, many in one call; everything else is taken one by one.

The result is columns, a list for each value of the record: no object is made for a row that
the caller may not need.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tuxscope.lean_typing import Any
from tuxscope.loader.ring import RingError
from tuxscope.record import RecordType

RECORD_LOST = 2
RECORD_SAMPLE = 9

HEADER = struct.Struct("=IHH")
WORD = struct.Struct("=Q")
LOST = struct.Struct("=8xQQ")  # id, lost
SAMPLE_DATA = 12  # where a sample's data begins, after the header and its size

FIRST_RUN = 32  # the number of records checked together, at first
LONGEST_RUN = 1 << 16  # and at most, in bytes
LARGEST_BATCH = 4096  # rows: few enough to stay in the processor's cache

# A list for each value that ``record.raw`` unpacks; all have an element for each sample.
Columns = list[list[Any]]


def room_for(size: int) -> int:
    """Return the bytes of data in a sample, an int, when a program sends ``size`` bytes: the
    sample's size and data together are rounded up to 8 (perf_prepare_sample)."""
    return -(-(SAMPLE_DATA + size) // 8) * 8 - SAMPLE_DATA


def too_short(record: RecordType, room: int) -> RingError:
    """Return the RingError for a sample whose ``room``, the number of its bytes of data, is less
    than the size of ``record``, a RecordType."""
    return RingError(
        f"a sample of {room} bytes, but {record.__name__} has {record.size}: send "
        f"{record.__name__}.size bytes"
    )


class RowTable:
    """Unpacks tables: equal rows, one behind the other.

    ``row``, a str, is the struct format of a row, without a byte order; it has ``width`` values, an
    int.
    """

    def __init__(self, row: str, width: int) -> None:
        self._row = row
        self._width = width
        self._step = struct.calcsize(f"={row}")
        self._by_count: dict[int, struct.Struct] = {}  # by number of rows

    def append(self, table: memoryview, columns: Columns) -> None:
        """Append the rows of ``table``, a memoryview, to ``columns``, Columns, in groups of a power
        of two."""
        while table:
            count = 1 << (len(table) // self._step).bit_length() - 1
            if count not in self._by_count:
                self._by_count[count] = struct.Struct("=" + self._row * count)
            flat = self._by_count[count].unpack_from(table)
            for slot, column in enumerate(columns):
                column += flat[slot :: self._width]
            table = table[count * self._step :]


class SpanDecoder:
    """Decodes spans whose samples have one ``record``, a RecordType.

    Attributes:
        record: the RecordType.
    """

    def __init__(self, record: RecordType) -> None:
        self.record = record
        self._width = sum(field.type.width for field in record.fields.values())
        self._step = SAMPLE_DATA + room_for(record.size)
        tail = self._step - SAMPLE_DATA - record.size
        row = f"{SAMPLE_DATA}x{record.raw.format[1:]}{tail}x"
        self._row = struct.Struct(f"={row}")
        self._table = RowTable(row, self._width)
        self._longest = max(LONGEST_RUN // self._step, 1)
        self._usual: set[bytes] = set()  # headers known to be a sample of this size

    def decode(self, span: bytes, rows: list[tuple[Any, ...]]) -> int:
        """Append each sample in ``span``, new bytes of a ring, to ``rows``, a list of tuples, as
        ``record.raw`` unpacks it; return how many lost samples the LOST records report, an int.

        Raises RingError for an invalid record, or a sample too short for the record type.
        """
        lost = 0
        for columns, reported in self.batches(span):
            rows.extend(zip(*columns, strict=True))
            lost += reported
        return lost

    def batches(self, span: bytes, rows: int = LARGEST_BATCH) -> Iterator[tuple[Columns, int]]:
        """Yield the samples in ``span``, new bytes of a ring, as pairs: Columns of at most ``rows``
        samples, an int, and how many lost samples LOST records report, an int.

        Raises RingError as :meth:`decode` does, after a batch of the samples before that record.
        """
        columns, lost, at, run = self._nothing(), 0, 0, FIRST_RUN
        view = memoryview(span)
        step = self._step
        try:
            while at < len(span):
                count = min((len(span) - at) // step, run, rows - len(columns[0]))
                usual = self._usual_records(view[at : at + count * step])
                self._table.append(view[at : at + usual * step], columns)
                at += usual * step
                if 0 < usual == count:
                    run = min(run * 2, self._longest)
                else:
                    run = FIRST_RUN
                    size, reported = self._one(view, at, columns)
                    lost += reported
                    at += size
                if len(columns[0]) >= rows:
                    yield columns, lost
                    columns, lost = self._nothing(), 0
        except RingError:
            yield columns, lost
            raise
        yield columns, lost

    def _nothing(self) -> Columns:
        return [[] for _ in range(self._width)]

    def _usual_records(self, table: memoryview) -> int:
        """The number of leading rows of the table that are samples of the usual size."""
        if not table:
            return 0
        headers = table.cast("Q")[:: self._step // 8].tobytes()
        count = len(headers) // WORD.size
        first = headers[: WORD.size]
        if headers == first * count:  # the common case, and fast
            return count if self._is_usual(first) else 0
        each = [header for (header,) in struct.iter_unpack(f"{WORD.size}s", headers)]
        if all(map(self._is_usual, set(each))):  # misc has the CPU mode
            return count
        return next(row for row, header in enumerate(each) if not self._is_usual(header))

    def _is_usual(self, header: bytes) -> bool:
        if header in self._usual:
            return True
        kind, _, size = HEADER.unpack(header)
        if kind != RECORD_SAMPLE or size != self._step:
            return False
        self._usual.add(header)
        return True

    def _one(self, view: memoryview, at: int, columns: Columns) -> tuple[int, int]:
        """Decode one record of any type; return its size and how many lost samples it reports."""
        left = len(view) - at
        kind, _, size = HEADER.unpack_from(view, at) if left >= HEADER.size else (0, 0, 0)
        if size < HEADER.size or size % 8 or size > left:
            raise RingError(f"a record of {size} bytes with {left} bytes left: the ring is corrupt")
        if kind == RECORD_LOST and size >= LOST.size:
            return size, LOST.unpack_from(view, at)[1]
        if kind == RECORD_SAMPLE:
            if size < self._row.size:
                raise too_short(self.record, size - SAMPLE_DATA)
            for column, value in zip(columns, self._row.unpack_from(view, at), strict=True):
                column.append(value)
        return size, 0


class SampleDecoder:
    """Decodes samples of ``record``, a RecordType, one by one, where there is no ring: each as a
    program sent it."""

    def __init__(self, record: RecordType) -> None:
        self._record = record

    def nothing(self) -> Columns:
        """Return the Columns of no samples: an empty list for each value."""
        width = sum(each.type.width for each in self._record.fields.values())
        return [[] for _ in range(width)]

    def append(self, data: memoryview, columns: Columns) -> None:
        """Append the sample in ``data``, a memoryview of what a program sent, to ``columns``,
        Columns. Raises RingError."""
        room = room_for(len(data))
        if room < self._record.size:
            raise too_short(self._record, room)
        values = self._record.raw.unpack_from(bytes(data).ljust(room, b"\0"))
        for column, value in zip(columns, values, strict=True):
            column.append(value)
