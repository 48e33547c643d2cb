"""What else happens to threads is sent: signals, and their ends."""

from __future__ import annotations

from tuxscope.asm import Assembler, helper
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r8, r9
from tuxscope.calls.events import (
    PART,
    TIMELESS,
    CallHead,
    Outgoing,
    PartHead,
)
from tuxscope.calls.outgoing import (
    busy,
    claim_outgoing,
    output,
    release_outgoing,
)
from tuxscope.calls.parts import VALUES
from tuxscope.calls.reads import (
    ARGUMENTS,
    RESULT,
    Status,
)
from tuxscope.calls.records import Thread, Who
from tuxscope.page.emitting import address_of, copy
from tuxscope.record import u64

SIGINFO = 48  # bytes of struct kernel_siginfo that are sent


def tell_function(a: Assembler) -> None:
    """Emit the function ``tell``: r1 is the thread, r2 a number, r3 an EventKind, r4 the address of
    a siginfo in the kernel, or 0."""
    a.function("tell")
    out: Memory = Outgoing[r9]
    what, number = a.stack(u64), a.stack(u64)
    a.mov(r6, r1)
    a.stx(number, r2)
    a.stx(what, r3)
    a.mov(r8, r4)
    claim_outgoing(a, "busy")
    copy(a, address_of(out.head.who), address_of(Thread[r6].who), Who.size)
    a.call(helper.ktime_get_ns)
    a.stx(out.started_ns, r0)
    a.st(out.duration_ns, TIMELESS - (1 << 64))
    a.st(out.head.unused, 0)
    for index in range(ARGUMENTS):
        a.st(out.head.values[index], 0)
    a.zero(out.head.number)
    a.ldx(r1, number)
    a.stx(u64[r9 + VALUES + 8 * RESULT], r1)
    a.ldx(r1, what)
    a.stx(out.head.what, r1)
    a.st(out.head.slept, 0)
    a.st(out.length, CallHead.size)
    a.jeq(r8, 0, "no siginfo")
    a.mov(r1, r9)
    a.add(r1, address_of(out.parts).offset)
    head: Memory = PartHead[r1]
    a.st(head.read, 0)
    a.st(head.status, Status.WHOLE)
    a.st(head.element, 0)
    a.st(head.length, SIGINFO)
    a.add(r1, PART)
    a.mov(r2, SIGINFO)
    a.mov(r3, r8)
    a.call(helper.probe_read_kernel)
    a.st(out.length, CallHead.size + PART + SIGINFO)
    a.label("no siginfo")
    output(a, "done")
    a.label("done")
    release_outgoing(a)
    a.mov(r0, 0)
    a.exit()
    busy(a)
