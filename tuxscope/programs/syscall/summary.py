"""syscall --summary: every call counted and timed in the kernel; no event is sent."""

from __future__ import annotations

from tuxscope.abi.architecture import X86_64, Architecture
from tuxscope.asm import Program
from tuxscope.asm.layout import Layout
from tuxscope.calls.filters import EVERYTHING, Chosen
from tuxscope.calls.layout import LINUX_6_18
from tuxscope.calls.programs import call_programs
from tuxscope.calls.records import By, CallNumber, Who
from tuxscope.calls.wanted import wanted
from tuxscope.output.columns import AnyColumn, Column
from tuxscope.page.page import Page
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.syscall.counting import Counting
from tuxscope.programs.syscall.tallies import TABLES, Cgroup, Errno, Tally

KEYS: dict[By, tuple[AnyColumn, ...]] = {
    By.SYSCALL: (Column(CallNumber.nr, 6), Column(CallNumber.compat, 6)),
    By.PROCESS: (Column(Who.pid, 7), Column(Who.comm, 15)),
    By.THREAD: (Column(Who.pid, 7), Column(Who.tid, 7), Column(Who.comm, 15)),
    By.ERROR: (Column(Errno.errno, 5),),
    By.CGROUP: (Column(Cgroup.cgroup, 20),),
}
# What is in the map. The command makes names, times and percentiles of it (rows.py).
COUNTS = (
    Column(Tally.calls, 10),
    Column(Tally.errors, 10),
    Column(Tally.total_ns, 16),
    Column(Tally.slept_calls, 11),
    Column(Tally.slept_ns, 16),
)


def page(chosen: Chosen = EVERYTHING, architecture: Architecture = X86_64) -> Page:
    """Return the Page of a summary of the calls that ``chosen``, a Chosen, includes, for a machine
    with ``architecture``."""

    def syscall(
        pid: int | None = None,
        exclude: tuple[int, ...] = (),
        namespace: PidNamespace | None = None,
        layout: Layout = LINUX_6_18,
    ) -> tuple[Program, ...]:
        asked = wanted(chosen, pid, exclude, namespace, layout, architecture)
        return tuple(call_programs(asked, Counting(chosen)))

    columns = KEYS[chosen.by] + COUNTS
    return Page(syscall, TABLES[chosen.by], columns, order_by=Tally.total_ns)


PAGE = page()
