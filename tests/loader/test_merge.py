"""Runs of several CPUs, brought into one order, within a drain and from one to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.loader.merge import (
    SEND_DELAY,
    TIME_MAX,
    TimeOrder,
    in_order,
    merged,
    nearly_in_order,
)
from tuxscope.loader.span_decoder import Columns

Row = tuple[int, int, int]  # time, run, place in it

times = st.integers(0, 30) | st.integers(0, (1 << 64) - 1)
sizes = st.integers(1, 9)


def rows_of(runs: Sequence[Sequence[int]]) -> list[list[Row]]:
    return [[(t, run, place) for place, t in enumerate(each)] for run, each in enumerate(runs)]


def batches(rows: Sequence[Row], size: int) -> Iterator[Columns]:
    """Rows as a run's batches; each may only be asked for when it is needed."""
    for at in range(0, len(rows), size):
        yield [list(column) for column in zip(*rows[at : at + size], strict=True)]


def rows_in(result: Iterator[Columns]) -> list[Any]:
    return [row for columns in result for row in zip(*columns, strict=True)]


@given(st.lists(st.lists(times).map(sorted), max_size=5), sizes)
def test_runs_in_order_make_one_run_in_order(runs: list[list[int]], size: int) -> None:
    rows = rows_of(runs)
    got = rows_in(merged([batches(each, size) for each in rows], 0))
    assert [row[0] for row in got] == sorted(t for each in runs for t in each)
    for number, each in enumerate(rows):
        assert [row for row in got if row[1] == number] == each


@given(st.lists(st.lists(times).map(sorted), max_size=5))
def test_pieces_that_hold_all_are_sorted_stably(runs: list[list[int]]) -> None:
    rows = rows_of(runs)
    together = [row for each in rows for row in each]
    got = rows_in(merged([batches(each, 1000) for each in rows], 0))
    assert got == sorted(together, key=lambda row: row[0])


@given(st.lists(st.lists(times), max_size=5), sizes, times, times)
def test_runs_without_order_lose_nothing(
    runs: list[list[int]], size: int, until: int, now: int
) -> None:
    rows = rows_of(runs)
    order = TimeOrder(0)
    got = rows_in(order.batches([batches(each, size) for each in rows], until, now))
    got += rows_in(order.batches([], TIME_MAX, TIME_MAX))
    assert sorted(got) == sorted(row for each in rows for row in each)


@given(st.lists(st.lists(times), min_size=2, max_size=5), sizes)
def test_two_pieces_of_each_run_are_in_memory_at_most(runs: list[list[int]], size: int) -> None:
    rows = rows_of([sorted(each) for each in runs])
    asked = 0

    def counted(each: Sequence[Row]) -> Iterator[Columns]:
        nonlocal asked
        for columns in batches(each, size):
            asked += len(columns[0])
            yield columns

    given_out = 0
    for columns in merged([counted(each) for each in rows], 0):
        assert asked - given_out <= 2 * size * len(runs)
        assert len(columns[0]) <= size * len(runs)
        given_out += len(columns[0])
    assert given_out == asked == sum(map(len, rows))


def test_an_empty_batch_is_in_order() -> None:
    assert in_order([[], []], 0) == [[], []]
    assert in_order([[1], [2]], 0) == [[1], [2]]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 400), st.integers(0, 99)), max_size=60),
    sizes,
    st.integers(0, 1000),
)
def test_order_holds_over_drains(events: list[tuple[int, int, int]], size: int, pause: int) -> None:
    """Each event is on a CPU, after the one before, and is sent less than SEND_DELAY later.

    The drains come at random, between CPUs as well: what has landed on a CPU when its ring is
    read is in this drain. They may be stopped after they noted the time, and before they read.
    """
    unit = SEND_DELAY // 100
    landed: list[list[Row]] = [[] for _ in range(4)]
    order = TimeOrder(0)
    got: list[Row] = []
    sent: list[tuple[int, int, Row]] = []  # when it lands, on which CPU
    now = 0
    for place, (cpu, gap, delay) in enumerate(events):
        now += gap * unit
        sent.append((now + delay * unit, cpu, (now, cpu, place)))
    for moment in range(0, now + 2 * SEND_DELAY, 70 * unit):
        for cpu in range(4):
            read = moment + pause * unit + cpu * 3 * unit  # rings are read one after the other
            arrived = [each for each in sent if each[1] == cpu and each[0] <= read]
            sent = [each for each in sent if each not in arrived]
            landed[cpu] = [row for _, _, row in sorted(arrived, key=lambda each: each[2])]
        runs = [batches(each, size) for each in landed]
        got += rows_in(order.batches(runs, moment - SEND_DELAY, moment + (pause + 9) * unit))
    got += rows_in(order.batches([], TIME_MAX, TIME_MAX))
    assert [row[0] for row in got] == sorted(row[0] for row in got)
    assert len(got) == len(events)


