"""The value of a key in a hash, or 0 if there is no such key."""

from tuxscope.asm import Assembler, Hash, Program, RawTracepoint, helper, r0, r1, r2, r3
from tuxscope.page import Page
from tuxscope.record import u32, u64

WEIGHTS = Hash("WEIGHTS", key=u32, value=u64, max_entries=1024)


def null_check() -> Program:
    a = Assembler("null_check", attach=RawTracepoint())
    key = a.stack(u32)
    a.ldx(r3, u64[r1 + 0])
    a.stx(key, r3)  # a helper takes the key's address, so the key is on the stack
    a.ld_map(r1, WEIGHTS)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "out")  # no such key; r0 is 0
    a.ldx(r0, u64[r0 + 0])
    a.label("out")
    a.exit()
    return a.program()


PAGE = Page(null_check)
