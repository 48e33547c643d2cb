"""fileio --summary: what was read and written, by file and process, counted in the kernel."""

from __future__ import annotations

from tuxscope.abi.architecture import X86_64, Architecture
from tuxscope.asm import Program
from tuxscope.asm.layout import Layout
from tuxscope.calls.filters import Chosen
from tuxscope.calls.programs import call_programs
from tuxscope.calls.records import By
from tuxscope.calls.wanted import wanted
from tuxscope.lean_dataclasses import replace
from tuxscope.output.columns import Column
from tuxscope.page.page import Page
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.fileio.counting import FileCounting
from tuxscope.programs.fileio.layout import LINUX_6_18
from tuxscope.programs.fileio.operations import MOVING, calls_of, opcodes_of
from tuxscope.programs.fileio.tallies import FILE_TALLIES, FileProcess, FileTally
from tuxscope.programs.fileio.uring import uring_programs
from tuxscope.programs.fileio.uring_counting import CountedRequests

COLUMNS = (
    Column(FileProcess.pid, 7),
    Column(FileProcess.dev, 10),
    Column(FileProcess.ino, 10),
    Column(FileTally.reads, 8),
    Column(FileTally.writes, 8),
    Column(FileTally.read_bytes, 12),
    Column(FileTally.written_bytes, 12),
    Column(FileTally.total_ns, 14),
    Column(FileTally.max_ns, 12),
)


def page(
    chosen: Chosen | None = None,
    architecture: Architecture = X86_64,
    all_files: bool = False,
    opcodes: frozenset[int] | None = None,
) -> Page:
    """Return the Page of a summary of the operations that move bytes and that ``chosen``, a Chosen,
    includes, for a machine with ``architecture``, an Architecture; None for all of them.

    ``all_files``, a bool, is whether pipes, sockets, devices and the like are files, too.
    ``opcodes``, a frozenset of int, are the operations of io_uring; None for all that move bytes.
    """
    asked_opcodes = opcodes_of(MOVING) if opcodes is None else opcodes
    chosen = chosen or Chosen(numbers=calls_of(MOVING, architecture))
    chosen = replace(chosen, by=By.PROCESS)

    def fileio(
        pid: int | None = None,
        exclude: tuple[int, ...] = (),
        namespace: PidNamespace | None = None,
        layout: Layout = LINUX_6_18,
    ) -> tuple[Program, ...]:
        asked = wanted(chosen, pid, exclude, namespace, layout, architecture)
        counted = FileCounting(asked, not all_files)
        requests = uring_programs(asked, asked_opcodes, not all_files, CountedRequests())
        return (*call_programs(asked, counted), *requests)

    return Page(fileio, FILE_TALLIES, COLUMNS, order_by=FileTally.total_ns)


PAGE = page()
