"""Arithmetic changes a register; a jump goes elsewhere if a comparison holds,
else on.

Task: return how many microseconds passed from the first argument to the second.
Both are times in nanoseconds, without a sign. Where the second comes before the
first, return 0.

    tuxscope learn check arithmetic-and-jump
"""

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1, r2, r3
from tuxscope.page import Page
from tuxscope.record import u64


def arithmetic_and_jump() -> Program:
    a = Assembler("elapsed", attach=RawTracepoint())
    a.ldx(r2, u64[r1 + 0])  # when it began
    a.ldx(r3, u64[r1 + 8])  # when it ended
    a.mov(r0, r3)
    a.sub(r0, r2)
    a.label("out")  # a place to jump to; emits nothing
    a.exit()
    return a.program()


PAGE = Page(arithmetic_and_jump)
