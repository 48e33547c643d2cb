from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.output.columns import Column, Combined
from tuxscope.output.lines import CACHED_LINES, LineFormat, Style
from tuxscope.output.screen import columns
from tuxscope.programs.hello import COLUMNS, HelloEvent
from tuxscope.record import Record, RecordType, char, s16, s64, u8, u32, u64

BASH = HelloEvent(pid=1842, comm="bash", timestamp_ns=9823741029384)


class Point(Record):
    x = s16
    y = s16


class Label(Record):
    text = char[8]
    at = Point


class Everything(Record):
    flag = u8
    address = u8[4]
    codes = u32[3]
    point = Point
    label = Label
    points = Point[2]
    names = char[12]
    last = s64


HELLO = {style: LineFormat(style, HelloEvent, COLUMNS) for style in Style}
EVERYTHING = Everything(
    flag=1,
    address=b"\x7f\0\0\xff",
    codes=(1, 2, 3),
    point=Point(x=-1, y=2),
    label=Label(text="{é}", at=Point(x=3)),
    points=(Point(), Point(y=9)),
    names="{0} \\ '\"",
    last=-(1 << 63),
)


def all_columns(record: RecordType, width: int = 0) -> tuple[Column, ...]:
    return tuple(Column(field, width) for field in record.fields.values())


def rendered(style: Style, columns: tuple[Column, ...], *records: Record) -> str:
    record = type(records[0])
    rows = [record.raw.unpack(bytes(each)) for each in records]
    return lines(LineFormat(style, record, columns), rows)


def lines(layout: LineFormat, rows: Sequence[tuple[Any, ...]]) -> str:
    return layout.render([list(column) for column in zip(*rows, strict=True)]).decode()


def hello_line(style: Style, comm: bytes) -> str:
    return lines(HELLO[style], [(1, 2, comm)])


def test_hello_s_table_is_that_of_the_seed() -> None:
    assert HELLO[Style.TEXT].header == "PID      COMM             TIMESTAMP_NS\n"
    assert rendered(Style.TEXT, COLUMNS, BASH) == "{:<8} {:<16} {}\n".format(
        1842, "bash", 9823741029384
    )


def test_hello_s_json_is_that_of_the_seed() -> None:
    assert HELLO[Style.JSON].header == ""
    line = '{"pid":1842,"comm":"bash","timestamp_ns":9823741029384}\n'
    assert rendered(Style.JSON, COLUMNS, BASH, BASH) == line * 2


def test_no_rows_make_no_lines() -> None:
    assert HELLO[Style.TEXT].render([[], [], []]) == b""


@given(st.binary(min_size=16, max_size=16).map(lambda raw: raw.replace(b"\0", b"\n")))
def test_any_comm_is_a_string_in_json(comm: bytes) -> None:
    line = hello_line(Style.JSON, comm)
    assert line.isascii()
    assert line.index("\n") == len(line) - 1
    assert json.loads(line) == {
        "pid": 1,
        "comm": comm.decode("utf-8", "replace"),
        "timestamp_ns": 2,
    }


@given(
    st.binary(max_size=16) | st.text(max_size=8).map(str.encode) | st.sampled_from([b"\x1b[2J\r\n"])
)
def test_any_comm_is_one_printable_row(comm: bytes) -> None:
    line = hello_line(Style.TEXT, comm)
    assert line.endswith(" 2\n")
    assert line[:-1].isprintable()
    shown = comm.partition(b"\0")[0].decode("utf-8", "replace")
    if shown.isprintable():
        assert line == f"{1:<8} {shown}{' ' * (16 - columns(shown))} 2\n"


@pytest.mark.parametrize(
    ("comm", "shown"),
    [
        (b"cat\0rubbish", "cat"),
        (b"a\nb", r"a\nb"),
        (b"\x1b[31m", r"\x1b[31m"),
        (b"\t\r\x7f", r"\t\r\x7f"),
        ("a\u202eb".encode(), r"a\u202eb"),
        ("\U000e0001".encode(), r"\U000e0001"),
        ("müß".encode(), "müß"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"{v0} '{{\\\"", "{v0} '{{\\\""),
    ],
)
def test_texts_are_shown_as_they_are_unless_they_would_break_the_row(
    comm: bytes, shown: str
) -> None:
    assert hello_line(Style.TEXT, comm) == f"{1:<8} {shown:<16} 2\n"


def test_every_type_is_shown_in_json() -> None:
    assert json.loads(rendered(Style.JSON, all_columns(Everything), EVERYTHING)) == {
        "flag": 1,
        "address": "7f0000ff",
        "codes": [1, 2, 3],
        "point": {"x": -1, "y": 2},
        "label": {"text": "{é}", "at": {"x": 3, "y": 0}},
        "points": [{"x": 0, "y": 0}, {"x": 0, "y": 9}],
        "names": "{0} \\ '\"",
        "last": -(1 << 63),
    }


def test_every_type_is_shown_in_a_table() -> None:
    shown: list[Any] = [
        1,
        "7f0000ff",
        "[1, 2, 3]",
        '{"x": -1, "y": 2}',
        '{"text": "{\\u00e9}", "at": {"x": 3, "y": 0}}',
        '[{"x": 0, "y": 0}, {"x": 0, "y": 9}]',
        "{0} \\ '\"",
        -(1 << 63),
    ]
    assert rendered(Style.TEXT, all_columns(Everything), EVERYTHING) == (
        " ".join(map(str, shown)) + "\n"
    )
    assert rendered(Style.TEXT, all_columns(Everything, 40), EVERYTHING) == (
        " ".join(f"{each:<40}" for each in shown) + "\n"
    )


