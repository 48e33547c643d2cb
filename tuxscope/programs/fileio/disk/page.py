"""fileio --disk: what reaches the devices, by file and by the process that it is for.

The programs of ``--summary`` are there as well: what system calls asked for is beside it.
"""

from __future__ import annotations

from tuxscope.abi.architecture import X86_64, Architecture
from tuxscope.asm import Program
from tuxscope.asm.layout import Layout
from tuxscope.output.columns import Column
from tuxscope.page.page import Page
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.fileio import summary
from tuxscope.programs.fileio.disk.dirtying import dirtied
from tuxscope.programs.fileio.disk.layout import LINUX_6_18
from tuxscope.programs.fileio.disk.records import ROWS, Moved, RowKey
from tuxscope.programs.fileio.disk.requests import completed, issued, submitted

# What is in the map. The command makes paths, devices and writers of it (rows.py).
COLUMNS = (
    Column(RowKey.pid, 7),
    Column(Moved.comm, 15),
    Column(RowKey.kind, 8),
    Column(Moved.read_bytes, 12),
    Column(Moved.written_bytes, 12),
    Column(Moved.requests, 8),
    Column(Moved.total_ns, 14),
    Column(Moved.max_ns, 12),
)


def disk(
    pid: int | None = None,
    exclude: tuple[int, ...] = (),
    namespace: PidNamespace | None = None,
    layout: Layout = LINUX_6_18,
) -> tuple[Program, ...]:
    """Return the Programs that follow what the devices read and write, a tuple: of process ``pid``,
    an int, or None for all, and of none of ``exclude``, a tuple of PIDs, which are those in
    ``namespace``, a PidNamespace, or None for the initial one; ``layout`` is the kernel's
    Layout."""
    return (
        dirtied(layout, namespace),
        submitted(layout, namespace),
        issued(layout),
        completed(layout, pid, exclude),
    )


def page(architecture: Architecture = X86_64) -> Page:
    """Return the Page of what reaches the devices, beside what system calls asked for, for a
    machine with ``architecture``, an Architecture."""
    calls = summary.page(architecture=architecture)

    def fileio(
        pid: int | None = None,
        exclude: tuple[int, ...] = (),
        namespace: PidNamespace | None = None,
        layout: Layout = LINUX_6_18,
    ) -> tuple[Program, ...]:
        asked = calls.program(pid, exclude, namespace, layout)
        assert isinstance(asked, tuple)
        return *disk(pid, exclude, namespace, layout), *asked

    return Page(fileio, ROWS, COLUMNS, order_by=Moved.written_bytes)


PAGE = page()
