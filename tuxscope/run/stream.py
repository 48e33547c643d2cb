"""Prints a page's records as they arrive."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from tuxscope.asm.maps import StreamMap
from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import TYPE_CHECKING, Any, Protocol, Self
from tuxscope.loader.collection import Collection
from tuxscope.loader.readers import reader_of
from tuxscope.loader.span_decoder import Columns
from tuxscope.options.tool import ToolOptions
from tuxscope.output.columns import Column
from tuxscope.output.lines import LineFormat, Style
from tuxscope.output.messages import say
from tuxscope.output.sink import LiveSink
from tuxscope.page.page import Page
from tuxscope.record import RecordType
from tuxscope.run.losses import Losses
from tuxscope.run.pace import Pace, WokenPace
from tuxscope.run.page_map import shown_map
from tuxscope.run.watch import Watch, time_told

if TYPE_CHECKING:
    from tuxscope.output.kinds import KindLines
    from tuxscope.output.terminal_lines import TerminalLines

# Bytes of lines that are collected for one write().
LARGEST_WRITE = 256 << 10


@dataclass()
class StreamTotals:
    """A dataclass: the counts of a run's last line.

    Attributes:
        events: an int, the number of records printed.
        lost: an int, the number of records that did not fit into a ring; and those that a blocked
            stdout did not take after the user ended the run.
        seconds: how long the programs were attached, a float.
        missed: an int, the number of program runs that the kernel skipped because the program
            interrupted itself.
        counts_lost: whether the programs count what they lose; those of a ring buffer need not.
    """

    events: int = 0
    lost: int = 0
    seconds: float = 0.0
    missed: int = 0
    counts_lost: bool = True

    def __str__(self) -> str:
        lost = f"{self.lost} lost" if self.counts_lost else "lost events not counted"
        return f"{self.events} events, {lost}, {time_told(self.seconds, self.missed)}"


class Renderer(Protocol):
    """A Protocol: what makes lines of records, as LineFormat does, by the methods changed_header()
    and render().

    Attributes:
        header: a str, a property: the line of titles.
    """

    @property
    def header(self) -> str: ...
    def changed_header(self) -> str: ...
    def render(self, columns: Sequence[list[Any]]) -> bytes: ...


class Stream:
    """One run of ``page``, a Page, that prints records of ``loaded``, a Collection, to ``sink``, a
    LiveSink, by ``options``, ToolOptions; a context manager that closes the rings.

    Attributes:
        totals: up to now, StreamTotals.
        reader: the PerfReader or RingBufReader; its fd is readable when a ring is half full.
    """

    def __init__(
        self, page: Page, options: ToolOptions, loaded: Collection, sink: LiveSink
    ) -> None:
        self.totals = StreamTotals()
        self._sink = sink
        self._options = options
        self._loaded = loaded
        self._format = self._lines(page, options, sink.fileno())
        self._unseen: set[int] = set()  # CPUs that were reported already
        self._losses = Losses(sink, options.lost_records, advice(options))
        order_by = None if options.unordered else page.order_by
        shown_map(page, loaded)
        self.reader = reader_of(loaded.maps, stream_of(page), options.buffer_pages, order_by)
        self.totals.counts_lost = self.reader.counts_lost

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.close()

    def leave_terminal(self) -> None:
        """Do nothing: there is nothing to restore."""

    def watch(self, watch: Watch) -> None:
        """Print records until ``watch``, a Watch, ends the run, or --count records are printed."""
        self._begin()
        pace = WokenPace() if self.reader.wakes else Pace()
        while not self._counted() and pace.wait(watch):
            pace.looked(self._print(), self.reader.holds)
            self._between(watch.seconds)

    def _lines(self, page: Page, options: ToolOptions, fd: int) -> Renderer:
        """For tools to override: the format of the lines; see :func:`line_format`."""
        return line_format(page, options, fd)

    def _shown(self, columns: Columns) -> Columns:
        """For tools to override: those rows of ``columns`` that have a line."""
        return columns

    def _begin(self) -> None:
        """Print the header."""
        self._sink.write(self._format.header)

    def _between(self, seconds: float) -> None:
        """For tools to override: called after each read of the rings, ``seconds`` after start."""

    def finish(self, seconds: float) -> None:
        """Print what is left in the rings, and complete the totals; the programs are detached.

        ``seconds`` is how long they were attached, a float.
        """
        self.totals.seconds = seconds
        self._print(final=True)
        self.totals.lost += self.reader.lost()
        self._losses.report_last(self.reader.losses())
        self.totals.missed = self._loaded.recursion_misses

    def _counted(self) -> bool:
        """Whether --count records are printed."""
        return self._options.count is not None and self.totals.events >= self._options.count

    def _print(self, final: bool = False) -> bool:
        """Print all records in the rings; returns whether there were any."""
        before = self.reader.delivered
        lines, rows = bytearray(), 0
        for columns in self.reader.batches(final):
            columns = self._shown(columns)
            columns = first_rows(columns, self._options.count, self.totals.events + rows)
            if not lines and (header := self._format.changed_header()):
                self._sink.write(header)
            lines += self._format.render(columns)
            rows += len(columns[0])
            if len(lines) >= LARGEST_WRITE:
                self._write(lines, rows)
                lines, rows = bytearray(), 0
        self._write(lines, rows)
        self._losses.report(self.reader.losses())
        self._report_unseen(self.reader.cpus_without_ring)
        return self.reader.delivered > before

    def _report_unseen(self, cpus: Mapping[int, str]) -> None:
        """Report once each CPU that came online and has no ring: its events are not counted."""
        for cpu in cpus.keys() - self._unseen:
            say(f"events on CPU {cpu} are not seen: {cpus[cpu]}")
        self._unseen = set(cpus)

    def _write(self, lines: bytearray, rows: int) -> None:
        dropped = self._sink.write_bytes(lines)
        self.totals.events += rows - dropped
        self.totals.lost += dropped


def stream_of(page: Page) -> StreamMap:
    """Return the StreamMap that carries the records of ``page``, a Page."""
    assert isinstance(page.map, StreamMap)
    return page.map


def line_format(
    page: Page, options: ToolOptions, fd: int
) -> LineFormat | TerminalLines | KindLines:
    """Return the LineFormat, TerminalLines or KindLines that prints the records of ``page``, a
    Page, on ``fd``, an int.

    ``options`` are ToolOptions. A terminal has a format of its own.
    """
    records = stream_of(page).records
    columns = [each for each in page.columns if isinstance(each, Column)]
    if len(records) > 1:
        from tuxscope.output.kinds import KindLines

        on_terminal = options.format is Style.TEXT and os.isatty(fd)
        return KindLines(options.format, records, columns, fd if on_terminal else None)
    return lines_of(options.format, records[0], columns, fd)


def lines_of(
    style: Style, record: RecordType, columns: Sequence[Column], fd: int
) -> LineFormat | TerminalLines:
    """Return the LineFormat or TerminalLines in ``style``, a Style, that prints records of
    ``record``, a RecordType, with ``columns``, a sequence of Column, on ``fd``, an int."""
    if style is Style.TEXT and os.isatty(fd):
        from tuxscope.output.terminal_lines import TerminalLines

        return TerminalLines(record, columns, fd)
    return LineFormat(style, record, columns)


def first_rows(columns: Columns, count: int | None, before: int) -> Columns:
    """Return the first rows of ``columns``, Columns, as many as complete ``before``, an int, to
    ``count``, an int or None.

    All rows if ``count`` is None.
    """
    if count is None or before + len(columns[0]) <= count:
        return columns
    return [column[: count - before] for column in columns]


def advice(options: ToolOptions) -> str:
    """Return as a str the options that reduce losses, besides the user's ``options``, ToolOptions,
    as a hint."""
    pages = options.buffer_pages
    larger = f"--buffer-pages {pages * 2}" if pages else "--buffer-pages N makes the rings larger"
    if options.pid is None and not options.command:
        return f"--pid PID traces one process only, {larger}"
    return larger
