"""``tuxscope syscall``: its stream on the running kernel."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial

from tuxscope.abi.architecture import Architecture, this_architecture
from tuxscope.calls.decoding import Joined
from tuxscope.calls.events import PLANS
from tuxscope.calls.filters import Chosen
from tuxscope.calls.records import ACCOUNT, THREADS, By
from tuxscope.errors import TuxscopeError, strerror
from tuxscope.files.known import KNOWN
from tuxscope.files.paths import FilePaths
from tuxscope.loader.collection import Collection
from tuxscope.loader.span_decoder import Columns
from tuxscope.options.tool import ToolOptions
from tuxscope.output.sink import LiveSink
from tuxscope.page.page import Page
from tuxscope.programs.syscall import stream
from tuxscope.programs.syscall.lines import CallLines
from tuxscope.programs.syscall.options import SyscallOptions
from tuxscope.programs.syscall.plans import plans
from tuxscope.programs.syscall.unfinished import Unfinished
from tuxscope.run.cgroups import identify
from tuxscope.run.identity import own_pid, pid_namespace
from tuxscope.run.live import run_page
from tuxscope.run.privilege import require_sudo
from tuxscope.run.seeds import seed
from tuxscope.run.stream import Renderer, Stream, StreamTotals

STDOUT, STDERR = 1, 2


def run(options: SyscallOptions) -> int:
    """Run the stream with ``options``, SyscallOptions, until its end; return the exit status.

    Raises TuxscopeError or OSError.
    """
    require_sudo()
    chosen = options.chosen(identify(options.cgroup) if options.cgroup else None)
    chosen = replace(chosen, by=By.THREAD)
    architecture = this_architecture()
    page = stream.page(chosen, architecture)
    shown = partial(Calls, wanted=options, chosen=chosen, architecture=architecture)
    if options.output in (None, "-"):
        fd = STDERR if options.command and not options.output else STDOUT
        command_stdout = STDERR if fd == STDOUT else STDOUT
        return run_page(page, stream.__file__, options, shown, fd, command_stdout)
    fd = open_output(options.output or "")
    try:
        return run_page(page, stream.__file__, options, shown, fd, STDOUT)
    finally:
        os.close(fd)


def open_output(path: str) -> int:
    """Return an fd, an int, of the file ``path``, a str, emptied, to write to. Raises
    TuxscopeError."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise TuxscopeError(f"cannot write to {path}: {strerror(error)}") from error


@dataclass
class CallStreamTotals(StreamTotals):
    """A StreamTotals, a dataclass: what the last line says.

    Attributes:
        excluded: calls of excluded processes, tuxscope among them, an int.
        restarts: how often the kernel restarted a call, which has one line, an int.
        pathless: how often a file's path could not be read, an int.
    """

    excluded: int = 0
    restarts: int = 0
    pathless: int = 0

    def __str__(self) -> str:
        more = (
            (self.excluded, "excluded"),
            (self.restarts, "restarts"),
            (self.pathless, "files without a path"),
        )
        return super().__str__() + "".join(f", {count} {what}" for count, what in more if count)


class Calls(Stream):
    """A Stream that prints a line for each call, each signal, and each end of a thread.

    ``page``, a Page, ``options``, ToolOptions, ``loaded``, a Collection, and ``sink``, a LiveSink,
    are as for Stream. ``wanted`` are the SyscallOptions, ``chosen`` is a Chosen, ``architecture``
    the machine's Architecture.

    Attributes:
        totals: the counts up to now, CallStreamTotals.
    """

    def __init__(
        self,
        page: Page,
        options: ToolOptions,
        loaded: Collection,
        sink: LiveSink,
        wanted: SyscallOptions,
        chosen: Chosen,
        architecture: Architecture,
    ) -> None:
        self._wanted, self._chosen, self._architecture = wanted, chosen, architecture
        self._paths = FilePaths(loaded.maps) if KNOWN in loaded.maps else None
        self._joined = Joined()
        self._unfinished = Unfinished(architecture)
        super().__init__(page, options, loaded, sink)
        self.totals: CallStreamTotals = CallStreamTotals(counts_lost=self.totals.counts_lost)
        known = loaded.maps[PLANS]
        for index, plan in plans(architecture, wanted.string_size, not chosen.by_result):
            known.update(index, plan)

    def finish(self, seconds: float) -> None:
        super().finish(seconds)
        if not self._counted():
            self._print_unfinished()
        _, account = next(iter(self._loaded.maps[ACCOUNT].items()))
        self.totals.lost += account.missed
        self.totals.excluded, self.totals.restarts = account.excluded, account.restarts
        self.totals.pathless = self._paths.missed if self._paths else 0

    def _print_unfinished(self) -> None:
        """Print the calls that have not returned, the oldest first."""
        threads = self._loaded.maps[THREADS].items()
        rows = self._unfinished.rows(threads, self._chosen)
        columns = [list(each) for each in zip(*rows, strict=True)]
        self._write(bytearray(self._format.render(columns)), len(rows))

    def _lines(self, page: Page, options: ToolOptions, fd: int) -> Renderer:
        return CallLines(
            options.format,
            self._wanted.timestamps,
            self._architecture,
            self._path,
            self._wanted.string_size,
        )

    def _path(self, id: int) -> bytes:
        if id in self._unfinished.paths:
            return self._unfinished.paths[id]
        found = self._paths[id] if self._paths else None
        return found.inside if found else b""

    def _shown(self, columns: Columns) -> Columns:
        return self._joined.rows(columns)

    def _begin(self) -> None:
        super()._begin()
        if pid_namespace() is None and not self._wanted.command:
            left_out = self._wanted.exclude
            if not self._wanted.include_self:
                left_out += (own_pid() or 0,)
            threads = self._loaded.maps[THREADS]
            seed(threads, self._chosen, self._wanted.pid, left_out, timed=False)
