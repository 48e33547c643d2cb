"""Percentiles of numbers that were counted in ranges."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.output.columns import Percentile
from tuxscope.record import Record, u32

RANGES = 128


class Times(Record):
    took = u32[RANGES]


def element(number: int) -> int:
    """As the class says it."""
    if number < 4:
        return number
    power = int(math.log2(number))
    return 4 * power + (number - 2**power) // 2 ** (power - 2)


def counted(numbers: list[int]) -> list[int]:
    counts = [0] * RANGES
    for each in numbers:
        counts[element(each)] += 1
    return counts


@given(st.lists(st.integers(0, (1 << 32) - 1), min_size=1), st.integers(1, 100))
def test_it_is_at_most_an_eighth_off(numbers: list[int], percent: int) -> None:
    found = Percentile(Times.took, percent=percent).of(counted(numbers))
    rank = math.ceil(len(numbers) * percent / 100)
    exact = sorted(numbers)[rank - 1]
    assert found is not None
    assert abs(found * 1000 - exact) <= exact / 8 + 1e-6


@given(st.lists(st.integers(0, (1 << 32) - 1), min_size=1))
def test_more_percent_are_no_less(numbers: list[int]) -> None:
    counts = counted(numbers)
    found = [Percentile(Times.took, percent=percent).of(counts) for percent in (1, 50, 90, 99, 100)]
    assert found == sorted(found, key=lambda each: each or 0)


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_small_numbers_are_exact(number: int) -> None:
    assert Percentile(Times.took).of(counted([number])) == number / 1000


def test_of_nothing_there_is_none() -> None:
    assert Percentile(Times.took).of([0] * RANGES) is None


def test_it_says_what_it_is() -> None:
    column = Percentile(Times.took, 12, 99)
    assert (column.name, column.title, column.width) == ("took_p99_ms", "P99_MS", 12)
    assert column != Percentile(Times.took, 12, 50)