def test_what_is_young_waits_for_the_next_drain() -> None:
    order = TimeOrder(0)
    rows = [(time, 0, 0) for time in (10, 20, 30)]
    assert rows_in(order.batches([batches(rows, 9)], 20, 31)) == rows[:2]
    later = [(time, 1, 0) for time in (25, 40)]
    assert rows_in(order.batches([batches(later, 9)], 35, 41)) == [(25, 1, 0), (30, 0, 0)]
    assert rows_in(order.batches([], TIME_MAX, TIME_MAX)) == [(40, 1, 0)]
    assert rows_in(order.batches([], TIME_MAX, TIME_MAX)) == []


def test_a_drain_that_was_stopped_for_long_waits_for_what_is_young_all_the_same() -> None:
    """Rings go on to fill between the note of the time and when they are read."""
    order = TimeOrder(0)
    hour = 3600 * 10**9
    rows = [(time, 0, 0) for time in (10, hour // 2, hour)]
    assert rows_in(order.batches([batches(rows, 9)], 20, hour + 1)) == rows[:1]
    later = [(hour // 3, 1, 0)]
    assert rows_in(order.batches([batches(later, 9)], 2 * hour, 2 * hour)) == sorted(
        rows[1:] + later
    )


@given(st.lists(st.integers(0, 50), max_size=20).map(sorted), st.integers(1, 3), sizes)
def test_times_of_another_clock_are_not_waited_for_and_let_nothing_pass(
    ours: list[int], foreign: int, size: int
) -> None:
    order = TimeOrder(0)
    mine = [(time, 0, place) for place, time in enumerate(ours)]
    theirs = [(100 + time, 1, time) for time in range(foreign)]
    first = rows_in(order.batches([batches(mine + theirs, size)], 20, 60))
    assert first == [row for row in mine if row[0] <= 20] + theirs
    assert rows_in(order.batches([], TIME_MAX, TIME_MAX)) == [row for row in mine if row[0] > 20]


class Counted(list[int]):
    """A column that counts the values that are copied out of it, and of its parts."""

    copied = 0

    def __getitem__(self, at: Any) -> Any:
        part = super().__getitem__(at)
        if not isinstance(at, slice):
            return part
        Counted.copied += len(part)
        return Counted(part)


@pytest.mark.parametrize("cpus", [2, 8, 64])
def test_the_cost_of_a_row_is_the_same_with_many_cpus(cpus: int) -> None:
    """Each is copied out of its batch, and once or twice more; not with each turn of another."""
    count, size = 64, 16

    def run(cpu: int) -> Iterator[Columns]:
        times = range(cpu, count * cpus, cpus)
        return iter([[Counted(times[at : at + size])] for at in range(0, count, size)])

    runs = [run(cpu) for cpu in range(cpus)]
    Counted.copied = 0
    got = [row for (column,) in merged(runs, 0) for row in column]
    assert got == list(range(count * cpus))
    assert Counted.copied <= 2 * len(got)


@given(
    st.lists(
        st.tuples(st.integers(0, 9 * SEND_DELAY), st.integers(0, SEND_DELAY - 1), st.booleans())
    ),
    sizes,
)
def test_what_a_ring_buffer_holds_comes_in_order(
    sent: list[tuple[int, int, bool]], size: int
) -> None:
    """Reserved at any time; the clock was read less than SEND_DELAY before that, or after it."""
    reserved = sorted(sent)
    times = [at + (by if later else -by) for at, by, later in reserved]
    rows = [(time, 0, place) for place, time in enumerate(times)]
    run = list(nearly_in_order(batches(rows, size), 0))
    assert all(each[0] for each in run)
    got = rows_in(iter(run))
    assert [row[0] for row in got] == sorted(times)
    assert sorted(got) == sorted(rows)
