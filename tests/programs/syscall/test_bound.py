"""All calls of the machine are in the table, or counted as left out: two perf counters say so."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Self

import pytest
from pace import LIMIT, SLOWDOWN

from tuxscope.abi.architecture import this_architecture
from tuxscope.abi.names import syscall_name
from tuxscope.asm import RawTracepoint, Tracepoint
from tuxscope.calls.records import ACCOUNT, THREADS, By, Restart
from tuxscope.loader.attach import open_raw_tracepoint, wait_for_programs
from tuxscope.loader.collection import Collection
from tuxscope.loader.cpus import online_cpus
from tuxscope.loader.fd import Fd
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.loader.perf_event import (
    DISABLED,
    TYPE_TRACEPOINT,
    Ioctl,
    PerfEventAttributes,
    ioctl,
    perf_event_open,
)
from tuxscope.loader.program import LoadedProgram
from tuxscope.loader.tracefs import Tracefs
from tuxscope.programs.syscall.counts import merged
from tuxscope.programs.syscall.summary import page
from tuxscope.programs.syscall.tallies import TABLES

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

CALLS = 1_000_000  # reads of dd, and as many writes
AT_EXIT = 1  # of the page's programs, the one that counts
EXIT = Tracepoint("raw_syscalls", "sys_exit")
ENDLESS = ("exit", "exit_group")  # of which no exit is seen
WORK = """
for i in $(seq 30); do ls / /nowhere >/dev/null 2>&1; done
(sleep 60 & kill $!; wait $!) 2>/dev/null
dd if=/dev/zero of=/dev/null bs=1 count=%d status=none
"""


class Counter:
    """Counts how often a tracepoint is passed, on all CPUs, from start() on; a context manager."""

    def __init__(self, tracepoint: Tracepoint) -> None:
        with Tracefs() as tracefs:
            identity = tracefs.tracepoint_id(tracepoint)
        attributes = PerfEventAttributes(type=TYPE_TRACEPOINT, config=identity, flags=DISABLED)
        with ExitStack() as stack:
            self._events = [
                stack.enter_context(perf_event_open(attributes, cpu)) for cpu in online_cpus()
            ]
            self._held = stack.pop_all()

    def start(self) -> None:
        for each in self._events:
            ioctl(each.fileno(), Ioctl.ENABLE)

    def read(self) -> int:
        values = (os.read(each.fileno(), 8) for each in self._events)
        return sum(struct.unpack("=Q", each)[0] for each in values)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()


@contextmanager
def ahead_of_others() -> Iterator[None]:
    """Let no other process have this CPU meanwhile, if the machine allows that."""
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def attach_alone(loaded: LoadedProgram) -> Fd:
    """Attach a program; its Fd detaches it without a wait, which a Link has."""
    assert isinstance(loaded.program.attach, RawTracepoint)
    return open_raw_tracepoint(loaded, loaded.program.attach)


@pytest.mark.matrix
def test_the_table_lies_between_two_counters() -> None:
    architecture = this_architecture()
    programs = page(architecture=architecture).program(
        exclude=(os.getpid(),), layout=RunningKernelLayout()
    )
    assert isinstance(programs, tuple)
    work = WORK % (CALLS // SLOWDOWN + random.randrange(1000))
    with Collection(programs) as loaded, Counter(EXIT) as outer, Counter(EXIT) as inner:
        with ExitStack() as attached:
            # Only the program that counts is attached and detached between the two counters.
            for each in loaded.programs:
                if each is not loaded.programs[AT_EXIT]:
                    attached.enter_context(attach_alone(each))
            with ahead_of_others():
                outer.start()
                counting = attached.enter_context(attach_alone(loaded.programs[AT_EXIT]))
                inner.start()
            subprocess.run(["sh", "-c", work], check=True, timeout=LIMIT)
            with ahead_of_others():
                least = inner.read()
                counting.close()
                most = outer.read()
                attached.close()  # at once: of a thread that ends, the exit is not seen any more
        wait_for_programs()
        rows = {
            syscall_name(architecture, bool(key.compat), key.nr): merged(value).calls
            for key, value in loaded.maps[TABLES[By.SYSCALL]].items()
        }
        account = loaded.maps[ACCOUNT].lookup(0)
        threads = [each for _, each in loaded.maps[THREADS].items()]
        waiting = sum(each.restart != Restart.NONE for each in threads)
        missed = account.missed + loaded.programs[AT_EXIT].info().recursion_misses
    ends = sum(rows.get(each, 0) for each in ENDLESS)
    # An exit is a call's; or of one that the kernel restarts, or may still restart; or a child's,
    # out of its parent's fork; or one of ours.
    exits = sum(rows.values()) - ends + account.restarts + waiting
    exits += account.births + account.excluded
    # A program that the kernel itself starts made no call.
    assert least - 5 <= exits + missed <= most
    # What other processes do while the program is attached and detached.
    assert most - least < most / 1000
