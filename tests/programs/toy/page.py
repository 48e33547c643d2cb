"""toy: every kill() on the system, as it happens."""

from __future__ import annotations

from tuxscope.asm import Assembler, PerfEventArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6
from tuxscope.output.columns import Column
from tuxscope.page.page import Page
from tuxscope.record import Record, u64


class Kill(Record):
    signal = u64


KILLS = PerfEventArray("KILLS", Kill)
COLUMNS = (Column(Kill.signal),)


def page(signal: int | None = None) -> Page:
    """The page that shows calls with this signal alone; with any, where it is None."""

    def toy() -> Program:
        a = Assembler("toy", attach=Tracepoint("syscalls", "sys_enter_kill"))
        event = a.stack(Kill)
        a.mov(r6, r1)
        a.ldx(r1, u64[r6 + 24])  # the second argument
        if signal is not None:
            a.jne(r1, signal, "out")
        a.stx(event.signal, r1)
        a.mov(r1, r6)
        a.ld_map(r2, KILLS)
        a.mov32(r3, -1)
        a.lea(r4, event)
        a.mov(r5, Kill.size)
        a.call(helper.perf_event_output)
        a.label("out")
        a.mov(r0, 0)
        a.exit()
        return a.program()

    return Page(toy, KILLS, COLUMNS)


PAGE = page()
