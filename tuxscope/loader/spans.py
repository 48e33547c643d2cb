"""A span of a ring, decoded: samples as tuples, and how many were lost on the way.

A record begins with ``struct perf_event_header``: type u32, misc u16, size u16, and its size is
a multiple of 8. A sample goes on with a u32, the size of what follows, and the bytes that the
program sent, rounded up by the kernel. Nearly always all records are samples of one size, so
they are decoded as the rows of a table; everything else is taken one by one.
"""

from __future__ import annotations

import struct
from typing import Any

from tuxscope.loader.ring import RingError
from tuxscope.record import RecordType

RECORD_LOST = 2
RECORD_SAMPLE = 9

HEADER = struct.Struct("=IHH")
WORD = struct.Struct("=Q")
LOST = struct.Struct("=8xQQ")  # id, lost
SAMPLE_DATA = 12  # where a sample's data begins, after the header and its size

# How many records are looked at together, at first and at most.
FIRST_RUN, LONGEST_RUN = 32, 1 << 16


class SpanDecoder:
    """Decodes spans whose samples hold one kind of record."""

    def __init__(self, record: RecordType) -> None:
        self.record = record
        # perf_prepare_sample: size and data together are rounded up to 8 bytes
        self._step = -(-(SAMPLE_DATA + record.size) // 8) * 8
        tail = self._step - SAMPLE_DATA - record.size
        self._row = struct.Struct(f"={SAMPLE_DATA}x{record.raw.format[1:]}{tail}x")
        self._usual: set[int] = set()  # headers known to be a sample of this size

    def decode(self, span: bytes, rows: list[tuple[Any, ...]]) -> int:
        """Append each sample to ``rows``, as ``record.raw`` unpacks it; returns how many samples
        LOST records in between report.

        Raises RingError for a record that no kernel writes, or a sample too short for the record.
        """
        lost = at = 0
        run = FIRST_RUN
        view = memoryview(span)
        step = self._step
        while at < len(span):
            count = min((len(span) - at) // step, run)
            usual = self._usual_records(view[at : at + count * step])
            if usual:
                rows.extend(self._row.iter_unpack(view[at : at + usual * step]))
                at += usual * step
            if usual == count and count:
                run = min(run * 2, LONGEST_RUN)
                continue
            run = FIRST_RUN
            size, refused = self._one(view, at, rows)
            lost += refused
            at += size
        return lost

    def _usual_records(self, table: memoryview) -> int:
        """How many rows of the table, from its beginning, are samples of the usual size."""
        headers = table.cast("Q")[:: self._step // 8].tolist() if len(table) else []
        unusual = set(headers) - self._usual
        for header in tuple(unusual):
            kind, _, size = HEADER.unpack(WORD.pack(header))
            if kind == RECORD_SAMPLE and size == self._step:  # misc says what was interrupted
                self._usual.add(header)
                unusual.discard(header)
        if not unusual:
            return len(headers)
        return next(index for index, header in enumerate(headers) if header in unusual)

    def _one(self, view: memoryview, at: int, rows: list[tuple[Any, ...]]) -> tuple[int, int]:
        """Decode one record of any kind: its size, and how many lost samples it reports."""
        left = len(view) - at
        kind, _, size = HEADER.unpack_from(view, at) if left >= HEADER.size else (0, 0, 0)
        if size < HEADER.size or size % 8 or size > left:
            raise RingError(f"a record of {size} bytes with {left} bytes left: the ring is corrupt")
        if kind == RECORD_LOST and size >= LOST.size:
            return size, LOST.unpack_from(view, at)[1]
        if kind == RECORD_SAMPLE:
            if size < self._row.size:
                raise RingError(
                    f"a sample of {size - SAMPLE_DATA} bytes, {self.record.__name__} has "
                    f"{self.record.size}: the program sends less than it declares"
                )
            rows.append(self._row.unpack_from(view, at))
        return size, 0
