"""``tuxscope syscall --simulate``: the stream, interpreted on synthetic calls."""

from __future__ import annotations

import os
import time
from functools import partial

from tuxscope.abi.architecture import Architecture, this_architecture
from tuxscope.asm import Map
from tuxscope.calls.decoding import Joined
from tuxscope.calls.events import PLANS
from tuxscope.calls.filters import Chosen
from tuxscope.calls.records import ACCOUNT, By
from tuxscope.files.paths import FilePaths
from tuxscope.lean_dataclasses import replace
from tuxscope.loader.span_decoder import Columns
from tuxscope.options.tool import ToolOptions
from tuxscope.output.messages import say
from tuxscope.output.sink import Sink
from tuxscope.page.loading import programs_of
from tuxscope.page.page import Page
from tuxscope.programs.syscall import stream
from tuxscope.programs.syscall.calls import CallStreamTotals, open_output
from tuxscope.programs.syscall.lines import SECOND, CallLines, Clock
from tuxscope.programs.syscall.options import SyscallOptions
from tuxscope.programs.syscall.plans import plans
from tuxscope.programs.syscall.synthetic_calls import layout_for, synthetic_calls
from tuxscope.programs.syscall.synthetic_files import KERNEL, SyntheticFiles
from tuxscope.run.simulation import SimulatedStream, Simulation
from tuxscope.run.stream import Renderer
from tuxscope.run.workload import STARTED, check_process
from tuxscope.vm import Machine
from tuxscope.vm.maps import Values

# When the simulation begins, in local time: the lines are the same in each time zone.
BEGIN = (2026, 1, 1, 14, 0, 0, 0, 0, -1)


def run(options: SyscallOptions) -> int:
    """Interpret the stream with ``options``, SyscallOptions, until its end; return the exit status.

    Raises TuxscopeError.
    """
    if options.output in (None, "-"):
        return simulate(options, 1)
    fd = open_output(options.output or "")
    try:
        return simulate(options, fd)
    finally:
        os.close(fd)


def simulate(options: SyscallOptions, fd: int) -> int:
    """Interpret the stream with ``options``, and print to ``fd``; see :func:`run`."""
    for pid in (*options.exclude, *filter(None, [options.pid])):
        check_process(pid)
    architecture, seed = this_architecture(), options.seed or 0
    chosen = replace(options.chosen(None), by=By.THREAD)
    page, layout = stream.page(chosen, architecture), layout_for(architecture)
    programs = programs_of(page, stream.__file__, options.pid, options.exclude, layout=layout)
    files = SyntheticFiles(layout)
    shown = partial(
        SimulatedCalls, wanted=options, chosen=chosen, architecture=architecture, files=files
    )
    say(f"simulated (seed {seed}): synthetic calls, none of them from this machine's kernel")
    calls = synthetic_calls(programs, seed, architecture, files)
    return Simulation(page, programs, options, shown, fd).run(calls)


def values_of(machine: Machine, map: Map) -> Values:
    """Return the Values of ``map``, an array or a hash table, in ``machine``."""
    found = machine.maps[map]
    assert isinstance(found, Values)
    return found


class SimulatedCalls(SimulatedStream):
    """A SimulatedStream: the lines of calls, as those of a live run.

    ``page``, a Page, ``options``, ToolOptions, ``machine``, a Machine, and ``sink``, a Sink, are as
    for SimulatedStream. ``wanted`` are the SyscallOptions, ``chosen`` is a Chosen, ``architecture``
    an Architecture, ``files`` are SyntheticFiles.

    Attributes:
        totals: the counts up to now, CallStreamTotals.
    """

    def __init__(
        self,
        page: Page,
        options: ToolOptions,
        machine: Machine,
        sink: Sink,
        wanted: SyscallOptions,
        chosen: Chosen,
        architecture: Architecture,
        files: SyntheticFiles,
    ) -> None:
        self._wanted, self._architecture = wanted, architecture
        self._paths = FilePaths(machine.maps)
        self._joined = Joined()
        super().__init__(page, options, machine, sink)
        self.totals: CallStreamTotals = CallStreamTotals()
        machine.memory.add(files.region, KERNEL)
        for index, plan in plans(architecture, wanted.string_size, not chosen.by_result):
            values_of(machine, PLANS).update(index, plan)

    def end(self, seconds: float) -> None:
        super().end(seconds)
        account = values_of(self._machine, ACCOUNT).lookup(0)
        assert account
        self.totals.lost = account.missed
        self.totals.excluded, self.totals.restarts = account.excluded, account.restarts
        self.totals.pathless = self._paths.missed

    def _lines(self, page: Page, options: ToolOptions, fd: int) -> Renderer:
        return CallLines(
            options.format,
            self._wanted.timestamps,
            self._architecture,
            self._path,
            self._wanted.string_size,
            Clock(round((time.mktime(BEGIN) - STARTED) * SECOND)),
        )

    def _path(self, id: int) -> bytes:
        found = self._paths[id]
        return found.inside if found else b""

    def _shown(self, columns: Columns) -> Columns:
        return self._joined.rows(columns)
