"""A program can have functions of its own. Each call clobbers r1 to r5, whatever
it calls.

Task: return the square of the first argument plus the square of the second. The
function is right; the code before it loses a value, twice.

    tuxscope learn check local-call
"""

from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1, r6, r7
from tuxscope.page import Page
from tuxscope.record import u64


def local_call() -> Program:
    a = Assembler("local_call", attach=RawTracepoint())
    a.ldx(r1, u64[r1 + 0])
    a.call("square")
    a.ldx(r1, u64[r1 + 8])
    a.call("square")
    a.add(r0, r0)
    a.exit()

    a.function("square")  # r0 = r1 * r1
    a.mov(r0, r1)
    a.mul(r0, r1)
    a.exit()
    return a.program()


PAGE = Page(local_call)
