"""The samples of several CPUs in the order of their time.

Each ring is a run of its own, in order. A drain reads one ring after the other, so a sample can
come into a ring that was just read, older than one of a ring that is read next; and a program
takes its time between asking the clock and sending. Hence what is younger than a moment shortly
before the drain is held back until the next one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter

from tuxscope.loader.spans import Columns

# Nanoseconds from reading the clock to being in the ring: a microsecond, or an interrupt more.
FLIGHT = 1_000_000
# What seems to be younger than the drain by more than this is not of our clock.
FUTURE = 1_000_000_000
FOR_EVER = 1 << 64


class TimeOrder:
    """Brings what several drains found into one order.

    Times are those of CLOCK_MONOTONIC, in nanoseconds, which ``bpf_ktime_get_ns`` reads. Those of
    another clock come in order within a drain.
    """

    def __init__(self, slot: int) -> None:
        """``slot``: which of a sample's values is its time."""
        self._slot = slot
        self._held: list[Columns] = []

    def pieces(self, runs: Iterable[Iterator[Columns]], until: int) -> Iterator[Columns]:
        """What is no younger than ``until``, and was held back before or is in ``runs``."""
        held, self._held = self._held, []
        for columns in merged([iter(held), *runs], self._slot):
            times = columns[self._slot]
            if until < times[-1] < until + FUTURE:
                old = bisect_right(times, until)
                self._held.append([column[old:] for column in columns])
                columns = [column[:old] for column in columns]
            if columns[0]:
                yield columns


def merged(runs: Iterable[Iterator[Columns]], slot: int) -> Iterator[Columns]:
    """Merge runs, each a series of pieces in order, by the values in ``slot``.

    At any time there is one piece of each run in memory, and what was just merged. Where a run is
    not in order, the result is not either, but all of it is there.
    """
    heads = [(head, run) for run in runs if (head := next(run, None))]
    while len(heads) > 1:
        # Up to here every run is known.
        bound = min(head[slot][-1] for head, _ in heads)
        ready: Columns = [[] for _ in heads[0][0]]
        left: list[tuple[Columns, Iterator[Columns]]] = []
        for head, run in heads:
            times = head[slot]
            count = len(times) if times[-1] <= bound else bisect_right(times, bound)
            for into, column in zip(ready, head, strict=True):
                into += column[:count]
            rest = [column[count:] for column in head] if count < len(times) else next(run, None)
            if rest:
                left.append((rest, run))
        yield in_order(ready, slot)
        heads = left
    for head, run in heads:
        yield head
        yield from run


def in_order(columns: Columns, slot: int) -> Columns:
    """The rows sorted by the values in ``slot``: a merge, as they are a few runs in order."""
    times = columns[slot]
    if len(times) < 2:
        return columns
    order = itemgetter(*sorted(range(len(times)), key=times.__getitem__))
    return [list(order(column)) for column in columns]
