"""syscall --summary --hist NAME: how long one call takes, by powers of two."""

from __future__ import annotations

from collections.abc import Iterable

from tuxscope.asm import Array
from tuxscope.output.columns import Bar, Column, Log2
from tuxscope.page.page import Page
from tuxscope.programs.syscall.counts import Counts, bounds
from tuxscope.record import Record, u64

POWERS_OF_NS = 64


class Range(Record):
    """A Record: the number of calls in a range of times.

    Attributes:
        calls: u64.
    """

    calls = u64


COLUMNS = (Log2("nsecs", 16), Column(Range.calls, 12, rank=1), Bar(Range.calls, rank=2))


def view(page: Page) -> Page:
    """Return the Page of the histogram that is shown of what ``page``, the Page of the kernel side,
    counts."""
    return Page(page.program, Array("HIST", value=Range, max_entries=POWERS_OF_NS), COLUMNS)


def rows(counts: Iterable[Counts]) -> list[tuple[int, Range]]:
    """Return the histogram's rows of ``counts``, an iterable of Count: a list of pairs of n, an
    int, and a Range with the number of the calls that took 2**n ns or more, and less than
    2**(n+1)."""
    powers = [0] * POWERS_OF_NS
    for each in counts:
        for at, calls in enumerate(each.took):
            powers[max(bounds(at)[0], 1).bit_length() - 1] += calls
    return [(power, Range(calls=calls)) for power, calls in enumerate(powers)]
