"""A page's map, shown again and again: a table."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from tuxscope.asm import Array, Hash
from tuxscope.output.lines import Style
from tuxscope.output.messages import say
from tuxscope.output.screen import height_of
from tuxscope.output.sink import LiveSink, Sink
from tuxscope.output.table import Entries, Table
from tuxscope.programs.page import Page
from tuxscope.runner.loaded import Loaded
from tuxscope.runner.options import Options
from tuxscope.runner.watch import Watch, time_told

INTERVAL = 1.0  # seconds from one table to the next
# ECMA-48: to the first row and column; clear to the end of the line, and of the screen.
HOME, REST_OF_LINE, REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


@dataclass
class Totals:
    """What the last line says.

    Attributes:
        rows: in the last table.
        seconds: attached.
        missed: runs that the kernel left out because a program interrupted itself.
        lost: nothing is, as nothing is sent.
    """

    rows: int = 0
    seconds: float = 0.0
    missed: int = 0
    lost: int = 0

    def __str__(self) -> str:
        return f"{self.rows} rows, {time_told(self.seconds, self.missed)}"


class Screen:
    """Where tables go: on a terminal in the place of the last, elsewhere one below the other."""

    def __init__(self, sink: Sink, style: Style) -> None:
        self._sink = sink
        self._apart = style is Style.TEXT
        self._replace = self._apart and os.isatty(sink.fileno())
        self._first = True

    def show(self, lines: Sequence[str], final: bool = False) -> None:
        """Print a table; a final one whole, whatever the terminal's height."""
        if self._replace:
            if not final:
                lines = lines[: height_of(self._sink.fileno()) - 1]
            text = "".join(f"{line}{REST_OF_LINE}\n" for line in lines)
            text = f"{HOME}{text}{REST_OF_SCREEN}"
            if self._first:
                text = f"{HOME}{REST_OF_SCREEN}{text}"
        else:
            text = "".join(f"{line}\n" for line in lines)
            if self._apart and not self._first:
                text = f"\n{text}"
        self._first = False
        self._sink.write(text)


class Tables:
    """The tables of one run.

    Attributes:
        totals: up to now.
        shown: how many there were.
    """

    def __init__(self, page: Page, options: Options, sink: Sink) -> None:
        self.totals = Totals()
        self.shown = 0
        self._table = Table(options.style, page.columns, page.order_by)
        self._screen = Screen(sink, options.style)
        self._before = 0.0

    def show(self, entries: Entries, at: float, final: bool = False) -> None:
        """Print one, ``at`` seconds after the start."""
        lines = self._table.render(entries, at - self._before, at)
        self.totals.rows = self._table.rows
        self._screen.show(lines, final)
        self.shown += 1
        self._before = at


class LiveTables:
    """One run of a page whose map is shown.

    Attributes:
        wakes: nothing wakes us but the time.
    """

    wakes = None

    def __init__(self, page: Page, options: Options, loaded: Loaded, sink: LiveSink) -> None:
        assert isinstance(page.map, Hash | Array)
        self._loaded = loaded
        self._map = loaded.map(page.map)
        self._tables = Tables(page, options, sink)
        self._warned = False
        self._interval = options.interval or INTERVAL
        self._count = options.count
        self._duration = math.inf if options.duration is None else options.duration

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held."""

    @property
    def totals(self) -> Totals:
        return self._tables.totals

    def watch(self, watch: Watch) -> None:
        """Show a table again and again, until something says that it is enough; the last one
        is that of finish(), also where it is due when the time is up."""
        due = self._interval
        while watch.wait(max(due - watch.seconds, 0)):
            if watch.seconds < due:  # woken before its time
                continue
            if self._tables.shown + 1 == self._count or watch.seconds >= self._duration:
                return
            self._show(watch.seconds)
            due = max(due + self._interval, watch.seconds)

    def finish(self, seconds: float) -> None:
        """After the programs are detached: what is in the map stays so."""
        self.totals.seconds = seconds
        self._show(seconds, final=True)
        self.totals.missed = self._loaded.missed

    def _show(self, seconds: float, final: bool = False) -> None:
        entries = self._map.items()
        self._tables.show(entries, seconds, final)
        if entries.warning and not self._warned:
            self._warned = True
            say(entries.warning)
