"""Attaches loaded programs to their tracepoints."""

from __future__ import annotations

import errno
from contextlib import ExitStack, suppress

from tuxscope.asm.attach import RawTracepoint, Tracepoint
from tuxscope.asm.program import Program
from tuxscope.errors import ArgumentTypeError, LocatedError, TuxscopeError
from tuxscope.lean_typing import Self
from tuxscope.loader import bpf, perf_event
from tuxscope.loader.collection import Collection
from tuxscope.loader.cpus import online_cpus
from tuxscope.loader.fd import Fd
from tuxscope.loader.perf_event import Ioctl
from tuxscope.loader.program import LoadedProgram
from tuxscope.loader.syscalls import SystemCall, syscall
from tuxscope.loader.tracefs import Tracefs, TracepointError

MEMBARRIER_CMD_GLOBAL = 1


class AttachError(LocatedError, TracepointError):
    """An error, a LocatedError and TracepointError: a program cannot be attached to its tracepoint;
    ``source`` is the line that names the tracepoint."""


class Link:
    """A context manager: attaches ``loaded``, a LoadedProgram, or all programs of a Collection,
    until it is closed.

    The kernel also detaches them when this process exits.
    """

    def __init__(self, loaded: LoadedProgram | Collection) -> None:
        """Attach ``loaded``, a LoadedProgram or all programs of a Collection, in order; if one
        fails, none.

        Raises AttachError or OSError, and TuxscopeError for a program without an attach point.
        """
        if not isinstance(loaded, LoadedProgram | Collection):
            checked = "" if isinstance(loaded, Program) else "; load takes a Program"
            hint = f"load it first, as in Link(load(program)){checked}"
            raise ArgumentTypeError("Link", "a loaded program", loaded, hint)
        programs = loaded.programs if isinstance(loaded, Collection) else [loaded]
        with ExitStack() as stack:
            stack.callback(wait_for_programs)  # once, when all are detached
            for each in programs:
                attach_program(each, stack)
            self._held = stack.pop_all()

    def close(self) -> None:
        """Detach the programs and wait until no CPU runs them."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def attach(loaded: LoadedProgram | Collection) -> Link:
    """Attach ``loaded``, a LoadedProgram or a Collection; return the :class:`Link`."""
    return Link(loaded)


def attach_program(loaded: LoadedProgram, stack: ExitStack) -> None:
    """Attach ``loaded``, a LoadedProgram, for as long as ``stack``, an ExitStack, is open. Raises
    what :class:`Link` does."""
    match loaded.program.attach:
        case Tracepoint() as tracepoint:
            attach_tracepoint(loaded, tracepoint, stack)
        case RawTracepoint(name) as tracepoint if name:
            stack.enter_context(open_raw_tracepoint(loaded, tracepoint))
        case other:
            raise TuxscopeError(f"{other!r} cannot be attached; use test_run()")


def open_raw_tracepoint(loaded: LoadedProgram, tracepoint: RawTracepoint) -> Fd:
    """Attach ``loaded``, a LoadedProgram, to the raw ``tracepoint``, a RawTracepoint; return the
    link's Fd. Raises AttachError, OSError."""
    try:
        return bpf.raw_tracepoint_open(tracepoint.name, loaded.fileno())
    except FileNotFoundError:
        problem = f"this kernel has no raw tracepoint {tracepoint.name}"
        raise AttachError(problem, tracepoint.source) from None


def attach_tracepoint(loaded: LoadedProgram, tracepoint: Tracepoint, stack: ExitStack) -> None:
    """Attach ``loaded``, a LoadedProgram, to ``tracepoint``, a Tracepoint, for as long as
    ``stack``, an ExitStack, is open: by BPF_LINK_CREATE (Linux 5.15), else by
    PERF_EVENT_IOC_SET_BPF.

    Raises AttachError, OSError.
    """
    try:
        with Tracefs() as tracefs:
            tracepoint_id = tracefs.tracepoint_id(tracepoint)
    except TracepointError as error:
        raise AttachError(str(error), tracepoint.source) from error
    event = stack.enter_context(perf_event.open_tracepoint(tracepoint_id, online_cpus()[0]))
    try:
        try:
            link = bpf.link_create(loaded.fileno(), event.fileno(), bpf.ATTACH_PERF_EVENT)
            stack.enter_context(link)
        except OSError as error:
            if not bpf.is_unsupported(error):
                raise
            perf_event.ioctl(event.fileno(), Ioctl.SET_BPF, loaded.fileno())
    except OSError as error:
        if error.errno != errno.EACCES:  # perf_event_set_bpf_prog, kernel/events/core.c
            raise
        raise AttachError(
            f"program {loaded.program.name} reads past the fields of {tracepoint}; "
            f"they are listed in {tracepoint.format_file}",
            tracepoint.source,
        ) from None
    perf_event.ioctl(event.fileno(), Ioctl.ENABLE)


def wait_for_programs() -> None:
    """Wait until all running programs have returned (an RCU grace period).

    membarrier(2) with MEMBARRIER_CMD_GLOBAL waits for it (kernel/sched/membarrier.c). If the
    command is not available (nohz_full CPUs, seccomp), this does not wait.
    """
    with suppress(OSError):
        syscall(SystemCall.MEMBARRIER, MEMBARRIER_CMD_GLOBAL, 0, 0)
