"""A program that returns its second argument."""

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1
from tuxscope.page import Page
from tuxscope.record import u64


def return_value() -> Program:
    a = Assembler("return_value", attach=RawTracepoint())
    a.ldx(r0, u64[r1 + 8])  # the second argument; each has 8 bytes
    a.exit()
    return a.program()


PAGE = Page(return_value)
