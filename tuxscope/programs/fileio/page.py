"""fileio: each operation on a file that has returned is sent, with what its files are."""

from __future__ import annotations

from tuxscope.abi.architecture import X86_64, Architecture
from tuxscope.asm import Program
from tuxscope.asm.layout import Layout
from tuxscope.calls.events import EVENTS, CallEvent
from tuxscope.calls.file_reads import Captured
from tuxscope.calls.filters import Chosen
from tuxscope.calls.programs import call_programs
from tuxscope.calls.records import By
from tuxscope.calls.sending import Sending
from tuxscope.calls.wanted import wanted
from tuxscope.lean_dataclasses import replace
from tuxscope.output.columns import Column
from tuxscope.page.page import Page
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.fileio.layout import LINUX_6_18
from tuxscope.programs.fileio.operations import (
    CAPTURED_KINDS,
    USUAL,
    calls_of,
    opcodes_of,
)
from tuxscope.programs.fileio.uring import uring_programs
from tuxscope.programs.fileio.uring_sending import SentRequests


def page(
    chosen: Chosen | None = None,
    architecture: Architecture = X86_64,
    all_files: bool = False,
    opcodes: frozenset[int] | None = None,
) -> Page:
    """Return the Page of the stream of the operations that ``chosen``, a Chosen, includes, for a
    machine with ``architecture``, an Architecture; None for all usual ones.

    ``all_files``, a bool, is whether pipes, sockets, devices and the like are files, too.
    ``opcodes``, a frozenset of int, are the operations of io_uring; None for all.
    """
    asked_opcodes = opcodes_of(USUAL) if opcodes is None else opcodes
    chosen = chosen or Chosen(numbers=calls_of(USUAL, architecture))
    chosen = replace(chosen, by=By.THREAD)

    def fileio(
        pid: int | None = None,
        exclude: tuple[int, ...] = (),
        namespace: PidNamespace | None = None,
        layout: Layout = LINUX_6_18,
    ) -> tuple[Program, ...]:
        asked = wanted(chosen, pid, exclude, namespace, layout, architecture)
        choose_files = layout.has_structs and not all_files
        captured = Captured(CAPTURED_KINDS, True, choose_files)
        sent = Sending(asked, captured)
        requests = uring_programs(asked, asked_opcodes, choose_files, SentRequests())
        return (*call_programs(asked, sent), *requests)

    return Page(fileio, EVENTS, COLUMNS)


# What is in a record. The command makes operations of it (decoding.py).
COLUMNS = (Column(CallEvent.length, 6),)
PAGE = page()
