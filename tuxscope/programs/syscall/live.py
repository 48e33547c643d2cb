"""``tuxscope syscall``: its page on the running kernel, and the tables of what that counts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from tuxscope.abi.architecture import Architecture, this_architecture
from tuxscope.calls.filters import Chosen
from tuxscope.calls.records import ACCOUNT, THREADS, By
from tuxscope.loader.collection import Collection
from tuxscope.loader.cpus import possible_cpus
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.options.tool import ToolOptions
from tuxscope.output.sink import LiveSink
from tuxscope.page.page import Page
from tuxscope.programs.syscall import histogram, rows, summary
from tuxscope.programs.syscall.counts import Counts, merged
from tuxscope.programs.syscall.in_flight import in_flight
from tuxscope.programs.syscall.options import SyscallOptions
from tuxscope.programs.syscall.tallies import TABLES, Tally
from tuxscope.run.cgroups import cgroup_paths, identify
from tuxscope.run.cost import ProgramCost
from tuxscope.run.identity import own_pid, pid_namespace
from tuxscope.run.live import run_page
from tuxscope.run.privilege import require_sudo
from tuxscope.run.seeds import seed
from tuxscope.run.table import LiveTables, TableTotals
from tuxscope.run.watch import Watch, time_told

AT_EXIT = 1  # of the page's programs, the one that counts
SAMPLE = 0.02  # seconds for which the programs' own time is measured, at the start


def run(options: SyscallOptions) -> int:
    """Run ``tuxscope syscall`` with ``options``, SyscallOptions, until its end; return the exit
    status. Raises TuxscopeError or OSError."""
    require_sudo()
    chosen = options.chosen(identify(options.cgroup) if options.cgroup else None)
    architecture = this_architecture()
    page = summary.page(chosen, architecture)
    shown = partial(Summary, wanted=options, chosen=chosen, architecture=architecture)
    return run_page(page, summary.__file__, options, shown)


@dataclass
class CallTotals(TableTotals):
    """A TableTotals, a dataclass: the numbers of the last line; ``str()`` of it is that line.

    Attributes:
        calls: the number of calls that were counted, an int.
        excluded: an int, the number of calls by excluded processes, tuxscope among them.
        restarts: an int, how often the kernel restarted a call, which is counted once.
        cost_ns: how long the programs took for a call, in nanoseconds, a float; None if that is not
            known.
        unknown: what this kernel cannot tell, a str; empty if nothing.
    """

    calls: int = 0
    excluded: int = 0
    restarts: int = 0
    cost_ns: float | None = None
    unknown: str = ""

    def __str__(self) -> str:
        parts = [f"{self.calls} calls"]
        if self.excluded:
            parts.append(f"{self.excluded} excluded")
        if self.restarts:
            parts.append(f"{self.restarts} restarts")
        parts += [f"{self.missed} missed", time_told(self.seconds, 0)]
        if self.cost_ns is not None:
            parts.append(f"{self.cost_ns:.0f} ns a call in the programs")
        return ", ".join(parts) + self.unknown


class Summary(LiveTables):
    """A LiveTables that prints tables of the whole run so far; with --interval, of the calls since
    the last table.

    ``page``, a Page, ``options``, ToolOptions, ``loaded``, a Collection, and ``sink``, a LiveSink,
    are as for LiveTables. ``wanted`` are the SyscallOptions, ``chosen`` is a Chosen,
    ``architecture`` an Architecture.
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
        layout = RunningKernelLayout()
        self._by, self._chosen, self._wanted = chosen.by, chosen, wanted
        self._architecture = architecture
        if wanted.hist:
            view = histogram.view(page)
        else:
            view = rows.view(page, chosen.by, options.format, slept=layout.has_structs)
        super().__init__(page, options, loaded, sink, view)
        self._map.update(*other_row(chosen.by))
        self._cost = ProgramCost(loaded)
        self._whole = CallTotals(unknown=unknown(layout, architecture))
        self._earlier: dict[Any, Counts] = {}
        self._paths: dict[int, str] = {}

    @property
    def totals(self) -> CallTotals:
        return self._whole

    def watch(self, watch: Watch) -> None:
        if pid_namespace() is None:  # else /proc has other numbers than the kernel's side
            left_out = self._wanted.exclude
            if not self._wanted.include_self:
                left_out += (own_pid() or 0,)
            if not self._wanted.command:
                seed(self._loaded.maps[THREADS], self._chosen, self._wanted.pid, left_out)
        with self._cost:
            goes_on = watch.wait(SAMPLE)
        if goes_on:
            super().watch(watch)

    def finish(self, seconds: float) -> None:
        super().finish(seconds)
        _, account = next(iter(self._loaded.maps[ACCOUNT].items()))
        whole = self._whole
        whole.seconds = seconds
        # A call whose entry was missed is counted at its exit, without its time.
        whole.missed = account.missed + self._loaded.programs[AT_EXIT].info().recursion_misses
        whole.cost_ns = self._cost.ns
        whole.excluded, whole.restarts = account.excluded, account.restarts

    def _entries(self) -> Any:
        """The rows of the next table."""
        entries = self._map.items()
        counts = {key: each for key, value in entries if (each := merged(value)).calls}
        self._warning = self._warning or entries.warning
        self._whole.calls = sum(each.calls for each in counts.values())
        shown = counts
        if self._wanted.interval:
            shown = {
                key: new
                for key, each in counts.items()
                if (new := each.since(self._earlier.get(key, Counts()))).calls
            }
            self._earlier = counts
        if self._wanted.hist:
            return histogram.rows(shown.values())
        blocked = {}
        if self._by is not By.ERROR and not (self._chosen.failed or self._chosen.errors):
            threads = (thread for _, thread in self._loaded.maps[THREADS].items())
            now = time.monotonic_ns()
            blocked = in_flight(self._by, threads, now, self._chosen.least_ns)
        if self._by is By.CGROUP:
            self._find_paths({key.cgroup for key in (*shown, *blocked)})
        return rows.rows(self._by, shown, blocked, self._architecture, self._paths)

    def _find_paths(self, cgroups: set[int]) -> None:
        """Look up paths of cgroups, once; those that are gone have none."""
        if not cgroups <= self._paths.keys():
            self._paths |= cgroup_paths()
            for each in cgroups:
                self._paths.setdefault(each, f"id {each}")


def other_row(by: By) -> tuple[Any, Any]:
    """Return the row, by ``by``, a By, of all calls that had no room for a row of their own: a pair
    of its key, and a value with nothing counted."""
    table = TABLES[by]
    first = min(8, table.key_size)
    key = table.key_type.unpack(b"\xff" * first + bytes(table.key_size - first))
    return key, (Tally(),) * (max(possible_cpus()) + 1) if table.per_cpu else Tally()


def unknown(layout: RunningKernelLayout, architecture: Architecture) -> str:
    """Return what a kernel without BTF cannot tell, for the last line, a str: ``layout`` is a
    RunningKernelLayout, ``architecture`` the machine's. Empty if nothing."""
    if layout.has_structs:
        return ""
    in_task = architecture.compat_test.in_task
    compat = ", and 32-bit calls have names of 64-bit ones" * in_task
    return f"; this kernel has no BTF, so no SLEPT{compat}"
