"""syscall: each call that has returned is sent, with what its arguments lead to."""

from __future__ import annotations

import signal

from tuxscope.abi.architecture import X86_64, Architecture
from tuxscope.asm import Assembler, Program, RawTracepoint
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r6, r9
from tuxscope.calls.entry import (
    choose_thread,
    find_or_add_thread,
    identify,
    store_who,
)
from tuxscope.calls.events import EVENTS, CallEvent, EventKind
from tuxscope.calls.file_reads import Captured
from tuxscope.calls.filters import EVERYTHING, Chosen
from tuxscope.calls.layout import LINUX_6_18
from tuxscope.calls.leave import leave_out_before_exec
from tuxscope.calls.programs import call_programs
from tuxscope.calls.reads import ReadKind
from tuxscope.calls.records import By
from tuxscope.calls.sending import Sending
from tuxscope.calls.telling import tell_function
from tuxscope.calls.wanted import Wanted, wanted
from tuxscope.lean_dataclasses import replace
from tuxscope.output.columns import Column
from tuxscope.page.page import Page
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.record import u32, u64

# What calls.tsv asks for; all of it but what is for files alone.
CAPTURED = Captured(frozenset(ReadKind) - {ReadKind.DIRECTORY, ReadKind.POSITION, ReadKind.OWNER})


def page(chosen: Chosen = EVERYTHING, architecture: Architecture = X86_64) -> Page:
    """Return the Page of the stream of the calls that ``chosen``, a Chosen, includes, for a machine
    with ``architecture``, an Architecture."""
    chosen = replace(chosen, by=By.THREAD)

    def syscall(
        pid: int | None = None,
        exclude: tuple[int, ...] = (),
        namespace: PidNamespace | None = None,
        layout: Layout = LINUX_6_18,
    ) -> tuple[Program, ...]:
        asked = wanted(chosen, pid, exclude, namespace, layout, architecture)
        sent = Sending(asked, CAPTURED)
        programs = call_programs(asked, sent)
        return (*programs, signal_delivery(asked)) if chosen.all_calls else tuple(programs)

    return Page(syscall, EVENTS, COLUMNS)


def signal_delivery(wanted: Wanted) -> Program:
    """Return the Program that runs when a signal is delivered to a thread; ``wanted`` is a
    Wanted."""
    a = Assembler("signal_deliver", attach=RawTracepoint("signal_deliver"))
    tid = a.stack(u32)
    a.mov(r6, r1)
    # What kills the thread is delivered as SIGKILL, whichever signal that was: +++ killed by +++
    # says it.
    a.ldx(r1, u64[r6 + 0])
    a.jeq(r1, signal.SIGKILL, "out")
    identify(a, wanted, tid, left_out="out")
    leave_out_before_exec(a, wanted, "out")
    find_or_add_thread(a, wanted, tid, full="out")
    choose_thread(a, wanted, "out")
    store_who(a, wanted)
    a.mov(r1, r9)
    a.ldx(r2, u64[r6 + 0])
    a.mov(r3, EventKind.SIGNAL)
    a.ldx(r4, u64[r6 + 8])
    a.call("tell")
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    tell_function(a)
    return a.program()


# What is in a record. The command makes lines of it (lines.py).
COLUMNS = (Column(CallEvent.length, 6),)
PAGE = page()
