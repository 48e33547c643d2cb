"""A loop is a jump backwards. The kernel accepts one only if the verifier can see
that it ends.

Task: return 1 + 2 + ... + n, where n is the first argument, unsigned. If n is
above 100, add up 1 to 100 only. Do it in a loop, with a jump backwards.

    tuxscope learn check bounded-loop
"""

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1, r2, r3
from tuxscope.page import Page
from tuxscope.record import u64


def bounded_loop() -> Program:
    a = Assembler("bounded_loop", attach=RawTracepoint())
    a.ldx(r2, u64[r1 + 0])  # n
    a.mov(r0, 0)
    a.mov(r3, 1)
    a.label("again")
    a.jgt(r3, r2, "out")
    a.add(r0, r3)
    a.add(r3, 1)
    a.ja("again")
    a.label("out")
    a.exit()
    return a.program()


PAGE = Page(bounded_loop)
