"""Tables on a terminal: they fit, one takes the place of the other, and none is left behind."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from terminal import Terminal

from tuxscope.output.columns import Bar, Column, Log2, Rate
from tuxscope.output.lines import Style
from tuxscope.output.sink import Sink
from tuxscope.output.table import Table
from tuxscope.output.table_screen import TableScreen
from tuxscope.programs.net.summary import COLUMNS, KEYS, RANGES, By, Process, Remote, Traffic
from tuxscope.record import Record, char, u32, u64

SIZES = [(80, 24), (40, 10), (200, 50)]
BEFORE = "$ what was typed before\n"


class Key(Record):
    pid = u32


class Value(Record):
    count = u64
    comm = char[16]


class Slot(Record):
    count = u64


WRITES = (Column(Key.pid, 8), Column(Value.count, 8), Rate(Value.count, 8), Column(Value.comm))


@pytest.fixture(autouse=True)
def term(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")


class Shown:
    """Tables on a terminal, below a line that was there before."""

    def __init__(self, terminal: Terminal, table: Table) -> None:
        os.write(terminal.fd, BEFORE.encode())
        self.terminal = terminal
        self.screen = TableScreen(Sink(terminal.fd), Style.TEXT)
        self._table = table

    def show(self, entries: Any) -> str:
        """The screen with a table."""
        self.screen.show(self._table.render(entries, 1.0, 1.0, self.screen.room))
        self.terminal.read()
        return self.terminal.text

    def again(self) -> str:
        self.screen.show(self._table.again(self.screen.room))
        self.terminal.read()
        return self.terminal.text

    def finish(self, entries: Any) -> str:
        """The screen after the last table."""
        self.screen.finish(self._table.render(entries, 1.0, 1.0, self.screen.room))
        self.terminal.read()
        return self.terminal.text


def writes(count: int, factor: int = 1) -> list[tuple[Key, Value]]:
    """So many processes with 1, 2, 3 writes, times a factor."""
    return [(Key(pid=n), Value(count=n * factor, comm=f"c{n}")) for n in range(1, count + 1)]


def traffic(scale: int, took: int) -> Traffic:
    connect = [0] * RANGES
    connect[took] = scale
    return Traffic(
        events=scale, connects=scale, accepts=0, failed=scale // 3, resets=1, closes=scale,
        tx=scale * 1000, rx=scale**2, connect=tuple(connect),
    )  # fmt: skip


SUMMARIES = {
    By.PROCESS: [
        (Process(pid=30542, comm="curl"), traffic(9, 40)),
        (Process(pid=4194303, comm="chromium-browse"), traffic(123456, 90)),
        (Process(pid=None, comm=""), traffic(1, 0)),
        (Process(pid=77, comm="ファイル🦊"), traffic(2, 3)),
    ],
    By.REMOTE: [
        (Remote(raddr="10.0.0.1"), traffic(40, 40)),
        (Remote(raddr="2001:db8:8765:4321:9abc:def0:1234:5678"), traffic(7, 50)),
    ],
}
SUMMARY_SCREENS = {
    (By.PROCESS, 80): """\
PID     COMM       CONNECTS ACCEPTS FAILED RESETS TX        RX          P50_MS
4194303 chromium-… 123456   0       41152  1      123456000 15241383936 6815.744
30542   curl       9        0       3      1      9000      81          1.152
77      ファイル🦊 2        0       0      1      2000      4           0.003
-                  1        0       0      1      1000      1           0.0
""",
    (By.PROCESS, 40): """\
PID     COMM     CONNECTS ACCEPTS FAILED
4194303 chromiu… 123456   0       41152
30542   curl     9        0       3
77      ファイ…  2        0       0
-                1        0       0
""",
    (By.PROCESS, 200): """\
PID     COMM            CONNECTS ACCEPTS  FAILED   RESETS   CLOSES   TX           RX           P50_MS       P99_MS
4194303 chromium-browse 123456   0        41152    1        123456   123456000    15241383936  6815.744     6815.744
30542   curl            9        0        3        1        9        9000         81           1.152        1.152
77      ファイル🦊      2        0        0        1        2        2000         4            0.003        0.003
-                       1        0        0        1        1        1000         1            0.0          0.0
""",  # noqa: E501
    (By.REMOTE, 80): """\
