"""Percentiles of numbers that were counted in ranges."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.abi.native import native_numbers
from tuxscope.output.columns import Column, Percentile, SyscallName
from tuxscope.output.lines import LineFormat, Style
from tuxscope.output.row import Row
from tuxscope.record import Field, Record, RecordError, char, u32, u64

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


class Call(Record):
    number = u64
    half = u32


WRITE = native_numbers()["write"]


@pytest.mark.parametrize("field", [Call.number, Call.half])
@pytest.mark.parametrize(
    ("number", "name"), [(WRITE, "write"), (9999, "syscall_9999"), (0xFFFFFFFF, "syscall_-1")]
)
def test_the_number_of_a_system_call_is_shown_as_its_name(
    field: Field, number: int, name: str
) -> None:
    column = SyscallName(field, 16)
    row = Row(0, {field: number})
    assert column.table_texts([row]) == [name]
    assert column.table_value(row) == name
    batch = [[number], [number]]
    text = LineFormat(Style.TEXT, Call, (column,))
    assert text.header == "SYSCALL\n"
    assert text.render(batch).split() == [name.encode()]
    columns = (Column(Call.number), column)
    lines = LineFormat(Style.JSON, Call, columns).render(batch)
    assert json.loads(lines) == {"number": number, "syscall": name}


def test_only_a_number_has_a_name() -> None:
    class Named(Record):
        comm = char[16]

    with pytest.raises(RecordError, match="a system call is known by a number"):
        SyscallName(Named.comm)
