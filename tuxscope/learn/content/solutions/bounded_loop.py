"""The sum of 1 to n, for an n of 100 at most, in a loop that the verifier sees the end of."""

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1, r2, r3
from tuxscope.page import Page
from tuxscope.record import u64


def bounded_loop() -> Program:
    a = Assembler("bounded_loop", attach=RawTracepoint())
    a.ldx(r2, u64[r1 + 0])  # n
    a.jle(r2, 100, "few")
    a.mov(r2, 100)  # now the verifier knows that r2 is 100 at most
    a.label("few")
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