RADDR                                  CONNECTS ACCEPTS FAILED TX    RX   P50_MS
10.0.0.1                               40       0       13     40000 1600 1.152
2001:db8:8765:4321:9abc:def0:1234:5678 7        0       2      7000  49   6.656
""",
    (By.REMOTE, 40): """\
RADDR                   CONNECTS ACCEPTS
10.0.0.1                40       0
2001:db8:8765:4321:9ab… 7        0
""",
    (By.REMOTE, 200): """\
RADDR                                   CONNECTS ACCEPTS  FAILED   RESETS   CLOSES   TX           RX           P50_MS       P99_MS
10.0.0.1                                40       0        13       1        40       40000        1600         1.152        1.152
2001:db8:8765:4321:9abc:def0:1234:5678  7        0        2        1        7        7000         49           6.656        6.656
""",  # noqa: E501
}
HISTOGRAM_SCREENS = {
    80: """\
NS             COUNT
[4, 8)         5            @
[8, 16)        400          @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
[16, 32)       100          @@@@@@@@@@
[32, 64)       1            @
""",
    40: """\
NS             COUNT
[4, 8)         5            @
[8, 16)        400          @@@@@@@@@@@@
[16, 32)       100          @@@
[32, 64)       1            @
""",
    200: """\
NS             COUNT
[4, 8)         5            @
[8, 16)        400          @@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
[16, 32)       100          @@@@@@@@@@
[32, 64)       1            @
""",
}


@pytest.mark.parametrize(("columns", "rows"), SIZES)
@pytest.mark.parametrize("by", SUMMARIES)
def test_net_summary(by: By, columns: int, rows: int) -> None:
    with Terminal(columns, rows) as terminal:
        shown = Shown(terminal, Table(Style.TEXT, KEYS[by][1] + COLUMNS, Traffic.events))
        assert shown.show(SUMMARIES[by]) == SUMMARY_SCREENS[by, columns]
        assert not terminal.scrollback


@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_a_histogram(columns: int, rows: int) -> None:
    """Bars shrink; they stay as long beside each other."""
    counts = [0, 0, 5, 400, 100, 1]
    entries = [(index, Slot(count=count)) for index, count in enumerate(counts)]
    with Terminal(columns, rows) as terminal:
        table = Table(Style.TEXT, (Log2("ns", 14), Column(Slot.count, 12), Bar(Slot.count)))
        assert Shown(terminal, table).show(entries) == HISTOGRAM_SCREENS[columns]


@pytest.mark.parametrize("width", [*range(20, 130, 3), 114, 115])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for by, entries in SUMMARIES.items():
        with Terminal(width, 24) as terminal:
            shown = Shown(terminal, Table(Style.TEXT, KEYS[by][1] + COLUMNS, Traffic.events))
            assert len(shown.show(entries).splitlines()) == 1 + len(entries)


def test_a_column_does_not_become_narrower_from_table_to_table() -> None:
    with Terminal(24) as terminal:
        shown = Shown(terminal, Table(Style.TEXT, WRITES))
        assert shown.show(writes(1)).splitlines()[0] == "PID   COUNT COUNT/S COMM"
        assert shown.show(writes(1, 10**6)).splitlines()[0] == "PID COUNT   COUNT/S COMM"
        assert shown.show(writes(1)).splitlines()[0] == "PID COUNT   COUNT/S COMM"


@pytest.mark.parametrize("alternate", [True, False], ids=["alternate screen", "none"])
@pytest.mark.parametrize(("columns", "rows"), SIZES)
def test_tables_leave_nothing_behind(columns: int, rows: int, alternate: bool) -> None:
    with Terminal(columns, rows, alternate) as terminal:
        shown = Shown(terminal, Table(Style.TEXT, WRITES))
        for factor in range(1, 20):
            lines = shown.show(writes(60, factor)).splitlines()
            assert terminal.alternate is alternate
            assert not terminal.scrollback
            assert len(lines) == rows - 1
            assert lines[0].split() == ["PID", "COUNT", "COUNT/S", "COMM"]
            assert lines[-1] == f"… {60 - (rows - 3)} more rows"
        # What is shorter than the last one clears what was below.
        assert len(shown.show(writes(3)).splitlines()) == 4
        text = shown.finish(writes(3))
        assert text.count("PID") == 1
        assert (BEFORE in text) is alternate
        assert not terminal.scrollback


def test_the_last_table_is_whole_and_there_once() -> None:
    with Terminal(40, 10) as terminal:
        shown = Shown(terminal, Table(Style.TEXT, WRITES))
        for _ in range(3):
            shown.show(writes(30))
        shown.finish(writes(30))
        lines = terminal.scrollback + terminal.lines
        assert lines[0] == BEFORE.strip()
        assert [line.split()[0] for line in lines[1:]] == ["PID", *map(str, range(1, 31))]


@pytest.mark.parametrize("count", [7, 8, 9])
def test_rows_are_left_out_where_there_is_no_room_for_them(count: int) -> None:
    with Terminal(40, 10) as terminal:
        *_, last = Shown(terminal, Table(Style.TEXT, WRITES)).show(writes(count)).splitlines()
        assert last == "… 2 more rows" if count == 9 else last.startswith(f"{count} ")


def test_a_line_of_full_width_is_whole() -> None:
    """Behind it the cursor is still on its last character, which must not be cleared."""
    with Terminal(20, 5) as terminal:
        screen = TableScreen(Sink(terminal.fd), Style.TEXT)
        screen.show(["x" * 20, "y" * 20])
        screen.show(["x" * 20, "y" * 20])
        terminal.read()
        assert terminal.lines == ["x" * 20, "y" * 20]
        assert not re.search(rb"[xy]\x1b\[K", terminal.written)


def test_a_terminal_of_another_size_gets_the_table_anew() -> None:
    with Terminal(80, 24) as terminal:
        shown = Shown(terminal, Table(Style.TEXT, KEYS[By.PROCESS][1] + COLUMNS, Traffic.events))
        assert not shown.screen.resized
        shown.show(SUMMARIES[By.PROCESS])
        assert not shown.screen.resized
        for columns, rows in ((40, 10), (200, 50), (80, 24)):
            terminal.resize(columns, rows)
            assert shown.screen.resized
            assert shown.again() == SUMMARY_SCREENS[By.PROCESS, columns]
            assert not shown.screen.resized


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_into_a_pipe_tables_are_whole_and_below_each_other(pipe: tuple[int, int]) -> None:
    screen = TableScreen(Sink(pipe[1]), Style.TEXT)
    assert (screen.room, screen.replaces, screen.resized) == (None, False, False)
    table = ["x" * 300] * 60
    screen.show(table)
    screen.finish(table)
    screen.close()
    one = f"{'x' * 300}\n" * 60
    assert os.read(pipe[0], 1 << 20).decode() == f"{one}\n{one}"


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_gets_no_escape_sequence(
    term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tables fit it all the same."""
    monkeypatch.setenv("TERM", term) if term else monkeypatch.delenv("TERM", raising=False)
    with Terminal(40, 10) as terminal:
        shown = Shown(terminal, Table(Style.TEXT, WRITES))
        assert (shown.screen.room, shown.screen.replaces) == (40, False)
        shown.show(writes(3))
        shown.finish(writes(3))
        shown.screen.close()
        terminal.read()
        assert b"\x1b" not in terminal.written
        assert (terminal.scrollback + terminal.lines).count("") == 1


def test_an_end_without_a_last_table_leaves_the_alternate_screen() -> None:
    with Terminal(40, 10) as terminal:
        shown = Shown(terminal, Table(Style.TEXT, WRITES))
        shown.show(writes(3))
        shown.screen.close()
        terminal.read()
        assert (terminal.alternate, terminal.text) == (False, BEFORE)
        shown.screen.close()  # once
        terminal.read()
        assert terminal.written.count(b"\x1b[?1049l") == 1


def test_json_is_as_it_is() -> None:
    with Terminal(40, 10) as terminal:
        screen = TableScreen(Sink(terminal.fd), Style.JSON)
        assert screen.room is None
        screen.show(['{"rows":[]}'])
        screen.finish(['{"rows":[]}'])
        terminal.read()
        assert terminal.lines == ['{"rows":[]}'] * 2
        assert b"\x1b" not in terminal.written
