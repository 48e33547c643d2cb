"""Runs a page without a kernel: its programs are interpreted on simulated system calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice, takewhile
from typing import Protocol

from tuxscope.asm import Program, RingBuf
from tuxscope.loader.ringbuf_spans import RingBufDecoder, decoder_of
from tuxscope.loader.span_decoder import Columns, SampleDecoder
from tuxscope.options.tool import ToolOptions
from tuxscope.output.messages import say
from tuxscope.output.sink import Sink
from tuxscope.page.loading import load_page, programs_of
from tuxscope.page.page import Page
from tuxscope.run import stream, table
from tuxscope.run.interrupt import Interrupt
from tuxscope.run.live import check
from tuxscope.run.watch import Watch
from tuxscope.run.workload import (
    SystemCallEvent,
    check_process,
    machine_for,
    prepare,
    system_calls,
)
from tuxscope.vm import Machine, Sent
from tuxscope.vm.maps import Values, VirtualRingBuf

BATCH = 1000  # events between two writes, with --count


def simulate(file: str, options: ToolOptions) -> int:
    """Run the page in ``file``, a path, on simulated calls until its end, with ``options``,
    ToolOptions; return the exit status.

    With ``options.count`` the events are interpreted as fast as possible, else in real time.

    Raises TuxscopeError.
    """
    for pid in (*options.exclude, *filter(None, [options.pid])):
        check_process(pid)
    page = load_page(file)
    check(page, file, options)
    seed = options.seed or 0
    programs = programs_of(page, file, options.pid, options.exclude)
    events = system_calls(programs, seed)
    say(f"simulated (seed {seed}): synthetic events, none of them from this machine's kernel")
    return Simulation(page, programs, options).run(events)


class Shown(Protocol):
    """A Protocol, the output of a simulated page, records or tables: the methods begin(), before(),
    after(), enough(), flush(), end() and close().

    Attributes:
        totals: the counts up to now, StreamTotals or TableTotals, a property.
    """

    @property
    def totals(self) -> stream.StreamTotals | table.TableTotals: ...

    def begin(self) -> None:
        """Print the header."""

    def before(self, event: SystemCallEvent) -> None:
        """Do what is due before ``event``, a SystemCallEvent, is interpreted."""

    def after(self) -> None:
        """Do what is due after an event is interpreted."""

    def enough(self) -> bool:
        """Return whether --count records or tables are printed, or will be by flush()."""

    def flush(self) -> None:
        """Print what is collected."""

    def end(self, seconds: float) -> None:
        """Print the last table; ``seconds`` is the simulated time, a float."""

    def close(self) -> None:
        """Restore the terminal."""


# Makes the output of a page, from the page, the options, the machine and the sink.
Show = Callable[[Page, ToolOptions, Machine, Sink], Shown]


class Simulation:
    """One run of ``page``, a Page, with ``options``, ToolOptions: ``programs``, a tuple of its
    Programs, interpreted on events.

    ``show``, a Show or None, called with the Page, the ToolOptions, the Machine and the Sink,
    returns what shows its output, by default as the page declares it; it goes to ``fd``, an int.
    """

    def __init__(
        self,
        page: Page,
        programs: tuple[Program, ...],
        options: ToolOptions,
        show: Show | None = None,
        fd: int = 1,
    ) -> None:
        self._machine, self._buffer = machine_for(programs)
        self._options = options
        self._sink = Sink(fd)
        made = show or (SimulatedStream if page.is_stream else SimulatedTables)
        self._shown: Shown = made(page, options, self._machine, self._sink)
        self._seconds = 0.0

    def run(self, events: Iterator[SystemCallEvent]) -> int:
        """Interpret the programs on ``events``, an iterator of SystemCallEvent, and print until
        the end of the run; return the exit status."""
        duration, paced = self._options.duration, self._options.count is None
        if duration is not None:
            events = takewhile(lambda event: event.seconds < duration, events)
        with Interrupt() as interrupt, closing(self._shown):
            self._shown.begin()
            watch = Watch(self._sink, interrupt)
            while not (interrupt.requested or self._sink.closed or self._shown.enough()):
                batch = list(islice(events, 1 if paced else BATCH))
                moment = batch[-1].seconds if batch else duration or 0.0
                if paced:
                    watch.wait(max(moment - watch.seconds, 0))
                if interrupt.requested:
                    break
                self._interpret(batch)
                if not batch:
                    self._seconds = moment
                    break
            self._shown.end(self._seconds)
            if self._sink.hung_up:
                interrupt.terminal_is_gone()
        if self._sink.hung_up or not self._sink.closed:
            say(str(self._shown.totals))
        return 0

    def _interpret(self, batch: list[SystemCallEvent]) -> None:
        """Interpret the programs on each event, and print the output."""
        try:
            for event in batch:
                self._shown.before(event)
                if self._shown.enough():
                    break
                prepare(self._machine, event, self._buffer)
                self._seconds = event.seconds
                try:
                    self._machine.run(context=event.context, world=event.world)
                finally:  # records that were sent before a fault are printed before it
                    self._shown.after()
                    self._machine.output.clear()
        finally:
            self._shown.flush()


class SimulatedStream:
    """The records that the programs of ``page``, a Page, in ``machine``, a Machine, send, printed
    to ``sink``, a Sink, by ``options``, ToolOptions.

    Attributes:
        totals: up to now, StreamTotals.
    """

    def __init__(self, page: Page, options: ToolOptions, machine: Machine, sink: Sink) -> None:
        self.totals = stream.StreamTotals()
        self._map = stream.stream_of(page)
        self._decoder: RingBufDecoder | SampleDecoder = SampleDecoder(self._map.record)
        if isinstance(self._map, RingBuf):
            self._decoder = decoder_of(self._map)
        self._columns = self._decoder.nothing()
        self._format = self._lines(page, options, sink.fileno())
        self._count = options.count
        self._machine = machine
        self._sink = sink
        self._sent = 0

    def _lines(self, page: Page, options: ToolOptions, fd: int) -> stream.Renderer:
        """For tools to override: the format of the lines; see :func:`stream.line_format`."""
        return stream.line_format(page, options, fd)

    def _shown(self, columns: Columns) -> Columns:
        """For tools to override: those rows of ``columns`` that have a line."""
        return columns

    def begin(self) -> None:
        self._sink.write(self._format.header)

    def before(self, event: SystemCallEvent) -> None:
        """Do nothing before ``event``, a SystemCallEvent."""

    def after(self) -> None:
        columns = self._decoder.nothing()
        for each in self._machine.output:
            if isinstance(each, Sent) and each.map is self._map:
                self._decoder.append(memoryview(each.data), columns)
        columns = self._shown(columns)
        for column, more in zip(self._columns, columns, strict=True):
            column += more
        self._sent += len(columns[0])
        if isinstance(ring := self._machine.maps.get(self._map), VirtualRingBuf):
            ring.read()

    def enough(self) -> bool:
        return self._count is not None and self._sent >= self._count

    def flush(self) -> None:
        columns = stream.first_rows(self._columns, self._count, self.totals.events)
        self._sink.write(self._format.changed_header())
        self._sink.write_bytes(self._format.render(columns))
        self.totals.events += len(columns[0])
        self._columns = self._decoder.nothing()

    def end(self, seconds: float) -> None:
        self.totals.seconds = seconds

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


class SimulatedTables:
    """Tables of the entries of the map of ``page``, a Page, in ``machine``, a Machine, one for each
    interval of simulated time, printed to ``sink``, a Sink, by ``options``, ToolOptions.

    Attributes:
        totals: a TableTotals, a property.
    """

    def __init__(self, page: Page, options: ToolOptions, machine: Machine, sink: Sink) -> None:
        found = machine.maps.get(page.map) if page.map else None
        assert isinstance(found, Values)
        self._map = found
        self._tables = table.Tables(page, options, sink)
        self._interval = options.interval or table.INTERVAL
        self._due = self._interval
        self._count = options.count

    @property
    def totals(self) -> table.TableTotals:
        return self._tables.totals

    def begin(self) -> None:
        """Do nothing: there is nothing to print."""

    def before(self, event: SystemCallEvent) -> None:
        self._tables.follow()
        while event.seconds >= self._due and not self.enough():
            last = self._tables.shown + 1 == self._count
            self._tables.show(self._map.items(), self._due, final=last)
            self._due += self._interval

    def after(self) -> None:
        """Do nothing: before() prints tables."""

    def enough(self) -> bool:
        return self._tables.shown == self._count

    def flush(self) -> None:
        """Do nothing: before() prints tables."""

    def end(self, seconds: float) -> None:
        self.totals.seconds = seconds
        if not self.enough():
            self._tables.show(self._map.items(), seconds, final=True)

    def close(self) -> None:
        self._tables.close()
