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
from tuxscope.loader.merge import SEND_DELAY, TIME_MAX, TimeOrder
from tuxscope.loader.rings import LARGEST_PAGES as LARGEST_PAGES  # what ``pages`` may be
from tuxscope.loader.rings import Rings
from tuxscope.loader.span_decoder import LARGEST_BATCH, Columns, SpanDecoder
from tuxscope.record import Field

# Rows of a batch when many CPUs have samples: a batch of each is in memory.
SMALLEST_BATCH = 512


class PerfReader:
    """The user side of ``events``, the LoadedMap of a PerfEventArray; a context manager. ``pages``
    is the size of each ring, an int or None; ``order_by`` the Field with the time to sort by, or
    None.

    CPUs may go offline and come online: the samples of a CPU that went are delivered, and one that
    came gets a ring in a :meth:`drain`; its events before that are neither delivered nor counted as
    lost (docs/reader.md).

    Create it before the program is attached, and detach the program before the last :meth:`drain`
    and :meth:`lost`: only then is every sample that the program sent either delivered or lost.

    Attributes:
        wakes: whether it is readable for the first record that comes: no.
        counts_lost: whether the kernel counts lost samples.
        delivered: an int, how many samples :meth:`drain` has returned.
        reported_lost: an int, how many lost samples LOST records have reported so far.
        cpus_without_ring: a dict of int to str, a property.
        holds: a bool, a property.
    """

    wakes = False
    counts_lost = True

    def __init__(
        self, events: LoadedMap, pages: int | None = None, order_by: Field | None = None
    ) -> None:
        """Map a ring of ``pages`` pages (a power of two) for each online CPU, for the map
        ``events``, a loaded PerfEventArray.

        If ``pages`` is None, a ring has 4 MiB, or less if memory is short. With ``order_by``, a
        field with nanoseconds of CLOCK_MONOTONIC, the samples of all CPUs are sorted by that time
        (docs/reader.md), and :meth:`drain` holds back the last ones. None: they are not sorted.

        Raises RingError if memory or fds are short, OSError, ArgumentTypeError or TypeError.
        """
        if not isinstance(events, LoadedMap):
            hint = "as in load(program).maps[EVENTS]"
            raise ArgumentTypeError("PerfReader", "a loaded map", events, hint)
        if not isinstance(events.description, PerfEventArray):
            raise TypeError(f"map {events.description.name} is not a PerfEventArray")
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
        # How many samples each CPU's ring lost: by LOST records, by the counts of all rings at
        # exit, and as losses() has returned.
        self._reported: Counter[int] = Counter()
        self._counted: Counter[int] = Counter()
        self._already_returned: Counter[int] = Counter()

    @property
    def cpus_without_ring(self) -> dict[int, str]:
        """A dict of the CPUs that came online and could not get a ring, each with the reason in one
        line: their events are not seen. They are tried again; CPUs that went offline are not
        included."""
        return self._rings.cpus_without_ring

    @property
    def holds(self) -> bool:
        """Whether the last :meth:`drain` held back samples, a bool, to sort them by time."""
        return self._order is not None and self._order.holds

    def fileno(self) -> int:
        """Return an fd, as an int, that is readable when a ring is half full. For samples before
        that, use a timer: call :meth:`drain` regularly."""
        return self._rings.fileno()

    def drain(self, final: bool = False) -> list[tuple[Any, ...]]:
        """Return the samples in the rings as a list of tuples, as the record's ``raw`` unpacks
        them: in order for each CPU, one CPU after the other; with ``order_by``, sorted by time.

        If ``final``, a bool, hold back no samples for that order. Raises RingError.
        """
        rows: list[tuple[Any, ...]] = []
        for columns in self.batches(final):
            rows.extend(zip(*columns, strict=True))
        return rows

    def batches(self, final: bool = False) -> Iterator[Columns]:
        """Yield the samples of :meth:`drain`, with the same ``final``, a bool, in batches of
        Columns: a list per value of the record.

        The rings are emptied when the first batch is taken; samples are decoded as batches are
        taken, a few thousand rows each, and samples of batches not taken are gone.
        """
        until = monotonic_ns() - SEND_DELAY
        spans = [each for each in self._rings.follow() + self._rings.take() if each[1]]
        now = monotonic_ns()  # later than until: this process may have been preempted
        rows = max(LARGEST_BATCH // max(len(spans), 1), SMALLEST_BATCH)
        runs = [self._decoded(cpu, span, rows) for cpu, span in spans]
        if self._order:
            alone = len(self._rings) == 1
            batches = self._order.batches(runs, TIME_MAX if final or alone else until, now)
        else:
            batches = chain.from_iterable(runs)
        for columns in batches:
            self.delivered += len(columns[0])
            yield columns

    def _decoded(self, cpu: int, span: bytes, rows: int) -> Iterator[Columns]:
        for columns, lost in self._decoder.batches(span, rows):
            self._report(cpu, lost)
            if columns[0]:
                yield columns

    def _report(self, cpu: int, lost: int) -> None:
        self.reported_lost += lost
        self._reported[cpu] += lost

    def losses(self) -> list[tuple[int, int]]:
        """Return a list of pairs of int, (CPU, number of lost samples), since the last call, sorted
        by CPU.

        They are those that LOST records have reported, and after :meth:`lost` all.
        """
        new = (self._reported | self._counted) - self._already_returned
        self._already_returned += new
        return sorted(new.items())

    def lost(self) -> int:
        """Return the number of lost samples, an int. Exact if the program is detached and the rings
        are drained.

        Call it only then: before Linux 6.0 it sends a marker and empties the rings, and samples
        since the last drain count as lost.
        """
        if self._rings.counts_lost:
            self._counted = self._rings.refused()
            return self._counted.total()
        # Such a ring reports lost samples in front of the next sample that fits.
        from tuxscope.loader.marker import lost_before_marker, send_markers

        try:
            send_markers(self._events, self._rings.cpus)
        except OSError as error:
            if not bpf.is_unsupported(error):
                raise
            return self.reported_lost  # before Linux 5.10; the last lost samples stay unknown
        for cpu, span in self._rings.take():
            self._report(cpu, lost_before_marker(span))
        return self.reported_lost

    def close(self) -> None:
        """Close the rings; the map stays open."""
        self._rings.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
