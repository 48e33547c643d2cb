"""A program returns what is in r0 when it exits; here nothing sets r0.

Task: return the program's second argument. At the start r1 is the address of
the arguments, 8 bytes each, so the first of them is u64[r1 + 0].

    tuxscope learn check return-value
"""

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1
from tuxscope.page import Page
from tuxscope.record import u64


def return_value() -> Program:
    a = Assembler("return_value", attach=RawTracepoint())
    a.exit()
    return a.program()


PAGE = Page(return_value)
