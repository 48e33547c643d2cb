"""Records of several kinds as lines of one stream."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.output import terminal_lines
from tuxscope.output.columns import Clock, Column, Combined
from tuxscope.output.kinds import KindLines
from tuxscope.output.lines import Style
from tuxscope.record import Record, char, s64, u8, u32, u64
from tuxscope.record.variable import const, tail


class Began(Record):
    kind = const(u32, 1)
    length = u32
    time_ns = u64
    name = tail(char[20], "length")


class Ended(Record):
    result = s64
    kind = u32
    code = u8
    time_ns = u64


RECORDS = (Began, Ended)
COLUMNS = (
    Column(Began.kind, 5),
    Column(Ended.result, 7),
    Column(Began.name, 8),
    Column(Ended.code),
)


def columns_of(records: Sequence[Record]) -> list[list[Any]]:
    """As a RingBufDecoder has them."""
    rows = []
    for each in records:
        layout = type(each)._layout
        data = memoryview(bytes(each))
        rows.append(layout.unpack(data) if layout.tail else layout.raw.unpack(data))
    return [[0] * len(rows), [type(each) for each in records], rows]


def lines(style: Style, *records: Record) -> list[str]:
    made = KindLines(style, RECORDS, COLUMNS)
    return (made.header + made.render(columns_of(records)).decode()).splitlines()


def test_a_column_shows_the_field_of_its_name_in_each_kind() -> None:
    assert lines(Style.TEXT, Began(name="a\nb"), Ended(kind=2, result=-1, code=7)) == [
        "KIND  RESULT  NAME     CODE",
        "1     -       a\\nb     -",
        "2     -1      -        7",
    ]


def test_json_leaves_out_what_a_kind_has_not() -> None:
    text = lines(Style.JSON, Began(name="a\r\nb\u2028"), Ended(kind=2, result=-1, code=7))
    assert list(map(json.loads, text)) == [
        {"kind": 1, "name": "a\r\nb\u2028"},
        {"kind": 2, "result": -1, "code": 7},
    ]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 99), st.text(max_size=5)), max_size=20))
def test_lines_are_in_the_order_of_the_records(rows: list[tuple[bool, int, str]]) -> None:
    records = [
        Began(name=name) if began else Ended(kind=2, code=code) for began, code, name in rows
    ]
    found = [json.loads(line) for line in lines(Style.JSON, *records)]
    assert [each.get("code") for each in found] == [
        None if began else code for began, code, _ in rows
    ]


def test_a_combined_column_is_there_where_all_of_its_fields_are() -> None:
    columns = (Combined(Began.kind, 4, others=(Began.name,), combine=lambda v: str(v[0])),
               Clock(Ended.time_ns))  # fmt: skip
    made = KindLines(Style.JSON, RECORDS, columns)
    text = made.render(columns_of([Began(time_ns=5, name="x"), Ended(time_ns=6)])).decode()
    assert list(map(json.loads, text.splitlines())) == [
        {"kind": "1", "time_ns": 5},
        {"time_ns": 6},
    ]


@pytest.mark.parametrize(("room", "titles"), [(80, 4), (16, 2)])
def test_a_terminal_has_as_many_columns_of_each_kind(
    monkeypatch: pytest.MonkeyPatch, room: int, titles: int
) -> None:
    now = room
    monkeypatch.setattr(terminal_lines, "width_of", lambda _: now)
    made = KindLines(Style.TEXT, RECORDS, COLUMNS, os.O_RDONLY)
    text = made.render(columns_of([Began(name="n"), Ended(code=1)])).decode()
    assert len(made.header.split()) == titles
    assert [len(line.split()) for line in text.splitlines()] == [titles] * 2
    assert made.changed_header() == ""
    now = 30
    assert len(made.changed_header().split()) >= titles - 2
