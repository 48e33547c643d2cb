"""Streams on a terminal: all that is printed fits, at any width; what they print is on the page."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any

import pytest
from terminal import Terminal

from tuxscope.output.columns import Column
from tuxscope.output.lines import LineFormat, Style
from tuxscope.output.terminal_lines import TerminalLines
from tuxscope.programs import hello
from tuxscope.programs.hello import HelloEvent
from tuxscope.programs.net import page as net
from tuxscope.programs.net.connections import Connection
from tuxscope.record import Record, RecordType, char, u32, u64

TIME = re.compile(r"\d\d:\d\d:\d\d\.\d{3}")  # that of the machine
SIZES = [(80, 24), (40, 10), (200, 50)]

WRITES = [
    HelloEvent(pid=1842, comm="bash", timestamp_ns=9823741029384),
    HelloEvent(pid=4194303, comm="NetworkManager", timestamp_ns=9823741031205),
    HelloEvent(pid=7, comm="ファイル🦊", timestamp_ns=9823741045891),
    HelloEvent(pid=7, comm="nai\u0308ve", timestamp_ns=9823741045892),
    HelloEvent(pid=1, comm="\x1b[2J", timestamp_ns=18446744073709551615),
]
EVENTS = [
    Connection(
        timestamp_ns=0, ms=0.021, tx=0, rx=0, laddr="192.168.100.100", raddr="93.184.215.14",
        comm="curl", pid=30542, lport=40940, rport=443, dir="out", ip=4, state="connect",
    ),
    Connection(
        timestamp_ns=0, ms=None, tx=None, rx=None, laddr="::1", raddr="::1",
        comm="chromium-browse", pid=4194303, lport=8080, rport=51234, dir="in", ip=6,
        state="unreachable",
    ),
    Connection(
        timestamp_ns=0, ms=86400000.5, tx=123456789012, rx=18446744073709551614,
        laddr="2001:db8:1234:5678:9abc:def0:1234:5678",
        raddr="2001:db8:8765:4321:9abc:def0:1234:5678",
        comm="ünïcödé", pid=None, lport=65535, rport=65535, dir="in", ip=6, state="close",
    ),
]  # fmt: skip

HELLO_SCREENS = {
    80: """\
