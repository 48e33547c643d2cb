"""Reads a PerfEventArray: a ring per online CPU, and an exact count of lost samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from time import monotonic_ns

from tuxscope.asm.maps import PerfEventArray
from tuxscope.errors import ArgumentTypeError
from tuxscope.lean_typing import Any, Self
from tuxscope.loader import bpf
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.merge import FLIGHT, FOR_EVER, TimeOrder
from tuxscope.loader.rings import LARGEST_PAGES as LARGEST_PAGES  # what ``pages`` may be
from tuxscope.loader.rings import Rings
from tuxscope.loader.spans import LARGEST_PIECE, Columns, SpanDecoder
from tuxscope.record import Field

# Rows of a piece where many CPUs have some, and all of these pieces are in memory.
SMALLEST_PIECE = 512


class PerfReader:
    """The user side of a PerfEventArray; a context manager.

    CPUs may come and go: what is in the ring of one that went is delivered, and one that came
    gets a ring in a :meth:`drain`; its events before that are neither delivered nor lost, and
    nobody knows how many they were (docs/reader.md).

    Make it before the program is attached, and detach the program before the last
    :meth:`drain` and :meth:`lost`: only then is every sample that the program sent either
    delivered or lost.

    Attributes:
        wakes: whether it is readable for the first record that comes: no.
        counts_lost: whether what is lost is counted.
        delivered: how many samples :meth:`drain` has returned.
        reported_lost: how many lost samples the rings have reported on the way.
    """

    wakes = False
    counts_lost = True

    def __init__(
        self, events: LoadedMap, pages: int | None = None, order_by: Field | None = None
    ) -> None:
        """Map a ring of ``pages`` pages (a power of two) for each online CPU.

        Where ``pages`` is not given, it is 4 MiB for each CPU, or what can be had. With
        ``order_by``, a field that holds nanoseconds of CLOCK_MONOTONIC, the samples of all CPUs
        come in the order of their time (docs/reader.md), and :meth:`drain` holds back the last.

        Raises RingError that says what was short, or OSError.
        """
        if not isinstance(events, LoadedMap):
            hint = "as in load(program).maps[EVENTS]"
            raise ArgumentTypeError("PerfReader", "a loaded map", events, hint)
        if not isinstance(events.description, PerfEventArray):
            raise TypeError(f"map {events.description.name} is no PerfEventArray")
        record = events.description.record
        if order_by is not None and order_by not in [*record.fields.values()]:
            takes = f"for order_by a field of {record.__name__}"
            hint = "one with the time of ktime_get_ns"
            raise ArgumentTypeError("PerfReader", takes, order_by, hint)
        self.delivered = 0
        self.reported_lost = 0
        self._events = events
        self._decoder = SpanDecoder(events.description.record)
        self._rings = Rings(events, pages)
        self._order = TimeOrder(order_by.slot) if order_by else None
        # How many samples each CPU's ring refused: by LOST records, by the counts of all rings at
        # the end, and as losses() has told.
        self._reported: Counter[int] = Counter()
        self._counted: Counter[int] = Counter()
        self._already_returned: Counter[int] = Counter()

    @property
    def without(self) -> dict[int, str]:
        """CPUs that came while this runs and could be given no ring, so that their events are
        not seen: one line that says why. They are tried again; those that went are left out."""
        return self._rings.without

    @property
    def holds(self) -> bool:
        """Whether the last :meth:`drain` held back samples, to sort them by time."""
        return self._order is not None and self._order.holds

    def fileno(self) -> int:
        """Readable when a ring is half full. What is in the rings before that, only a timer
        tells: call :meth:`drain` now and then."""
        return self._rings.fileno()

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
        spans = [each for each in self._rings.follow() + self._rings.take() if each[1]]
        now = monotonic_ns()  # the kernel may have let us wait since until
        rows = max(LARGEST_PIECE // max(len(spans), 1), SMALLEST_PIECE)
        runs = [self._decoded(cpu, span, rows) for cpu, span in spans]
        if self._order:
            alone = len(self._rings) == 1
            pieces = self._order.pieces(runs, FOR_EVER if final or alone else until, now)
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
        new = (self._reported | self._counted) - self._already_returned
        self._already_returned += new
        return sorted(new.items())

    def lost(self) -> int:
        """How many samples the rings refused. Exact once the program is detached and the rings
        are drained.

        Ask then, not before: kernels before Linux 6.0 must be made to tell, and that takes what
        has come since the last drain out of the rings. It counts as lost.
        """
        if self._rings.counts_lost:
            self._counted = self._rings.refused()
            return self._counted.total()
        # Such a ring reports what it refused in front of the next sample that fits.
        from tuxscope.loader.marker import lost_before_marker, send_markers

        try:
            send_markers(self._events, self._rings.cpus)
        except OSError as error:
            if not bpf.is_unsupported(error):
                raise
            return self.reported_lost  # before 5.10; what came last stays unknown
        for cpu, span in self._rings.take():
            self._report(cpu, lost_before_marker(span))
        return self.reported_lost

    def close(self) -> None:
        self._rings.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
