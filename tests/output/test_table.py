"""Tables: what is in a map, sorted, with rates; for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tuxscope.asm import PerfEventArray
from tuxscope.output.columns import AnyColumn, Bar, Column, Index, Log2, Percentile, Rate
from tuxscope.output.lines import Style
from tuxscope.output.row import Row
from tuxscope.output.table import Table
from tuxscope.page import Page
from tuxscope.record import Record, RecordError, char, s64, u32, u64
from tuxscope.record.values import Optional


class Process(Record):
    pid = u32


class Writes(Record):
    count = u64
    comm = char[16]


class Balance(Record):
    bytes = s64


COLUMNS = (Column(Process.pid, 6), Column(Writes.count, 6), Rate(Writes.count, 8),
           Column(Writes.comm))  # fmt: skip


def entry(pid: int, count: int, comm: str = "cat") -> tuple[Process, Writes]:
    return Process(pid=pid), Writes(count=count, comm=comm)


def test_rows_are_as_wide_as_their_columns() -> None:
    table = Table(Style.TEXT, COLUMNS)
    assert table.render([entry(7, 10), entry(1842, 3, "\x1b[2J")], 2.0, 2.0) == [
        "PID    COUNT  COUNT/S  COMM",
        "7      10     5        cat",
        r"1842   3      2        \x1b[2J",
    ]
    assert table.rows == 2


def test_rates_are_from_one_table_to_the_next() -> None:
    table = Table(Style.JSON, COLUMNS)
    table.render([entry(7, 10)], 1.0, 1.0)
    (line,) = table.render([entry(7, 25), entry(8, 4)], 0.5, 1.5)
    assert json.loads(line) == {
        "seconds": 1.5,
        "rows": [
            {"pid": 7, "count": 25, "count_per_s": 30.0, "comm": "cat"},
            {"pid": 8, "count": 4, "count_per_s": 8.0, "comm": "cat"},
        ],
    }
    (line,) = table.render([entry(7, 5)], 1.0, 2.5)  # deleted, and begun again
    assert json.loads(line)["rows"][0]["count_per_s"] == 5.0


def pids(table: Table, *entries: tuple[Process, Writes]) -> list[str]:
    return [line.split()[0] for line in table.render(entries, 1.0, 1.0)[1:]]


def test_the_order_is_that_of_the_rate_where_it_is_shown_else_of_the_number() -> None:
    by_rate = Table(Style.TEXT, COLUMNS, Writes.count)
    assert pids(by_rate, entry(7, 10), entry(8, 20)) == ["8", "7"]
    assert pids(by_rate, entry(7, 25), entry(8, 21)) == ["7", "8"]
    by_number = Table(Style.TEXT, COLUMNS[:2], Writes.count)
    assert pids(by_number, entry(7, 10), entry(8, 20)) == ["8", "7"]
    assert pids(by_number, entry(7, 15), entry(8, 20)) == ["8", "7"]
    by_key = Table(Style.TEXT, COLUMNS)
    assert pids(by_key, entry(8, 20), entry(7, 10)) == ["7", "8"]


def test_values_of_all_cpus_are_added_up() -> None:
    table = Table(
        Style.TEXT, (Column(Process.pid, 4), Column(Writes.count, 6), Column(Writes.comm))
    )
    each = (Writes(count=2, comm=""), Writes(count=40, comm="cat"))
    assert table.render([(Process(pid=7), each)], 1.0, 1.0)[1] == "7    42     cat"


def test_a_histogram_has_ranges_and_bars_and_no_empty_ends() -> None:
    class Slot(Record):
        count = u64

    columns = (Log2("ns", 14), Column(Slot.count, 6), Bar(Slot.count))
    counts = [0, 0, 0, 1, 0, 8, 4, 0]
    entries = [(index, Slot(count=count)) for index, count in enumerate(counts)]
    table = Table(Style.TEXT, columns)
    assert table.render(entries, 1.0, 1.0) == [
        "NS             COUNT",
        f"[8, 16)        1      {'@' * 5}",
        "[16, 32)       0",
        f"[32, 64)       8      {'@' * 40}",
        f"[64, 128)      4      {'@' * 20}",
    ]
    (line,) = Table(Style.JSON, columns).render(entries, 1.0, 1.0)
    assert json.loads(line)["rows"][0] == {"ns": 8, "count": 1}
    first = Table(Style.TEXT, columns).render([(0, Slot(count=1)), (20, Slot(count=1))], 1.0, 1.0)
    assert [line.split("  ")[0] for line in first[1:]] == ["[0, 2)", "[1M, 2M)"]


def test_an_index_and_a_signed_number() -> None:
    table = Table(Style.TEXT, (Index("cpu", 4), Column(Balance.bytes), Rate(Balance.bytes)))
    assert table.render([(0, Balance(bytes=5)), (1, Balance(bytes=-9))], 0.0, 0.0) == [
        "CPU  BYTES BYTES/S", "0    5 0", "1    -9 0",
    ]  # fmt: skip


def test_nothing_to_show() -> None:
    assert Table(Style.TEXT, COLUMNS).render([], 1.0, 1.0) == ["PID    COUNT  COUNT/S  COMM"]
    assert Table(Style.JSON, COLUMNS).render([], 1.0, 1.0) == ['{"seconds":1.0,"rows":[]}']


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Rate(Writes.comm), "a rate is one of a number, and comm is not a number"),
        (lambda: Bar(Writes.comm), "a bar shows a number, and comm is not a number"),
        (lambda: Index("two words"), r"a column has a name, as in Index\('cpu', 8\)"),
        (lambda: Log2("ns", -1), "a column's width is a number of characters, not -1"),
    ],
)
def test_columns_are_checked_when_they_are_made(make: object, says: str) -> None:
    with pytest.raises(RecordError, match=says):
        make()  # type: ignore[operator]


class Times(Record):
    us = u32[128]


@pytest.mark.parametrize(
    ("column", "pids"),
    [
        (COLUMNS[0], [1842, 8, 7]),
        (COLUMNS[1], [8, 7, 1842]),
        (COLUMNS[2], [8, 1842, 7]),
        (COLUMNS[3], [7, 8, 1842]),
    ],
    ids=lambda each: getattr(each, "title", ""),
)
def test_sorted_by_a_column(column: AnyColumn, pids: list[int]) -> None:
    """Numbers from the largest on, text from A to Z."""
    table = Table(Style.JSON, COLUMNS, Writes.count, sort=column)
    table.render([entry(7, 10), entry(8, 4)], 1.0, 1.0)
    (line,) = table.render([entry(7, 11, "bash"), entry(1842, 3, "top"), entry(8, 40)], 1.0, 2.0)
    assert [each["pid"] for each in json.loads(line)["rows"]] == pids


def test_sorted_what_is_not_known_is_last() -> None:
    slow, fast, none = ([0] * 128 for _ in range(3))
    slow[40], fast[3] = 1, 1
    column = Percentile(Times.us, 8)
    table = Table(Style.JSON, [Column(Process.pid, 6), column], sort=column)
    entries = [(Process(pid=pid), Times(us=us)) for pid, us in ((1, none), (2, fast), (3, slow))]
    (line,) = table.render(entries, 1.0, 1.0)
    assert [each["pid"] for each in json.loads(line)["rows"]] == [3, 2, 1]


def test_the_first_rows_alone_and_rates_of_all() -> None:
    table = Table(Style.JSON, COLUMNS, Writes.count, most=1)
    for count, first, rate in ((10, 8, 30.0), (30, 7, 20.0)):
        (line,) = table.render([entry(7, count), entry(8, 40 - count)], 1.0, 1.0)
        (row,) = json.loads(line)["rows"]
        assert (row["pid"], row["count_per_s"], table.rows) == (first, rate, 1)


class Share(Column):
    """A kind of column that the package does not have: percent of all rows."""

    __slots__ = ()
    only_of_tables = True

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        whole = sum(row.values[self.field] for row in rows)
        return [f"{100 * row.values[self.field] // whole}%" for row in rows]


def test_a_kind_of_column_is_one_class() -> None:
    shown = (Column(Process.pid, 4), Share(Writes.count))
    assert Table(Style.TEXT, shown).render([entry(7, 10), entry(8, 30)], 1.0, 1.0) == [
        "PID  COUNT",
        "7    25%",
        "8    75%",
    ]
    events = PerfEventArray("EVENTS", Writes)
    with pytest.raises(RecordError, match="Share is for a table; EVENTS carries a stream"):
        Page(pids, events, (Share(Writes.count),))


class Wait(Record):
    longest = Optional(u64, 0)
    threads = u64


class Waiting(Column):
    """Two fields in one column of text."""

    __slots__ = ()

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        return [f"{row.values[Wait.threads]} for {row.values[self.field]}" for row in rows]


def test_a_number_may_have_been_unknown() -> None:
    table = Table(Style.JSON, (Column(Wait.longest),))
    for longest in (None, 5, None, 7):
        (line,) = table.render([(Process(pid=1), Wait(longest=longest))], 1.0, 1.0)
        assert json.loads(line)["rows"] == [{"longest": longest}]


def test_a_column_may_show_several_fields_in_its_text() -> None:
    entries = [(Process(pid=1), Wait(longest=5, threads=2))]
    columns = (Column(Process.pid, 4), Waiting(Wait.longest))
    text = Table(Style.TEXT, columns).render(entries, 1.0, 1.0)
    assert text[1] == "1    2 for 5"
    (line,) = Table(Style.JSON, columns).render(entries, 1.0, 1.0)
    assert json.loads(line)["rows"] == [{"pid": 1, "longest": 5}]
