"""An arithmetic instruction changes its first register. A conditional jump goes to
its label if the comparison holds, and to the next instruction if not.

Task: return how many microseconds passed from the first argument to the second.
Both are times in nanoseconds, unsigned. If the second is before the first,
return 0.

    tuxscope learn check arithmetic-and-jump
"""

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1, r2, r3
from tuxscope.page import Page
from tuxscope.record import u64


def arithmetic_and_jump() -> Program:
    a = Assembler("elapsed", attach=RawTracepoint())
    a.ldx(r2, u64[r1 + 0])  # start
    a.ldx(r3, u64[r1 + 8])  # end
    a.mov(r0, r3)
    a.sub(r0, r2)
    a.label("out")  # a target for jumps; emits no instruction
    a.exit()
    return a.program()


PAGE = Page(arithmetic_and_jump)
