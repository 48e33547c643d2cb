"""Ranges of times and percentiles: what the kernel counts in is what user space reads."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.asm import Assembler, RawTracepoint
from tuxscope.asm.registers import r0, r1
from tuxscope.page.emitting import range_of
from tuxscope.programs.syscall.counts import Counts, bounds, merged
from tuxscope.programs.syscall.tallies import POWERS, RANGES, UNIT_BITS, Tally
from tuxscope.vm import Machine

TIMES = st.one_of(st.integers(0, 1 << 20), st.integers(0, (1 << 64) - 1))


def range_of_time(ns: int) -> int:
    """The range that the program counts a time in, by the interpreter."""
    a = Assembler("range", attach=RawTracepoint())
    a.ld_imm64(r1, ns)
    a.rsh(r1, UNIT_BITS)
    range_of(a, POWERS)
    a.mov(r0, r1)
    a.exit()
    return Machine(a.program()).run()


@given(TIMES)
def test_a_time_is_in_the_bounds_of_its_range(ns: int) -> None:
    at = range_of_time(ns)
    least, end = bounds(at)
    assert 0 <= at < RANGES
    assert least <= ns
    assert ns < end or at == RANGES - 1


def test_ranges_lie_side_by_side() -> None:
    edges = [bounds(at) for at in range(RANGES) if at < 4 or at >= 8]
    assert all(end == begin for (_, end), (begin, _) in pairwise(edges))


def counts_of(times: list[int]) -> Counts:
    took = [0] * RANGES
    for each in times:
        took[range_of_time(each)] += 1
    return Counts(len(times), 0, sum(times), max(times, default=0), 0, 0, tuple(took))


@given(st.lists(st.integers(64, 1 << 40), min_size=1, max_size=40), st.sampled_from((50, 99)))
def test_a_percentile_is_an_eighth_off_at_most(times: list[int], percent: int) -> None:
    least = sorted(times)[max(0, -(-len(times) * percent // 100) - 1)]
    found = counts_of(times).percentile(percent)
    assert found is not None
    assert least * 7 / 8 - 16 <= found <= least * 9 / 8 + 16


def test_without_calls_there_is_no_percentile() -> None:
    assert Counts().percentile(50) is Counts().average_ns is None


def test_what_came_since() -> None:
    before, after = counts_of([100, 5000]), counts_of([100, 5000, 1000, 1100])
    new = after.since(before)
    assert (new.calls, new.total_ns, sum(new.took)) == (2, 2100, 2)
    assert 1100 <= new.max_ns <= 1100 * 5 / 4  # the longest of all is older
    assert counts_of([100, 900]).since(counts_of([100])).max_ns == 900


@pytest.mark.parametrize("cpus", [1, 3])
def test_cpus_are_added_up(cpus: int) -> None:
    row = Tally(calls=2, errors=1, total_ns=30, max_ns=20, took=[0, 2] + [0] * (RANGES - 2))
    idle = Tally()
    found = merged((row,) * cpus + (idle,))
    assert (found.calls, found.errors, found.total_ns, found.max_ns) == (
        2 * cpus, cpus, 30 * cpus, 20,
    )  # fmt: skip
    assert found.took[1] == 2 * cpus
    assert merged(idle) == Counts()
