"""A program that puts numbers into a ring buffer, as often as a test asks it to."""

from __future__ import annotations

import mmap
from collections.abc import Iterable

from loader.sending import Sample
from tuxscope.asm import (
    Assembler,
    Program,
    RawTracepoint,
    RingBuf,
    helper,
    r0,
    r1,
    r2,
    r6,
    r7,
    r8,
    r9,
)
from tuxscope.loader.program import LoadedProgram
from tuxscope.record import u32, u64

RING = RingBuf("RING", Sample, max_entries=mmap.PAGESIZE)
FITS = (mmap.PAGESIZE - 1) // (8 + Sample.size)
DISCARD = 1 << 32  # in a number: the record is discarded


def sender(ring: RingBuf = RING) -> Program:
    """A program that sends the number in its context: odd ones by ringbuf_output, even ones by
    ringbuf_reserve, and those from DISCARD on not at all, but it takes room for them."""
    a = Assembler("sender", attach=RawTracepoint())
    a.mov(r6, r1)
    a.ldx(r7, u64[r6])
    a.call(helper.get_smp_processor_id)
    a.mov(r9, r0)
    a.mov(r1, r7)
    a.and_(r1, 1)
    a.jeq(r1, 0, "even")
    sample = a.stack(Sample)
    a.stx(sample.number, r7)
    a.stx(sample.cpu, r9)
    a.ringbuf_output(ring, sample)
    a.ja("out")
    a.label("even")
    a.ringbuf_reserve(ring, Sample, "out")
    a.mov(r8, r0)
    a.stx(u32[r8 + Sample.number.offset], r7)
    a.stx(u32[r8 + Sample.cpu.offset], r9)
    a.mov(r1, r8)
    a.mov(r2, 0)
    a.rsh(r7, 32)
    a.jne(r7, 0, "discard")
    a.call(helper.ringbuf_submit)
    a.ja("out")
    a.label("discard")
    a.call(helper.ringbuf_discard)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def send(program: LoadedProgram, cpu: int, numbers: Iterable[int]) -> None:
    """Send numbers on a CPU."""
    for number in numbers:
        program.test_run(context=u64.pack(number), cpu=cpu)
