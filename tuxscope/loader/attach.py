"""Attaching: from a loaded program to one that runs on every event."""

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
    """A tracepoint that a program cannot be attached to; ``source`` is where it is named."""


class Link:
    """A program attached to what it traces, or all programs of a collection, for as long as this
    is kept; a context manager.

    The kernel detaches them as well when this process ends, however it does.
    """

    def __init__(self, loaded: LoadedProgram | Collection) -> None:
        """Attach, all or none, in order.

        Raises AttachError, OSError, or TuxscopeError for what is only test-run.
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
        """Detach, and wait until no CPU is still inside of the programs."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def attach(loaded: LoadedProgram | Collection) -> Link:
    """Attach a program, or all programs of a collection; see :class:`Link`."""
    return Link(loaded)


def attach_program(loaded: LoadedProgram, stack: ExitStack) -> None:
    """Attach one program for as long as ``stack`` is open. Raises what :class:`Link` does."""
    match loaded.program.attach:
        case Tracepoint() as tracepoint:
            attach_tracepoint(loaded, tracepoint, stack)
        case RawTracepoint(name) as tracepoint if name:
            stack.enter_context(open_raw_tracepoint(loaded, tracepoint))
        case other:
            raise TuxscopeError(f"{other!r} cannot be attached, only test-run")


def open_raw_tracepoint(loaded: LoadedProgram, tracepoint: RawTracepoint) -> Fd:
    """Attach to a tracepoint by its name in the kernel. Raises AttachError, OSError."""
    try:
        return bpf.raw_tracepoint_open(tracepoint.name, loaded.fileno())
    except FileNotFoundError:
        problem = f"this kernel has no raw tracepoint {tracepoint.name}"
        raise AttachError(problem, tracepoint.source) from None


def attach_tracepoint(loaded: LoadedProgram, tracepoint: Tracepoint, stack: ExitStack) -> None:
    """Attach through a BPF link (Linux 5.15), before that through the perf event itself."""
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
    """Return when every run that began before has ended.

    Programs run under RCU with preemption off; membarrier's global command waits for a grace
    period of it (kernel/sched/membarrier.c). A machine with nohz_full CPUs has no such command,
    and a sandbox may forbid it: there a run that is under way may still end after this.
    """
    with suppress(OSError):
        syscall(SystemCall.MEMBARRIER, MEMBARRIER_CMD_GLOBAL, 0, 0)
