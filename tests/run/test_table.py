"""When the tables of a run are printed."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from terminal import Terminal

from tuxscope.asm import Hash, Program
from tuxscope.options.tool import ToolOptions
from tuxscope.output.columns import Column, Rate
from tuxscope.output.sink import Sink
from tuxscope.page.page import Page
from tuxscope.record import Record, u32, u64
from tuxscope.run.table import LiveTables


class Who(Record):
    pid = u32


class Writes(Record):
    count = u64


COUNTS = Hash("COUNTS", key=Who, value=Writes, max_entries=8)
LATE = 0.0004  # seconds that a wait takes longer than asked for


def loaded(items: Callable[[], Any]) -> Any:
    """Programs in the kernel whose COUNTS has these entries."""
    return SimpleNamespace(maps={COUNTS: SimpleNamespace(items=items)}, recursion_misses=0)


def program() -> Program:
    raise AssertionError("nothing is loaded here")


class Clock:
    """A Watch whose time passes when it waits, and whose alarm comes late: it never ends a run."""

    seconds = 0.0

    def wait(self, seconds: float) -> bool:
        self.seconds += seconds + LATE
        assert self.seconds < 10, "the run has no end"
        return True


class Paper:
    """A sink that keeps what is written."""

    text = ""

    def fileno(self) -> int:
        return -1

    def write(self, text: str) -> None:
        self.text += text


class Entries(list[Any]):
    """What is in a map that nothing changes."""

    warning = ""


@pytest.mark.parametrize(
    ("options", "tables"),
    [
        (ToolOptions(duration=1.0), 1),
        (ToolOptions(duration=0.3), 1),
        (ToolOptions(duration=3.0), 3),
        (ToolOptions(duration=2.5), 3),
        (ToolOptions(duration=2.0, interval=0.5), 4),
        (ToolOptions(count=2), 2),
        (ToolOptions(count=5, duration=3.0), 3),
    ],
)
def test_the_last_table_is_printed_once(options: ToolOptions, tables: int) -> None:
    entries = Entries([(Who(pid=7), Writes(count=60))])
    live = loaded(lambda: entries)
    columns = (Column(Who.pid, 8), Column(Writes.count, 8), Rate(Writes.count))
    paper: Any = Paper()
    shown = LiveTables(Page(program, COUNTS, columns), options, live, paper)
    clock: Any = Clock()
    shown.watch(clock)
    shown.finish(clock.seconds)
    assert paper.text.count("PID") == tables
    assert str(shown.totals).startswith("1 rows, ")


def test_a_resized_terminal_has_the_table_anew_before_the_next_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same one: the map is not read for it, and rates stay those of a whole interval."""
    monkeypatch.setenv("TERM", "xterm")
    reads = 0

    def items() -> list[Any]:
        nonlocal reads
        reads += 1
        return Entries([(Who(pid=7), Writes(count=60 * reads))])

    class Steps:
        """A Watch: after the first table something happens in each wait, and then it is enough."""

        seconds = 0.0

        def __init__(self, *steps: Callable[[], object]) -> None:
            self.steps = list(steps)

        def wait(self, seconds: float) -> bool:
            self.seconds += seconds
            if reads and self.steps:
                self.steps.pop(0)()
            return bool(self.steps)

    columns = (Column(Who.pid, 8), Column(Writes.count, 30), Rate(Writes.count, 30))
    live = loaded(items)
    with Terminal(80, 24) as terminal:
        seen: list[list[str]] = []

        def look() -> None:
            terminal.read()
            seen.append(terminal.lines)

        options, sink = ToolOptions(interval=3600.0), Sink(terminal.fd)
        shown = LiveTables(Page(program, COUNTS, columns), options, live, sink)  # type: ignore[arg-type]
        watch: Any = Steps(look, lambda: terminal.resize(20, 10), look)
        shown.watch(watch)
        shown.leave_terminal()
    assert seen == [
        [f"PID      {'COUNT':<30} COUNT/S", f"7        {60:<30} 0"],
        ["PID    COUNT COUNT/S", "7      60    0"],
    ]
    assert reads == 1
    assert watch.seconds < 2 * 3600


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_a_warning_is_not_covered_by_the_next_table(
    term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes at once, or behind the last one where that is on a terminal."""
    monkeypatch.setenv("TERM", term)
    events: list[str] = []
    monkeypatch.setattr("tuxscope.run.table.say", events.append)
    entries = Entries([(Who(pid=7), Writes(count=60))])
    entries.warning = "it changed"
    live = loaded(lambda: entries)
    columns = (Column(Who.pid, 8), Column(Writes.count, 8))
    with Terminal(80, 24) as terminal:
        sink = Sink(terminal.fd)
        shown = LiveTables(Page(program, COUNTS, columns), ToolOptions(count=3), live, sink)  # type: ignore[arg-type]
        clock: Any = Clock()
        shown.watch(clock)
        assert events == ([] if term == "xterm" else ["it changed"])
        shown.finish(clock.seconds)
    assert events == ["it changed"]
