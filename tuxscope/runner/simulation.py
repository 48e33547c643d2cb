"""A stream without a kernel: the page's own bytes, interpreted on simulated system calls."""

from __future__ import annotations

import select
import struct
import time
from collections.abc import Iterator
from itertools import islice, takewhile

from tuxscope.asm import Program
from tuxscope.loader.spans import HEADER, RECORD_SAMPLE, SAMPLE_DATA, SpanDecoder
from tuxscope.output.lines import LineFormat
from tuxscope.output.messages import say
from tuxscope.output.sink import Sink
from tuxscope.programs.page import Page
from tuxscope.runner.interrupt import Interrupt
from tuxscope.runner.pages import load_page, program_of
from tuxscope.runner.stream import Options, Totals, first_rows
from tuxscope.runner.workload import Event, check_process, machine_for, put, system_calls
from tuxscope.vm import Sent

BATCH = 1000  # events between two writes, where nobody waits for them
SIZE = struct.Struct("=I")


def simulate(module: str, options: Options, seed: int) -> int:
    """Run a module's page on simulated calls until its end; returns the exit status.

    With ``options.count`` the calls come as fast as they are interpreted, else in their own time.

    Raises TuxscopeError.
    """
    check_process(options.pid)
    page = load_page(module)
    program = program_of(page, module, options.pid, None, None)
    events = system_calls(program.attach, seed)
    say(f"simulated (seed {seed}): no kernel is asked, and none of this happens on your machine")
    return Simulation(page, program, options).run(events)


class Simulation:
    """One run of a page on events."""

    def __init__(self, page: Page, program: Program, options: Options) -> None:
        self._machine, self._buffer = machine_for(program)
        self._page = page
        self._options = options
        self._decoder = SpanDecoder(page.events.record)
        self._format = LineFormat(options.style, page.events.record, page.columns)
        self._sink = Sink()
        self._totals = Totals()

    def run(self, events: Iterator[Event]) -> int:
        """Print what the program sends, until there is enough of it; returns the exit status."""
        duration, paced = self._options.duration, self._options.count is None
        if duration is not None:
            events = takewhile(lambda event: event.seconds < duration, events)
        self._sink.write(self._format.header)
        started = time.monotonic()
        with Interrupt() as interrupt:
            while not (interrupt.requested or self._sink.closed or self._enough(0)):
                batch = list(islice(events, 1 if paced else BATCH))
                moment = batch[-1].seconds if batch else duration or 0.0
                if paced:
                    self._wait(started + moment, interrupt)
                if interrupt.requested:
                    break
                self._print(batch)
                if not batch:
                    self._totals.seconds = moment
                    break
        if not self._sink.closed:
            say(str(self._totals))
        return 0

    def _enough(self, more: int) -> bool:
        """Whether ``more`` records would make as many as were asked for."""
        count = self._options.count
        return count is not None and self._totals.events + more >= count

    def _wait(self, moment: float, interrupt: Interrupt) -> None:
        """Wait until a moment, or until the user has had enough."""
        poll = select.poll()
        poll.register(self._sink, 0)  # an error alone: nobody reads our pipe any more
        poll.register(interrupt, select.POLLIN)
        left = max(moment - time.monotonic(), 0)
        if any(fd == self._sink.fileno() for fd, _ in poll.poll(left * 1000)):
            self._sink.closed = True

    def _print(self, batch: list[Event]) -> None:
        """Interpret the program on each event, and print what it sends."""
        span = bytearray()
        sent = 0
        try:
            for event in batch:
                for data in self._interpret(event):
                    span += sample(data)
                    sent += 1
                self._totals.seconds = event.seconds
                if self._enough(sent):
                    break
        finally:  # a fault comes after what was sent before it
            self._write(bytes(span))

    def _write(self, span: bytes) -> None:
        """Print the records of a span."""
        for columns, _ in self._decoder.pieces(span):
            columns = first_rows(columns, self._options.count, self._totals.events)
            self._sink.write_bytes(self._format.render(columns))
            self._totals.events += len(columns[0])

    def _interpret(self, event: Event) -> list[bytes]:
        """What the program sends to the page's map."""
        machine, events = self._machine, self._page.events
        put(event, self._buffer)
        machine.run(context=event.context, world=event.world)
        output = [e.data for e in machine.output if isinstance(e, Sent) and e.map is events]
        machine.output.clear()
        return output


def sample(data: bytes) -> bytes:
    """A perf record of some bytes: size and data together are rounded up to 8 bytes."""
    size = -(-(SAMPLE_DATA + len(data)) // 8) * 8
    header = HEADER.pack(RECORD_SAMPLE, 0, size) + SIZE.pack(size - SAMPLE_DATA)
    return (header + data).ljust(size, b"\0")
