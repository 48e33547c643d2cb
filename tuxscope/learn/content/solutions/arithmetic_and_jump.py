"""The microseconds from the first argument to the second, or 0."""

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1, r2, r3
from tuxscope.page import Page
from tuxscope.record import u64


def arithmetic_and_jump() -> Program:
    a = Assembler("elapsed", attach=RawTracepoint())
    a.ldx(r2, u64[r1 + 0])  # start
    a.ldx(r3, u64[r1 + 8])  # end
    a.mov(r0, 0)
    a.jlt(r3, r2, "out")  # unsigned
    a.mov(r0, r3)
    a.sub(r0, r2)
    a.div(r0, 1000)
    a.label("out")
    a.exit()
    return a.program()


PAGE = Page(arithmetic_and_jump)