PID      COMM             TIMESTAMP_NS
1842     bash             9823741029384
4194303  NetworkManager   9823741031205
7        ファイル🦊       9823741045891
7        naïve            9823741045892
1        \\x1b[2J          18446744073709551615
""",
    40: """\
PID      COMM       TIMESTAMP_NS
1842     bash       9823741029384
4194303  NetworkMa… 9823741031205
7        ファイル🦊 9823741045891
7        naïve      9823741045892
1        \\x1b[2J    18446744073709551615
""",
    200: """\
PID      COMM             TIMESTAMP_NS
1842     bash             9823741029384
4194303  NetworkManager   9823741031205
7        ファイル🦊       9823741045891
7        naïve            9823741045892
1        \\x1b[2J          18446744073709551615
""",
}
NET_SCREENS = {
    80: """\
TIME         PID     COMM            DIR LPORT RADDR           RPORT STATE
hh:mm:ss.mmm 30542   curl            out 40940 93.184.215.14   443   connect
hh:mm:ss.mmm 4194303 chromium-browse in  8080  ::1             51234 unreachable
hh:mm:ss.mmm -       ünïcödé         in  65535 2001:db8:8765:… 65535 close
""",
    40: """\
COMM   RADDR           RPORT STATE
curl   93.184.215.14   443   connect
chrom… ::1             51234 unreachable
ünïcö… 2001:db8:8765:… 65535 close
""",
    200: """\
TIME         PID     COMM            DIR IP LADDR           LPORT RADDR           RPORT STATE       MS         TX       RX
hh:mm:ss.mmm 30542   curl            out 4  192.168.100.100 40940 93.184.215.14   443   connect     0.021      0        0
hh:mm:ss.mmm 4194303 chromium-browse in  6  ::1             8080  ::1             51234 unreachable -          -        -
hh:mm:ss.mmm -       ünïcödé         in  6  2001:db8:1234:5678:9abc:def0:1234:5678 65535 2001:db8:8765:4321:9abc:def0:1234:5678 65535 close       86400000.500 123456789012 18446744073709551614
""",  # noqa: E501
}


def columns_of(records: Sequence[Record]) -> list[list[Any]]:
    """As the reader hands them on."""
    rows = [type(records[0]).raw.unpack(bytes(each)) for each in records]
    return [list(column) for column in zip(*rows, strict=True)]


def printed(terminal: Terminal, columns: Sequence[Column], records: Sequence[Record]) -> str:
    """The screen with the header and lines of these records."""
    layout = TerminalLines(type(records[0]), columns, terminal.fd)
    os.write(terminal.fd, layout.header.encode() + layout.render(columns_of(records)))
    terminal.read()
    assert not terminal.scrollback
    return TIME.sub("hh:mm:ss.mmm", terminal.text)


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_hello(columns: int, rows: int) -> None:
    with Terminal(columns, rows) as terminal:
        assert printed(terminal, hello.COLUMNS, WRITES) == HELLO_SCREENS[columns]


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_net(columns: int, rows: int) -> None:
    with Terminal(columns, rows) as terminal:
        assert printed(terminal, net.COLUMNS, EVENTS) == NET_SCREENS[columns]


def test_hello_is_the_same_on_a_terminal_of_80_columns_as_in_a_file() -> None:
    whole = LineFormat(Style.TEXT, HelloEvent, hello.COLUMNS)
    with Terminal(80) as terminal:
        layout = TerminalLines(HelloEvent, hello.COLUMNS, terminal.fd)
        assert layout.header == whole.header
        assert layout.render(columns_of(WRITES)) == whole.render(columns_of(WRITES))


@pytest.mark.parametrize("width", [*range(20, 60), 79, 81, 119, 120, 121, 132, 140, 141, 500])
@pytest.mark.parametrize(
    ("columns", "records"), [(hello.COLUMNS, WRITES), (net.COLUMNS, EVENTS)], ids=["hello", "net"]
)
def test_no_line_is_wider_than_the_terminal(
    width: int, columns: Sequence[Column], records: Sequence[Record]
) -> None:
    """Each record takes a row, and the header does."""
    with Terminal(width, 24) as terminal:
        assert len(printed(terminal, columns, records).splitlines()) == 1 + len(records)


def test_a_number_that_is_longer_than_its_column_takes_what_is_left_of_the_line() -> None:
    record = RecordType("Sizes", (Record,), {"sent": u64, "more": u64, "name": char[8]})
    columns = (Column(record.sent, 5), Column(record.more, 5), Column(record.name))
    records = [record(sent=1, more=2, name="ab"), record(sent=1234567, more=2, name="abcdefgh")]
    with Terminal(22) as terminal:
        assert printed(terminal, columns, records).splitlines() == [
            "SENT  MORE  NAME", "1     2     ab", "1234567 2     abcdefgh",
        ]  # fmt: skip
    with Terminal(20) as terminal:
        assert printed(terminal, columns, records).splitlines()[2] == "1234567 2     abcde…"


def test_a_text_that_is_longer_than_its_column_takes_what_is_left_of_the_line() -> None:
    record = RecordType("Names", (Record,), {"name": char[30], "pid": u32})
    columns = (Column(record.name, 10), Column(record.pid, 5))
    with Terminal(24) as terminal:
        assert printed(terminal, columns, [record(name="x" * 20, pid=7)]).splitlines() == [
            "NAME       PID", f"{'x' * 17}… 7",
        ]  # fmt: skip


def test_after_a_change_of_width_there_is_another_header() -> None:
    with Terminal(200) as terminal:
        layout = TerminalLines(Connection, net.COLUMNS, terminal.fd)
        wide = layout.header
        assert layout.changed_header() == ""
        terminal.resize(40, 50)
        narrow = layout.changed_header()
        assert (len(wide.split()), narrow) == (13, "COMM   RADDR           RPORT STATE\n")
        assert layout.changed_header() == ""
        terminal.resize(40, 10)  # another height changes nothing
        assert layout.changed_header() == ""
        lines = layout.render(columns_of(EVENTS)).decode().splitlines()
        assert max(map(len, lines)) <= 40
        terminal.resize(200, 50)
        assert layout.changed_header() == wide


def test_a_change_of_width_that_changes_no_column_is_followed_silently() -> None:
    with Terminal(200) as terminal:
        layout = TerminalLines(HelloEvent, hello.COLUMNS, terminal.fd)
        terminal.resize(80, 24)
        assert layout.changed_header() == ""
        long = HelloEvent(pid=1, comm="\x01" * 15, timestamp_ns=1)
        assert max(map(len, layout.render(columns_of([long])).decode().splitlines())) <= 80
        terminal.resize(40, 24)
        assert layout.changed_header() == "PID      COMM       TIMESTAMP_NS\n"
