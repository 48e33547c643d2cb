"""The stack is uninitialised. All bytes of a record leave the kernel: also fields
that this run does not store, and the padding between fields.

Task: send no uninitialised byte. If there is no extra, it is 0.

    tuxscope learn check zero-the-stack
"""

from tuxscope.asm import Assembler, PerfEventArray, Program, RawTracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6, r7, r8
from tuxscope.page import Column, Page
from tuxscope.record import Record, u32, u64


class Sample(Record):
    kind = u32
    value = u64
    extra = u64


EVENTS = PerfEventArray("EVENTS", Sample)
COLUMNS = (Column(Sample.kind, 11), Column(Sample.value, 21), Column(Sample.extra))


def zero_the_stack() -> Program:
    a = Assembler("zero_the_stack", attach=RawTracepoint())
    sample = a.stack(Sample)
    a.mov(r6, r1)
    a.ldx(r7, u64[r6 + 8])
    a.stx(sample.value, r7)
    a.ldx(r8, u64[r6 + 0])
    a.stx(sample.kind, r8)
    a.jeq(r8, 0, "send")  # kind 0 has no extra
    a.ldx(r7, u64[r6 + 16])
    a.stx(sample.extra, r7)
    a.label("send")
    a.ld_map(r2, EVENTS)
    a.mov32(r3, -1)
    a.lea(r4, sample)
    a.mov(r5, Sample.size)
    a.call(helper.perf_event_output)
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(zero_the_stack, EVENTS, COLUMNS)
