"""A program that sends a number to the ring of its CPU, as often as a test asks it to."""

from __future__ import annotations

import errno
import mmap
from collections.abc import Iterable

from tuxscope.asm import (
    Assembler,
    PerfEventArray,
    Program,
    RawTracepoint,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r7,
)
from tuxscope.loader.cpus import online_cpus
from tuxscope.loader.program import LoadedProgram
from tuxscope.record import Record, u32, u64

CPUS = online_cpus()
TOO_MANY = 200 * mmap.PAGESIZE // 4096  # events for a ring of one page
# As a test run returns them: the ring is full, there is no ring, its event was taken off the CPU.
REFUSALS = {(1 << 32) - each for each in (errno.ENOSPC, errno.ENOENT, errno.EOPNOTSUPP)}


class Sample(Record):  # 24 bytes in the ring: no whole number of them fits a page
    number = u32
    cpu = u32


EVENTS = PerfEventArray("EVENTS", Sample)


def sender() -> Program:
    """A program that sends the number in its context, and returns what the helper says."""
    a = Assembler("sender", attach=RawTracepoint())
    sample = a.stack(Sample)
    a.mov(r6, r1)
    a.ldx(r7, u64[r6])
    a.stx(sample.number, r7)
    a.call(helper.get_smp_processor_id)
    a.stx(sample.cpu, r0)
    a.mov(r1, r6)
    a.ld_map(r2, EVENTS)
    a.mov32(r3, -1)
    a.lea(r4, sample)
    a.mov(r5, Sample.size)
    a.call(helper.perf_event_output)
    a.exit()
    return a.program()


def send(program: LoadedProgram, cpu: int, numbers: Iterable[int]) -> list[int]:
    """Send numbers on a CPU; returns those that its ring took."""
    results = {
        number: program.test_run(context=u64.pack(number), cpu=cpu).retval for number in numbers
    }
    assert set(results.values()) <= {0, *REFUSALS}
    return [number for number, result in results.items() if result == 0]
