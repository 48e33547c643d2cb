"""A stream from attach to the last line: what ``tuxscope hello`` does once it may begin."""

from __future__ import annotations

import select
import shlex
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass

from tuxscope.loader.attach import Link
from tuxscope.loader.fd import Fd
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.loader.privilege import require_capabilities
from tuxscope.loader.program import LoadedProgram, load
from tuxscope.loader.spans import Columns
from tuxscope.output.lines import LineFormat, Style
from tuxscope.output.messages import say
from tuxscope.output.sink import Sink
from tuxscope.programs.page import Page
from tuxscope.programs.pid_namespace import PidNamespace
from tuxscope.runner.command import Command
from tuxscope.runner.identity import own_pid, pid_namespace
from tuxscope.runner.interrupt import Interrupt
from tuxscope.runner.losses import Losses
from tuxscope.runner.pace import Pace
from tuxscope.runner.pages import load_page, program_of
from tuxscope.runner.target import open_process

# Exit status of a run with losses, where the user asked for one.
LOSSES = 3


@dataclass(frozen=True)
class Options:
    """What a user can ask of a stream.

    Attributes:
        pid: trace this process alone, and end with it.
        style: of the lines.
        duration: end after so many seconds.
        count: end after so many records.
        include_self: show our own writes, too.
        buffer_pages: of each CPU's ring, a power of two.
        command: start this, trace it alone, and end with it.
        whole_log: if the verifier refuses the program, keep all that it says.
        unordered: print each CPU's records as they come, whatever their time.
        strict: end with status 3 if anything was lost.
        lost_records: print an object for losses, too; with Style.JSON.
    """

    pid: int | None = None
    style: Style = Style.TEXT
    duration: float | None = None
    count: int | None = None
    include_self: bool = False
    buffer_pages: int | None = None
    command: tuple[str, ...] = ()
    whole_log: bool = False
    unordered: bool = False
    strict: bool = False
    lost_records: bool = False


@dataclass
class Totals:
    """What the last line says.

    Attributes:
        events: printed.
        lost: sent by the program, refused by a full ring; or by who reads our output, after the
            user asked us to finish.
        seconds: attached.
        missed: runs that the kernel left out because the program interrupted itself.
    """

    events: int = 0
    lost: int = 0
    seconds: float = 0.0
    missed: int = 0

    def __str__(self) -> str:
        missed = f", {self.missed} missed by recursion" if self.missed else ""
        return f"{self.events} events, {self.lost} lost, {self.seconds:.1f} s{missed}"


def stream(module: str, options: Options) -> int:
    """Run a module's page until its end; returns the exit status.

    Raises TuxscopeError or OSError.
    """
    command_line = shlex.join(["sudo", "tuxscope", *sys.argv[1:]])
    require_capabilities(f"try: {command_line}")
    page = load_page(module)
    with ExitStack() as stack:
        interrupt = stack.enter_context(Interrupt())
        command = None
        if options.command:  # forked before there is anything that it could inherit
            command = stack.enter_context(Command(options.command, interrupt))
            interrupt.last_act = command.kill
        target = stack.enter_context(open_process(options.pid)) if options.pid else command
        pid, exclude, namespace = traced(options, command)
        program = program_of(page, module, pid, exclude, namespace)
        loaded = stack.enter_context(load(program, log_level=int(options.whole_log)))
        order_by = None if options.unordered else page.order_by
        events = loaded.maps[page.events]
        reader = stack.enter_context(PerfReader(events, options.buffer_pages, order_by))
        run = Run(page, options, loaded, reader, Sink(interrupt=interrupt))
        run.until_end(interrupt, target, command)
        if run.sink.closed:
            return 0
        say(str(run.totals))
        if options.strict and run.totals.lost:
            return LOSSES
        if command and command.status is not None and not interrupt.requested:
            return command.status
        return 0


def traced(
    options: Options, command: Command | None
) -> tuple[int | None, int | None, PidNamespace | None]:
    """Whom the program is to trace: what a page's factory takes as pid, exclude, namespace."""
    namespace = pid_namespace()
    pid = command.pid if command else options.pid
    if pid is not None or options.include_self:
        return pid, None, namespace
    exclude = own_pid(namespace)
    if exclude is None:
        say("this kernel cannot tell us our PID (Linux 5.10 can): our own writes are shown, too")
    return None, exclude, namespace


class Run:
    """One run of a page.

    Attributes:
        totals: up to now.
        sink: where the lines go.
    """

    def __init__(
        self, page: Page, options: Options, loaded: LoadedProgram, reader: PerfReader, sink: Sink
    ) -> None:
        self.totals = Totals()
        self.sink = sink
        self._options = options
        self._loaded = loaded
        self._reader = reader
        self._format = LineFormat(options.style, page.events.record, page.columns)
        self._losses = Losses(self.sink, options.lost_records, advice(options))

    def until_end(
        self, interrupt: Interrupt, target: Fd | Command | None, command: Command | None
    ) -> None:
        """Attach, print what comes, detach, print the rest, and count."""
        started = time.monotonic()
        with Link(self._loaded):
            if command and not interrupt.requested:
                command.start()
            self.sink.write(self._format.header)
            self._watch(interrupt, target, started)
            self.totals.seconds = time.monotonic() - started
        self._print(final=True)
        self.totals.lost += self._reader.lost()
        self._losses.rest(self._reader.losses())
        self.totals.missed = self._loaded.info().recursion_misses

    def _watch(self, interrupt: Interrupt, target: Fd | Command | None, started: float) -> None:
        """Print what comes, until something says that it is enough."""
        poll = select.poll()
        pace = Pace()
        poll.register(self.sink, 0)  # an error alone: nobody reads our pipe any more
        poll.register(interrupt, select.POLLIN)
        poll.register(self._reader, select.POLLIN)
        if target:
            poll.register(target, select.POLLIN)
        end = None if self._options.duration is None else started + self._options.duration
        while not (interrupt.requested or self.sink.closed or self._counted()):
            left = pace.seconds if end is None else min(pace.seconds, end - time.monotonic())
            if left <= 0:
                return
            ready = {fd for fd, _ in poll.poll(left * 1000)}
            pace.looked(self._print())
            if self.sink.fileno() in ready:
                self.sink.closed = True
            if target and target.fileno() in ready:
                if isinstance(target, Command):
                    target.wait()
                return

    def _counted(self) -> bool:
        """Whether as many records are printed as were asked for."""
        return self._options.count is not None and self.totals.events >= self._options.count

    def _print(self, final: bool = False) -> bool:
        """Print what is there; returns whether there was anything."""
        before = self._reader.delivered
        for columns in self._reader.pieces(final):
            columns = first_rows(columns, self._options.count, self.totals.events)
            dropped = self.sink.write_bytes(self._format.render(columns))
            self.totals.events += len(columns[0]) - dropped
            self.totals.lost += dropped
        self._losses.met(self._reader.losses())
        return self._reader.delivered > before


def first_rows(columns: Columns, count: int | None, before: int) -> Columns:
    """As many rows as are missing to ``count`` where there are ``before``."""
    if count is None or before + len(columns[0]) <= count:
        return columns
    return [column[: count - before] for column in columns]


def advice(options: Options) -> str:
    """What lets fewer events be lost."""
    pages = options.buffer_pages
    larger = f"--buffer-pages {pages * 2}" if pages else "--buffer-pages N makes the rings larger"
    if options.pid is None and not options.command:
        return f"--pid PID leaves out all others, {larger}"
    return larger
