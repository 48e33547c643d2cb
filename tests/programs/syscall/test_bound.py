"""All calls of the machine are in the table, or counted as left out: two perf counters say so."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from pace import LIMIT, SLOWDOWN

from tuxscope.abi.architecture import this_architecture
from tuxscope.abi.names import syscall_name
from tuxscope.asm import Tracepoint
from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection
from tuxscope.loader.cpus import online_cpus
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.loader.perf_event import TYPE_TRACEPOINT, PerfEventAttributes, perf_event_open
from tuxscope.loader.tracefs import Tracefs
from tuxscope.programs.syscall.counts import merged
from tuxscope.programs.syscall.records import ACCOUNT, TABLES, By
from tuxscope.programs.syscall.summary import page

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

EXIT = Tracepoint("raw_syscalls", "sys_exit")
ENDLESS = ("exit", "exit_group")  # of which no exit is seen
WORK = """
for i in $(seq 30); do ls / /nowhere >/dev/null 2>&1; done
(sleep 60 & kill $!; wait $!) 2>/dev/null
dd if=/dev/zero of=/dev/null bs=1 count=%d status=none
"""


@contextmanager
def counter() -> Iterator[Any]:
    """A function that says how often the tracepoint was passed, on all CPUs, since it was made."""
    with Tracefs() as tracefs:
        identity = tracefs.tracepoint_id(EXIT)
    with ExitStack() as stack:
        attributes = PerfEventAttributes(type=TYPE_TRACEPOINT, config=identity)
        events = [stack.enter_context(perf_event_open(attributes, cpu)) for cpu in online_cpus()]
        yield lambda: sum(struct.unpack("=Q", os.read(each.fileno(), 8))[0] for each in events)


@pytest.mark.matrix
def test_the_table_lies_between_two_counters() -> None:
    architecture = this_architecture()
    programs = page(architecture=architecture).program(
        exclude=(os.getpid(),), layout=RunningKernelLayout()
    )
    seed = random.randrange(1000)
    with Collection(programs if isinstance(programs, tuple) else (programs,)) as loaded:
        with counter() as outer:
            with Link(loaded), counter() as inner:
                work = WORK % (1_000_000 // SLOWDOWN + seed)
                subprocess.run(["sh", "-c", work], check=True, timeout=LIMIT)
                least = inner()
            most = outer()
        rows = {
            syscall_name(architecture, bool(key.compat), key.nr): merged(value).calls
            for key, value in loaded.maps[TABLES[By.SYSCALL]].items()
        }
        account = loaded.maps[ACCOUNT].lookup(0)
        missed = account.missed + loaded.programs[1].info().recursion_misses
    ends = sum(rows.get(each, 0) for each in ENDLESS)
    # An exit is a call's; or of one that the kernel restarts; or a child's, out of its parent's
    # fork; or one of ours.
    exits = sum(rows.values()) - ends + account.restarts + account.births + account.excluded
    # A thread may wait in a handler, and a program that the kernel itself starts made no call.
    assert least - 5 <= exits + missed <= most
    # What other processes do while programs are attached and detached lies between the counters.
    assert most - least < most / 20
