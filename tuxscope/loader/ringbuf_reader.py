"""Reads a ring buffer (RingBuf), and what its programs counted as lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from time import monotonic_ns

from tuxscope.asm.maps import LOST, Map, RingBuf
from tuxscope.errors import ArgumentTypeError, strerror
from tuxscope.lean_typing import Any, Self
from tuxscope.loader.cpus import possible_cpus
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.merge import SEND_DELAY, TIME_MAX, TimeOrder, nearly_in_order
from tuxscope.loader.ring import RingError
from tuxscope.loader.ringbuf import RingBufMemory
from tuxscope.loader.ringbuf_spans import decoder_of
from tuxscope.loader.span_decoder import Columns
from tuxscope.record import Field


class RingBufReader:
    """The user side of ``events``, a RingBuf among ``maps``, a mapping of Map to LoadedMap; a
    context manager. It has the methods of a PerfReader. ``order_by`` is a Field with the time, or
    None.

    Wait until it is readable, wait for a millisecond more, then drain: while records are left in
    the ring buffer, the kernel sends no wakeups for those that follow (docs/reader.md).

    Make it before the program is attached, and detach the program before the last :meth:`drain` and
    :meth:`lost`: only then is every record either delivered or lost.

    Attributes:
        delivered: the number of records that :meth:`drain` has returned, an int.
        reported_lost: the number of lost records that are known so far, an int.
        counts_lost: whether the programs count the records that they lose.
        cpus_without_ring: the reason by CPU, for CPUs whose events are not seen: an empty dict.
        wakes: whether it is readable for the first record that comes: True.
        holds: a bool, a property.
    """

    wakes = True

    def __init__(
        self, maps: Mapping[Map, LoadedMap], events: RingBuf, order_by: Field | None = None
    ) -> None:
        """Map the RingBuf ``events``, one of ``maps``, LoadedMaps of loaded programs by Map.

        With ``order_by``, a Field that holds nanoseconds of CLOCK_MONOTONIC, or None, the records
        come in the order of their time, and :meth:`drain` holds back the last.

        Raises RingError that says what was short.
        """
        if not isinstance(events, RingBuf):
            raise ArgumentTypeError("RingBufReader", "a RingBuf", events, "as in EVENTS")
        check_order(events, order_by)
        self.delivered = 0
        self.reported_lost = 0
        self.cpus_without_ring: dict[int, str] = {}
        self._map = maps[events]
        self._lost = lost_map(maps, events)
        self.counts_lost = self._lost is not None
        self._decoder = decoder_of(events, order_by)
        self._order = TimeOrder(self._decoder.slot) if order_by else None
        self._counted: Counter[int] = Counter()
        self._reported: Counter[int] = Counter()
        size = self._map.max_entries
        try:
            self._memory = RingBufMemory(self._map.fileno(), events.name, size)
        except OSError as error:
            raise RingError(
                f"ring buffer {events.name} of {size} bytes cannot be mapped: {strerror(error)}"
            ) from error

    @property
    def holds(self) -> bool:
        """Whether the last :meth:`drain` held records back, a bool."""
        return self._order is not None and self._order.holds

    def fileno(self) -> int:
        """Return the file descriptor, an int, which is readable while there is anything in the ring
        buffer."""
        return self._map.fileno()

    def drain(self, final: bool = False) -> list[tuple[Any, ...]]:
        """Return all records that are there now, a list of tuples, as the record's ``raw`` unpacks
        them.

        If the map has several kinds of records, a tuple has the time, the record's class, and a
        tuple of what its ``raw`` unpacks. They are in the order in which they were reserved; or by
        time, if the reader has ``order_by``. With ``final``, a bool, no record is held back for its
        place in that order. Raises RingError.
        """
        rows: list[tuple[Any, ...]] = []
        for columns in self.batches(final):
            rows.extend(zip(*columns, strict=True))
        return rows

    def batches(self, final: bool = False) -> Iterator[Columns]:
        """Yield the records of :meth:`drain` as Columns: a list for each value of the record.
        ``final``, a bool, is as there.

        The ring buffer is emptied when the first batch is asked for; records are decoded as batches
        are taken, a few thousand rows each, and those that are not taken are gone.
        """
        until = monotonic_ns() - SEND_DELAY
        span = self._memory.take(self._decoder.usual)
        now = monotonic_ns()  # the kernel may have let us wait since until
        if len(span) * 2 >= self._memory.size:
            self._count()
        batches = self._decoder.batches(span)
        if self._order:
            run = nearly_in_order(batches, self._order.slot)
            batches = self._order.batches([run], TIME_MAX if final else until, now)
        for columns in batches:
            self.delivered += len(columns[0])
            yield columns

    def _count(self) -> None:
        """Read what the programs have counted."""
        if self._lost:
            counts = self._lost.lookup(0)
            assert counts is not None  # an array has all its entries
            self._counted = Counter(dict(zip(possible_cpus(), counts, strict=True)))
            self.reported_lost = self._counted.total()

    def losses(self) -> list[tuple[int, int]]:
        """Return the records lost on each CPU that were not reported before, a list of pairs of
        int: CPU, count.

        After :meth:`lost` they are all.
        """
        new = self._counted - self._reported
        self._reported += new
        return sorted(new.items())

    def lost(self) -> int:
        """Return the number of records that had no room, an int, as the programs counted. Exact
        once they are detached."""
        self._count()
        return self.reported_lost

    def close(self) -> None:
        """Unmap the ring buffer. Closing again does nothing."""
        self._memory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def check_order(events: RingBuf, order_by: object) -> None:
    """Raise ArgumentTypeError if ``order_by``, any object, is not a Field of each record of
    ``events``, a RingBuf."""
    if order_by is None:
        return
    fields = [field for record in events.records for field in record.fields.values()]
    for record in events.records:
        if (
            not isinstance(order_by, Field)
            or order_by not in fields
            or (order_by.name not in record.fields)
        ):
            takes = f"for order_by a field of {record.__name__}"
            hint = "one with the time of ktime_get_ns"
            raise ArgumentTypeError("RingBufReader", takes, order_by, hint)


def lost_map(maps: Mapping[Map, LoadedMap], events: RingBuf) -> LoadedMap | None:
    """Return the LoadedMap, among ``maps``, a mapping of Map to LoadedMap, in which programs count
    the lost records of ``events``, a RingBuf; None if they do not."""
    name = events.name + LOST
    return next((loaded for each, loaded in maps.items() if each.name == name), None)
