"""Sorts the samples of several CPUs by time.

Each ring is a run that is in order. A drain reads one ring after the other, so a sample can
come into a ring that was just read, older than one of a ring that is read next; and a program
sends some time after it reads the clock. Hence samples younger than SEND_DELAY before the drain are
held back until the next drain.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter

from tuxscope.loader.span_decoder import Columns

# The longest time from reading the clock to being in the ring, in ns: it takes a microsecond, or an
# interrupt more.
SEND_DELAY = 1_000_000
TIME_MAX = 1 << 64  # ns, later than any time


class TimeOrder:
    """Merges the samples of several drains by time, which has the index ``slot`` among their
    values.

    Times are those of CLOCK_MONOTONIC, in nanoseconds, which ``bpf_ktime_get_ns`` reads. Times of
    another clock are sorted within a drain only.

    Attributes:
        holds: a bool, a property.
    """

    def __init__(self, slot: int) -> None:
        """``slot`` is the index of the time among a sample's values, an int."""
        self.slot = slot
        self._held: list[Columns] = []

    @property
    def holds(self) -> bool:
        """Whether samples are held back, a bool."""
        return bool(self._held)

    def batches(self, runs: Iterable[Iterator[Columns]], until: int, now: int) -> Iterator[Columns]:
        """Yield the samples up to time ``until``, as Columns: those held back before, and those of
        ``runs``, an iterable of iterators of Column.

        ``now`` is a time after the runs were taken: samples younger than that have another clock,
        and are not held back. Both are ints in nanoseconds.
        """
        held, self._held = self._held, []
        for columns in merged([iter(held), *runs], self.slot):
            times = columns[self.slot]
            young = bisect_right(times, until)
            foreign = bisect_right(times, now, young)
            if young < foreign:
                self._held.append([column[young:foreign] for column in columns])
                columns = [column[:young] + column[foreign:] for column in columns]
            if columns[0]:
                yield columns


class Head:
    """The position in a run that is being merged: ``columns``, its current batch, and the rows left
    of it.

    ``run`` has the next batches, an iterator of Column; ``slot``, an int, is the index of the time
    among them.

    Attributes:
        columns: the batch, a Columns object.
        known: the time up to which all of the run is in the batch or was merged before, in ns.
    """

    __slots__ = ("_at", "_run", "_slot", "_times", "columns", "known")

    def __init__(self, columns: Columns, run: Iterator[Columns], slot: int) -> None:
        self._run = run
        self._slot = slot
        self._begin(columns)

    def _begin(self, columns: Columns) -> None:
        self.columns = columns
        self._at = 0  # rows that are merged
        self._times = columns[self._slot]
        self.known: int = self._times[-1]

    def give(self, bound: int, ready: Columns) -> bool:
        """Append rows up to time ``bound``, in ns, to ``ready``, Columns; return False at the end
        of the run, else True.

        A batch without such rows costs a search, and is left as it is: with many CPUs, most are.
        """
        times, at = self._times, self._at
        end = len(times) if self.known <= bound else bisect_right(times, bound, at)
        if at < end:
            for into, column in zip(ready, self.columns, strict=True):
                into += column[at:end]
            self._at = end
        if end < len(times):
            return True
        columns = next(self._run, None)
        if columns:
            self._begin(columns)
        return columns is not None

    def rest(self) -> Iterator[Columns]:
        """Yield the rest of the run, as Columns."""
        yield [column[self._at :] for column in self.columns]
        yield from self._run


def merged(runs: Iterable[Iterator[Columns]], slot: int) -> Iterator[Columns]:
    """Yield the rows of ``runs`` merged by the values in column ``slot``, an index, as Columns;
    ``runs`` is an iterable of iterators of Column, batches in order.

    At any time one batch of each run is in memory, and the rows just merged. If a run is not in
    order, the result is not either, but it is complete.
    """
    heads = [Head(first, run, slot) for run in runs if (first := next(run, None))]
    while len(heads) > 1:
        bound = min(head.known for head in heads)
        ready: Columns = [[] for _ in heads[0].columns]
        heads = [head for head in heads if head.give(bound, ready)]
        yield in_order(ready, slot)
    for head in heads:
        yield from head.rest()


def in_order(columns: Columns, slot: int) -> Columns:
    """Return the rows of ``columns``, Columns, sorted by the values in column ``slot``, an index,
    as Columns; fast, as they are a few sorted runs."""
    times = columns[slot]
    if len(times) < 2:
        return columns
    order = itemgetter(*sorted(range(len(times)), key=times.__getitem__))
    return [list(order(column)) for column in columns]


def nearly_in_order(run: Iterable[Columns], slot: int) -> Iterator[Columns]:
    """Yield the batches of ``run``, an iterable of Column from a ring buffer, in order by the
    times in column ``slot``, an index.

    It is in the order of reservation. A program reads the clock less than SEND_DELAY before it
    reserves, or less than SEND_DELAY after it, so what comes later in the ring buffer is older by
    less than twice that.
    """
    left: Columns = []
    for batch in run:
        if left:
            batch = [before + column for before, column in zip(left, batch, strict=True)]
        columns = in_order(batch, slot)
        times = columns[slot]
        end = bisect_right(times, times[-1] - 2 * SEND_DELAY)
        if end:
            yield [column[:end] for column in columns]
        left = [column[end:] for column in columns]
    if left:
        yield left