def test_columns_come_in_their_own_order_and_may_be_few() -> None:
    columns = (Column(Everything.last, 21), Column(Everything.codes, 12), Column(Everything.flag))
    layout = LineFormat(Style.TEXT, Everything, columns)
    assert layout.header == "LAST                  CODES        FLAG\n"
    assert rendered(Style.TEXT, columns, EVERYTHING) == "-9223372036854775808  [1, 2, 3]    1\n"
    assert rendered(Style.JSON, columns[::2], EVERYTHING) == f'{{"last":{-(1 << 63)},"flag":1}}\n'


def test_arrays_may_be_of_one_element() -> None:
    record = RecordType("One", (Record,), {"octets": u8[1], "numbers": u32[1], "texts": char[1]})
    data = record(octets=b"\xab", numbers=(7,), texts="{")
    assert rendered(Style.JSON, all_columns(record), data).split() == [
        '{"octets":"ab","numbers":[7],"texts":"{"}'
    ]


def test_a_record_may_have_many_values() -> None:
    numbers = [(1 << 64) - 1 - number for number in range(300)]
    record = RecordType("Many", (Record,), {"numbers": u64[300]})
    line = rendered(Style.JSON, all_columns(record), record(numbers=numbers))
    assert json.loads(line) == {"numbers": numbers}


COMMS = st.sampled_from([b"cat", b"%s%d%%", "müß".encode(), b'"\\\x1b']) | st.binary(max_size=15)


@pytest.mark.parametrize("style", Style)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, (1 << 64) - 1), COMMS), max_size=40))
def test_lines_together_are_the_lines_one_by_one(
    style: Style, rows: list[tuple[int, int, bytes]]
) -> None:
    one_by_one = "".join(lines(LineFormat(style, HelloEvent, COLUMNS), [row]) for row in rows)
    assert HELLO[style].render([list(c) for c in zip(*rows, strict=True)] or [[], [], []]).decode(
    ) == one_by_one  # fmt: skip
    for line, (pid, time, comm) in zip(one_by_one.split("\n"), rows, strict=False):
        if style is Style.JSON:
            text = comm.partition(b"\0")[0].decode("utf-8", "replace")
            assert json.loads(line) == {"pid": pid, "comm": text, "timestamp_ns": time}


def test_kept_lines_are_bounded() -> None:
    layout = LineFormat(Style.TEXT, HelloEvent, COLUMNS)
    rows = [(pid, 1, b"cat") for pid in range(2 * CACHED_LINES + 10)]
    assert lines(layout, rows) == "".join(f"{pid:<8} {'cat':<16} 1\n" for pid, _, _ in rows)
    assert len(layout._templates) <= CACHED_LINES


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("fields", [{"a": u64}, {"a": u32}, {"a": u64, "b": s64, "c": u64}])
def test_records_of_nothing_but_numbers(style: Style, fields: dict[str, Any]) -> None:
    record = RecordType("Numbers", (Record,), fields)
    rows = [tuple(range(n, n + len(fields))) for n in (0, 7, 7)]
    shown = {
        Style.JSON: "".join(
            json.dumps(dict(zip(fields, row, strict=True)), separators=(",", ":")) + "\n"
            for row in rows
        ),
        Style.TEXT: "".join(" ".join(f"{n:<3}" for n in row) + "\n" for row in rows),
    }
    assert lines(LineFormat(style, record, all_columns(record, 3)), rows) == shown[style]


def test_a_column_of_several_fields() -> None:
    """It gets each line's own values, and counts as one column."""

    class Link(Record):
        number = u64
        names = char[4]
        flag = u8
        index = u32

    def combine(values: tuple[bytes, int, int]) -> str | None:
        name, index, flag = values
        return f"{name.decode()[:2]}%{index}" if flag else None

    columns = (
        Column(Link.number, 3),
        Combined(Link.names, 6, (Link.index, Link.flag), combine),
        Column(Link.index),
    )
    links = [
        Link(number=1, names="ab", index=7, flag=1),
        Link(number=2, names="ab", index=8, flag=1),
        Link(number=3, names='%"', index=8, flag=0),
        Link(number=4, names='%"', index=8, flag=1),
    ]
    assert rendered(Style.TEXT, columns, *links) == (
        '1   ab%7   7\n2   ab%8   8\n3   -      8\n4   %"%8   8\n'
    )
    shown = rendered(Style.JSON, columns, *links).splitlines()
    assert [json.loads(each)["names"] for each in shown] == ["ab%7", "ab%8", None, '%"%8']


@pytest.mark.parametrize(
    ("comm", "takes"),
    [("ファイル", 8), ("a🦊b", 4), ("mu\u0308", 2), ("한글", 4), ("naïve", 5), ("\u0301x", 1)],
)
def test_wide_and_combining_characters_keep_the_columns(comm: str, takes: int) -> None:
    """Also where it is no terminal: a file is looked at on one."""
    assert hello_line(Style.TEXT, comm.encode()) == f"{1:<8} {comm}{' ' * (16 - takes)} 2\n"
