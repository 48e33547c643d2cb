"""A loop is a jump backwards. The kernel takes one only if the verifier can see
it end.

Task: return 1 + 2 + ... + n, where n is the first argument, without a sign; but
for an n above 100, whatever it is, add up to 100 and no further. Do it in a
loop, with a jump that goes back.

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
