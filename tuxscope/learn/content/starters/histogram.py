"""Exercise: how large are the writes? A histogram, counted in the kernel.

An average hides what matters: a hundred writes of one byte and one of a
megabyte. A histogram shows both, in a few numbers, if each of its entries
counts a range twice as long as the one before: entry n the sizes from 2**n to
2**(n+1) - 1, and entry 0 the sizes 0 and 1. The column Log2 shows these ranges,
Bar how the counts compare.

The counts are in a PerCpuArray: each CPU has values of its own, so that CPUs
neither wait for each other nor overwrite each other's counts. The table shows
the sum over all CPUs.

This page has two mistakes. Run it and look at the ranges:

    tuxscope run histogram.py --simulate --duration 5

Task: count each write() in the entry of its size.

1. The page uses the size itself as the index. It has to be the logarithm of the
   size: how often the size can be halved before it is 1. Halve by shifting:
   a.rsh(register, bits). There are two ways. The kernel can loop, if the
   verifier sees the end. Or Python can write the steps one after the other,
   with for: if the size has bits above the lower 32, shift it by 32 and add 32
   to the index; then the same with 16, 8, 4, 2 and 1. Each label needs a name
   of its own, as in a.label(f"below {bits}").
2. The page sets the count to 1 each time. Load it, add 1, store it. Why is this
   right here, and wrong in a Hash that all CPUs share?

    tuxscope learn check histogram
"""

from tuxscope.asm import Assembler, PerCpuArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r6
from tuxscope.page import Bar, Column, Log2, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, u32, u64


class Writes(Record):
    count = u64


SIZES = PerCpuArray("SIZES", value=Writes, max_entries=64)
COLUMNS = (Log2("bytes", 16), Column(Writes.count, 10), Bar(Writes.count))


def histogram(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("histogram", attach=Tracepoint("syscalls", "sys_enter_write"))
    index = a.stack(u32)
    a.ldx(r6, u64[r1 + 32])  # count: how many bytes are written
    if namespace is None:
        a.call(helper.get_current_pid_tgid)
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:
        a.jeq(r0, each, "out")
    a.stx(index, r6)
    a.ld_map(r1, SIZES)
    a.lea(r2, index)
    a.call(helper.map_lookup_elem)  # r0 = address of this CPU's own value
    a.jeq(r0, 0, "out")
    a.st(Writes[r0].count, 1)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(histogram, SIZES, COLUMNS)
