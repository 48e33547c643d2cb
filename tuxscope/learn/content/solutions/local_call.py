"""The sum of two squares, by a function that is called twice."""

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1, r6, r7
from tuxscope.page import Page
from tuxscope.record import u64


def local_call() -> Program:
    a = Assembler("local_call", attach=RawTracepoint())
    a.mov(r6, r1)  # the context: calls preserve r6
    a.ldx(r1, u64[r6 + 0])
    a.call("square")
    a.mov(r7, r0)  # the first result, as the next call overwrites r0
    a.ldx(r1, u64[r6 + 8])
    a.call("square")
    a.add(r0, r7)
    a.exit()

    a.function("square")  # r0 = r1 * r1
    a.mov(r0, r1)
    a.mul(r0, r1)
    a.exit()
    return a.program()


PAGE = Page(local_call)
