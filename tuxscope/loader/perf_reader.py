"""Reads a PerfEventArray: a ring on each online CPU, and an exact count of what was lost."""

from __future__ import annotations

import errno
import mmap
import select
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from time import monotonic_ns
from typing import Any, Self

from tuxscope.asm.maps import PerfEventArray
from tuxscope.errors import strerror
from tuxscope.loader import bpf, perf_event
from tuxscope.loader.cpus import OnlineCpus, online_cpus
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.marker import lost_before_marker, send_markers
from tuxscope.loader.merge import FLIGHT, FOR_EVER, TimeOrder
from tuxscope.loader.ring import Ring, RingError, RingMemoryError
from tuxscope.loader.spans import LARGEST_PIECE, Columns, SpanDecoder
from tuxscope.record import Field, u32

# For each CPU, but not more over all of them.
LARGEST_RING = 4 << 20
LARGEST_RINGS = 64 << 20
# Half of a ring is its watermark, which has 32 bits.
LARGEST_PAGES = (2 << 30) // mmap.PAGESIZE
# Rows of a piece where many CPUs have some, and all of these pieces are in memory.
SMALLEST_PIECE = 256


def default_pages(cpus: int) -> int:
    """Pages for each ring: 4 MiB, or less where that would be over 64 MiB for all CPUs."""
    pages = min(LARGEST_RING, LARGEST_RINGS // max(cpus, 1)) // mmap.PAGESIZE
    return 1 << max(pages, 1).bit_length() - 1


class PerfReader:
    """The user side of a PerfEventArray; a context manager.

    CPUs may come and go: what is in the ring of one that went is delivered, and one that came
    gets a ring at the next :meth:`drain`; what its events were before that is not known.

    Make it before the program is attached, and detach the program before the last
    :meth:`drain` and :meth:`lost`: only then is every sample that the program sent either
    delivered or lost.

    Attributes:
        delivered: how many samples :meth:`drain` has returned.
        reported_lost: how many lost samples the rings have reported on the way.
    """

    def __init__(
        self, events: LoadedMap, pages: int | None = None, order_by: Field | None = None
    ) -> None:
        """Map a ring of ``pages`` pages (a power of two) for each online CPU.

        Where ``pages`` is not given, it is 4 MiB for each CPU, or what can be had. With
        ``order_by``, a field that holds nanoseconds of CLOCK_MONOTONIC, the samples of all CPUs
        come in the order of their time (docs/reader.md), and :meth:`drain` holds back the last.

        Raises RingError that says what was short, or PermissionError.
        """
        if not isinstance(events.description, PerfEventArray):
            raise TypeError(f"map {events.description.name} is no PerfEventArray")
        self.delivered = 0
        self.reported_lost = 0
        self._events = events
        self._decoder = SpanDecoder(events.description.record)
        self._rings: dict[int, Ring] = {}
        self._order = TimeOrder(order_by.slot) if order_by else None
        # How many samples each CPU's ring refused: by LOST records, by the counts of rings that
        # are no more, by those of all rings at the end, and as losses() has told.
        self._reported: Counter[int] = Counter()
        self._gone: Counter[int] = Counter()
        self._counted: Counter[int] = Counter()
        self._told: Counter[int] = Counter()
        self._counts_lost = True
        self._poll = select.epoll()
        self._online = OnlineCpus()
        self._behind = False  # an online CPU has no ring
        self._smaller = pages is None
        cpus = online_cpus()
        try:
            self._pages = default_pages(len(cpus)) if pages is None else pages
            self._add_all(cpus)
        except BaseException:
            self.close()
            raise

    def _add_all(self, cpus: Sequence[int]) -> None:
        """A ring for each CPU; of half the size, and half of that, where that may be and must."""
        if not 1 <= self._pages <= LARGEST_PAGES or self._pages.bit_count() != 1:
            raise RingError(
                f"{self._pages} pages make no ring: --buffer-pages takes a power of two, "
                f"1 to {LARGEST_PAGES}"
            )
        try:
            for cpu in cpus:
                self._add(cpu)
        except RingMemoryError:
            if not self._smaller or self._pages == 1:
                raise
            self._drop_all()
            self._pages //= 2
            self._add_all(cpus)

    def _follow_cpus(self) -> list[tuple[int, bytes]]:
        """Give each CPU that came a ring; returns what is left in those of CPUs that went."""
        spans: list[tuple[int, bytes]] = []
        online = online_cpus()
        for cpu in self._rings.keys() - online:
            ring = self._rings.pop(cpu)
            spans.append((cpu, ring.take()))
            if self._counts_lost:
                self._gone[cpu] += ring.lost()
            # The array, too, holds the event, and the CPU may come back to another.
            bpf.map_delete(self._events.fileno(), u32.pack(cpu))
            ring.close()
        self._behind = False
        for cpu in online:
            if cpu not in self._rings:
                self._add(cpu)
        return spans

    def _add(self, cpu: int) -> None:
        try:
            ring = self._open(cpu, self._pages)
        except OSError as error:
            if error.errno == errno.ENODEV:  # it has just gone, or is not all there yet
                self._behind = True
                return
            if isinstance(error, PermissionError):
                raise
            raise RingError(f"no perf event for CPU {cpu}: {strerror(error)}") from error
        self._rings[cpu] = ring
        bpf.map_update(self._events.fileno(), u32.pack(cpu), u32.pack(ring.fileno()))
        self._poll.register(ring.fileno(), select.EPOLLIN)

    def _open(self, cpu: int, pages: int) -> Ring:
        if self._counts_lost:
            try:
                return Ring(cpu, pages, perf_event.FORMAT_LOST)
            except OSError as error:
                if error.errno != errno.EINVAL:
                    raise
                self._counts_lost = False  # before Linux 6.0
        return Ring(cpu, pages, 0)

    def fileno(self) -> int:
        """Readable when a ring is half full. What is in the rings before that, only a timer
        tells: call :meth:`drain` now and then."""
        return self._poll.fileno()

    def drain(self, final: bool = False) -> list[tuple[Any, ...]]:
        """All samples that are there now, as the record's ``raw`` unpacks them: in order for each
        CPU, one CPU after the other; or by time, where the reader was told which field that is.
        ``final``: nothing is held back for its place in that order. Raises RingError."""
        rows: list[tuple[Any, ...]] = []
        for columns in self.pieces(final):
            rows.extend(zip(*columns, strict=True))
        return rows

    def pieces(self, final: bool = False) -> Iterator[Columns]:
        """The same as columns: a list for each value of the record.

        The rings are emptied when the first piece is asked for; samples are decoded as pieces are
        taken, a few thousand rows each, and those that are not taken are gone.
        """
        until = monotonic_ns() - FLIGHT
        spans = self._follow_cpus() if self._online.changed() or self._behind else []
        spans += [(cpu, ring.take()) for cpu, ring in self._rings.items()]
        spans = [(cpu, span) for cpu, span in spans if span]
        rows = max(LARGEST_PIECE // max(len(spans), 1), SMALLEST_PIECE)
        runs = [self._decoded(cpu, span, rows) for cpu, span in spans]
        if self._order:
            alone = len(self._rings) == 1
            pieces = self._order.pieces(runs, FOR_EVER if final or alone else until)
        else:
            pieces = chain.from_iterable(runs)
        for columns in pieces:
            self.delivered += len(columns[0])
            yield columns

    def _decoded(self, cpu: int, span: bytes, rows: int) -> Iterator[Columns]:
        for columns, lost in self._decoder.pieces(span, rows):
            self._report(cpu, lost)
            if columns[0]:
                yield columns

    def _report(self, cpu: int, lost: int) -> None:
        self.reported_lost += lost
        self._reported[cpu] += lost

    def losses(self) -> list[tuple[int, int]]:
        """How many samples each CPU's ring refused that this has not told before: CPU, count.

        They are those that the rings have reported on the way, and after :meth:`lost` all.
        """
        new = (self._reported | self._counted) - self._told
        self._told += new
        return sorted(new.items())

    def lost(self) -> int:
        """How many samples the rings refused. Exact once the program is detached and the rings
        are drained."""
        if self._counts_lost:
            rings = Counter({cpu: ring.lost() for cpu, ring in self._rings.items()})
            self._counted = self._gone + rings
            return self._counted.total()
        # Before Linux 6.0 a ring reports what it refused in front of the next sample that fits.
        try:
            send_markers(self._events, self._rings)
        except OSError as error:
            if not bpf.is_unsupported(error):
                raise  # before 5.10 it cannot be sent, and what came last stays unknown
        for cpu, ring in self._rings.items():
            self._report(cpu, lost_before_marker(ring.take()))
        return self.reported_lost

    def close(self) -> None:
        self._poll.close()
        self._online.close()
        self._drop_all()

    def _drop_all(self) -> None:
        for ring in self._rings.values():
            ring.close()
        self._rings.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
