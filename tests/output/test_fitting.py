"""Which columns a terminal has room for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.output.columns import (
    Bar,
    Clock,
    Column,
    Combined,
    Index,
    Labelled,
    Percentile,
    RecordError,
)
from tuxscope.output.fitting import Need, fit, need_of
from tuxscope.programs.net.connections import Connection
from tuxscope.record import Record, char, s64, u8, u32, u64

NEEDS = st.lists(
    st.builds(
        lambda least, more, rank: Need(least, least + more, rank),
        st.integers(1, 30), st.integers(0, 30), st.integers(0, 3),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


class Event(Record):
    pid = u32
    flag = u8
    change = s64
    comm = char[16]
    numbers = u64[3]


@given(NEEDS, st.integers(20, 250), st.integers(1, 2))
def test_what_fits_is_no_wider_than_the_terminal(needs: list[Need], room: int, gap: int) -> None:
    widths = fit(needs, room, gap)
    kept = [each for each in widths if each is not None]
    assert sum(kept) + gap * (len(kept) - 1) <= room or len(kept) == 1
    assert kept[0] <= room or len(kept) > 1
    for need, width in zip(needs, widths, strict=True):
        assert width is None or need.least <= width <= need.usual or width == room


@given(NEEDS, st.integers(20, 250))
def test_the_least_important_go_first_and_shrink_first(needs: list[Need], room: int) -> None:
    widths = fit(needs, room)
    order = sorted(range(len(needs)), key=lambda index: (needs[index].rank, index))
    assert [widths[index] is None for index in order] == sorted(
        widths[index] is None for index in order
    )
    short = [
        index for index in order
        if (width := widths[index]) is not None and width < needs[index].usual
    ]  # fmt: skip
    for less in order[order.index(short[0]) + 1 :] if short else []:
        assert widths[less] in (None, needs[less].least)


def test_all_that_fits_is_as_wide_as_usual() -> None:
    needs = [Need(3, 8), Need(5, 5), Need(1, 20)]
    assert fit(needs, 35) == [8, 5, 20]
    assert fit(needs, 34) == [8, 5, 19]
    assert fit(needs, 11) == [3, 5, 1]
    assert fit(needs, 10) == [4, 5, None]


@pytest.mark.parametrize(
    ("column", "need"),
    [
        (Column(Event.pid, 8), Need(8, 8)),
        (Column(Event.pid), Need(10, 10)),  # 4294967295
        (Column(Event.flag), Need(4, 4)),
        (Column(Event.change), Need(20, 20)),
        (Column(Event.comm, 16), Need(6, 16)),
        (Column(Event.comm), Need(6, 16)),
        (Column(Event.numbers, 30), Need(20, 30)),
        (Column(Event.pid, 2, rank=7), Need(3, 3, 7)),  # as wide as its title
        (Clock(Connection.timestamp_ns, 12), Need(12, 12)),
        (Column(Connection.raddr, 15), Need(15, 15)),
        (Column(Connection.raddr), Need(20, 39)),
        (Column(Connection.state), Need(11, 11)),
        (Column(Connection.rx), Need(20, 20)),
        (Labelled(Event.pid, 30, {}), Need(20, 30)),
        (Combined(Connection.laddr, 15, (Connection.netns,)), Need(15, 15)),
        (Index("cpu", 6, rank=1), Need(6, 6, 1)),
        (Bar(Event.pid), Need(6, 40)),
    ],
)
def test_what_a_stream_s_column_asks_for(column: Column, need: Need) -> None:
    assert need_of(column, 40) == need


@pytest.mark.parametrize(
    ("column", "widest", "room", "need"),
    [
        (Column(Event.pid, 8), 5, 40, Need(5, 8)),
        (Column(Event.pid, 8), 9, 40, Need(9, 9)),
        (Column(Event.comm, 16), 4, 40, Need(4, 16)),
        (Column(Event.comm, 16), 60, 40, Need(6, 60)),
        (Column(Connection.raddr, 39), 10, 40, Need(10, 39)),
        (Column(Connection.raddr, 39), 39, 40, Need(20, 39)),
        (Column(Connection.raddr, 39), 39, 80, Need(39, 39)),
        (Column(Connection.raddr, 39), 39, 24, Need(15, 39)),
        (Percentile(Event.numbers, 12), 6, 40, Need(6, 12)),
    ],
)
def test_what_a_table_s_column_asks_for(column: Column, widest: int, room: int, need: Need) -> None:
    """There the texts are known."""
    assert need_of(column, room, widest) == need


@pytest.mark.parametrize(
    "make", [lambda: Column(Event.pid, rank="1"), lambda: Index("a", rank=1.5)]
)
def test_a_rank_is_an_integer(make: object) -> None:
    with pytest.raises(RecordError, match="a column's rank is an integer"):
        make()  # type: ignore[operator]
