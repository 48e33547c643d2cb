"""A record without holes: the largest field comes first."""

from tuxscope.asm import Assembler, PerfEventArray, Program, RawTracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6, r7
from tuxscope.page import Column, Page
from tuxscope.record import Record, u32, u64


class Sample(Record):
    value = u64  # the largest first, so there is no padding
    kind = u32
    count = u32


EVENTS = PerfEventArray("EVENTS", Sample)
COLUMNS = (Column(Sample.kind, 11), Column(Sample.value, 21), Column(Sample.count))


def record_layout() -> Program:
    a = Assembler("record_layout", attach=RawTracepoint())
    sample = a.stack(Sample)
    a.zero(sample.padding)  # emits no instruction if there is no padding
    a.mov(r6, r1)
    a.ldx(r7, u64[r6 + 0])
    a.stx(sample.kind, r7)  # the lower half of r7, as kind is a u32
    a.ldx(r7, u64[r6 + 8])
    a.stx(sample.value, r7)
    a.ldx(r7, u64[r6 + 16])
    a.stx(sample.count, r7)
    a.ld_map(r2, EVENTS)
    a.mov32(r3, -1)
    a.lea(r4, sample)
    a.mov(r5, Sample.size)
    a.call(helper.perf_event_output)
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(record_layout, EVENTS, COLUMNS)
