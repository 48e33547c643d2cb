"""What the kernel has counted, as numbers of one row: added up, subtracted, and percentiles."""

from __future__ import annotations

from typing import Any

from tuxscope.lean_dataclasses import dataclass
from tuxscope.programs.syscall.tallies import RANGES, UNIT_BITS, Tally


@dataclass(frozen=True, slots=True)
class Counts:
    """A frozen dataclass: the numbers of one row; times are in nanoseconds.

    Attributes:
        calls, errors: the number of calls, and of those that failed, int.
        total_ns, max_ns: each an int, the time of all calls, and of the longest.
        slept_calls, slept_ns: each an int, the number of calls in which the thread was switched
            out, and their time.
        took: a tuple of RANGES ints: how many calls took so long, by range.
        average_ns: an int or None, a property.
    """

    calls: int = 0
    errors: int = 0
    total_ns: int = 0
    max_ns: int = 0
    slept_calls: int = 0
    slept_ns: int = 0
    took: tuple[int, ...] = (0,) * RANGES

    def since(self, before: Counts) -> Counts:
        """Return the Counts of the calls after ``before``, earlier Counts of the same row.

        If the longest call is older, the longest of these is known by its range alone: its end, an
        eighth too much at most.
        """
        took = tuple(now - then for now, then in zip(self.took, before.took, strict=True))
        longest = self.max_ns
        if longest == before.max_ns:
            last = max((at for at, count in enumerate(took) if count), default=-1)
            longest = min(bounds(last)[1], longest) if last >= 0 else 0
        return Counts(
            self.calls - before.calls,
            self.errors - before.errors,
            self.total_ns - before.total_ns,
            longest,
            self.slept_calls - before.slept_calls,
            self.slept_ns - before.slept_ns,
            took,
        )

    @property
    def average_ns(self) -> int | None:
        """The average time of a call in nanoseconds, an int; None without calls."""
        return self.total_ns // self.calls if self.calls else None

    def percentile(self, percent: int) -> int | None:
        """Return the time in nanoseconds, an int, that ``percent``, an int of 1 to 100, of the
        calls did not exceed; None without calls.

        It is the middle of its range, an eighth off at most, and no more than the longest.
        """
        wanted = sum(self.took) * percent / 100
        before = 0
        for at, count in enumerate(self.took):
            before += count
            if count and before >= wanted:
                least, end = bounds(at)
                return self.max_ns if at == RANGES - 1 else min((least + end) // 2, self.max_ns)
        return None


def merged(value: Any) -> Counts:
    """Return the Counts of ``value``, a row as the map has it: a Tally, or a tuple with one for
    each CPU."""
    parts: tuple[Tally, ...] = value if isinstance(value, tuple) else (value,)
    parts = tuple(each for each in parts if each.calls)
    if not parts:
        return Counts()
    return Counts(
        sum(each.calls for each in parts),
        sum(each.errors for each in parts),
        sum(each.total_ns for each in parts),
        max(each.max_ns for each in parts),
        sum(each.slept_calls for each in parts),
        sum(each.slept_ns for each in parts),
        tuple(map(sum, zip(*(each.took for each in parts), strict=True))),
    )


def bounds(at: int) -> tuple[int, int]:
    """Return where the range of index ``at``, an int, begins and where it ends, in nanoseconds, a
    pair of ints."""
    power, quarter = divmod(at, 4)
    if power == 0 or at < 4:
        first, width = at, 1
    else:
        width = 1 << power - 2 if power >= 2 else 1
        first = (1 << power) + quarter * width
    return first << UNIT_BITS, first + width << UNIT_BITS
