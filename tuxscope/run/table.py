"""Prints a page's map as a table, at each interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tuxscope.asm import Array, Hash
from tuxscope.errors import UsageError
from tuxscope.lean_typing import Self
from tuxscope.loader.collection import Collection
from tuxscope.options.tool import ToolOptions
from tuxscope.output.columns import AnyColumn
from tuxscope.output.messages import say
from tuxscope.output.sink import LiveSink, Sink
from tuxscope.output.table import Entries, Table
from tuxscope.output.table_screen import TableScreen
from tuxscope.page.page import Page
from tuxscope.run.page_map import shown_map
from tuxscope.run.watch import Watch, time_told
from tuxscope.suggest import did_you_mean

INTERVAL = 1.0  # seconds from one table to the next
# Seconds from one look at the terminal's size to the next. SIGWINCH reaches only the foreground
# process group, and programs such as sudo and script may not pass it on.
GLANCE = 0.1


@dataclass
class TableTotals:
    """A dataclass: the counts of a run's last line.

    Attributes:
        rows: an int, the number of rows in the last table.
        seconds: how long the programs were attached, a float.
        missed: an int, the number of program runs that the kernel skipped because a program
            interrupted itself.
        lost: an int, always 0: no records are sent.
    """

    rows: int = 0
    seconds: float = 0.0
    missed: int = 0
    lost: int = 0

    def __str__(self) -> str:
        return f"{self.rows} rows, {time_told(self.seconds, self.missed)}"


def column_named(name: str, columns: Sequence[AnyColumn]) -> AnyColumn:
    """Return the one of ``columns``, a sequence of AnyColumns, whose title or JSON name is
    ``name``, in upper or lower case.

    Raises UsageError.
    """
    shown = [each for each in columns if each.in_json]  # a bar has no title, either
    names = {each.title.lower(): each for each in shown} | {each.name: each for each in shown}
    if found := names.get(name.lower()):
        return found
    near = did_you_mean(name.lower(), names)
    known = ", ".join(each.name for each in shown)
    raise UsageError(f"there is no column {name}{near or f'; there are {known}'}")


class Tables:
    """The tables of one run of ``page``, a Page, printed to ``sink``, a Sink, by ``options``,
    ToolOptions.

    Attributes:
        totals: up to now, TableTotals.
        shown: an int, the number of tables that were printed.
        replaces: whether each table replaces the last one on the terminal.
        glance: seconds from one follow() to the next, a float.
    """

    def __init__(self, page: Page, options: ToolOptions, sink: Sink) -> None:
        self.totals = TableTotals()
        self.shown = 0
        sort = column_named(options.sort, page.columns) if options.sort else None
        self._table = Table(
            options.format, page.columns, page.order_by, sort=sort, most=options.rows
        )
        self._screen = TableScreen(sink, options.format)
        self.replaces = self._screen.replaces
        self.glance = GLANCE if self.replaces else math.inf
        self._before = 0.0

    def show(self, entries: Entries, at: float, final: bool = False) -> None:
        """Print a table of ``entries``, an iterable of (key, value) pairs, ``at`` seconds, a float,
        after the start.

        ``final`` is a bool, whether it is the last one, which stays on the terminal.
        """
        lines = self._table.render(entries, at - self._before, at, self._screen.room)
        self.totals.rows = self._table.rows
        if final:
            self._screen.finish(lines)
        else:
            self._screen.show(lines)
        self.shown += 1
        self._before = at

    def follow(self) -> None:
        """Print the last table again if the terminal's size has changed."""
        if self._screen.resized:
            self._screen.show(self._table.again(self._screen.room))

    def close(self) -> None:
        """Restore the terminal."""
        self._screen.close()


class LiveTables:
    """One run of ``page``, a Page, that prints a table of the map in ``loaded``, a Collection, to
    ``sink``, a LiveSink, by ``options``, ToolOptions. ``view`` is the Page that is shown of it, or
    None for ``page``.

    Attributes:
        reader: None: only the time makes a table due.
        totals: a TableTotals, a property.
    """

    reader = None

    def __init__(
        self,
        page: Page,
        options: ToolOptions,
        loaded: Collection,
        sink: LiveSink,
        view: Page | None = None,
    ) -> None:
        """``view`` is the Page of the table, for a subclass that makes rows of the entries of the
        map; None: ``page`` itself."""
        assert isinstance(page.map, Hash | Array)
        self._loaded = loaded
        self._map = shown_map(page, loaded)
        self._tables = Tables(view or page, options, sink)
        self._warning, self._warned = "", False
        self._interval = options.interval or INTERVAL
        self._count = options.count
        self._duration = math.inf if options.duration is None else options.duration

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave_terminal()

    def leave_terminal(self) -> None:
        """Restore the terminal, if no last table was printed."""
        self._tables.close()

    @property
    def totals(self) -> TableTotals:
        return self._tables.totals

    def watch(self, watch: Watch) -> None:
        """Print tables until ``watch``, a Watch, ends the run, or --count or --duration is reached.

        The last table is that of finish().
        """
        due = self._interval
        while watch.wait(min(max(due - watch.seconds, 0), self._tables.glance)):
            self._between()
            if watch.seconds < due:
                self._tables.follow()
                continue
            if self._tables.shown + 1 == self._count or watch.seconds >= self._duration:
                return
            self._show(watch.seconds)
            due = max(due + self._interval, watch.seconds)

    def _between(self) -> None:
        """For tools to override: called at each look, which ``_tables.glance`` is the time to."""

    def finish(self, seconds: float) -> None:
        """Print the last table; the programs are detached, so the map does not change any more.

        ``seconds`` is how long they were attached, a float.
        """
        self.totals.seconds = seconds
        self._show(seconds, final=True)
        self.totals.missed = self._loaded.recursion_misses

    def _show(self, seconds: float, final: bool = False) -> None:
        self._tables.show(self._entries(), seconds, final)
        # The next table would take its place.
        if self._warning and not self._warned and (final or not self._tables.replaces):
            self._warned = True
            say(self._warning)

    def _entries(self) -> Entries:
        """The rows of a table; what they lack is in ``_warning`` once they are read."""
        entries = self._map.items()
        yield from entries
        self._warning = self._warning or entries.warning
