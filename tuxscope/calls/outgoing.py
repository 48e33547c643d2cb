"""The record that a CPU makes, from its claim to its output. Each function emits instructions."""

from __future__ import annotations

from tuxscope.asm import Array, Assembler, helper
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r9
from tuxscope.calls.account import add_to_account
from tuxscope.calls.capture import CAPTURE
from tuxscope.calls.events import (
    EVENTS,
    LARGEST,
    NO_PLAN,
    PLANNED,
    PLANS,
    CallEvent,
    CallHead,
    Outgoing,
    Plan,
)
from tuxscope.calls.parts import find_outgoing
from tuxscope.calls.records import Account, CallNumber, Thread, Who
from tuxscope.page.emitting import address_of, copy, lookup


def claim_outgoing(a: Assembler, busy: str) -> None:
    """Emit: r9 = the address of this CPU's Outgoing; jump to the label ``busy`` if another program
    was interrupted while it had it."""
    find_outgoing(a)
    a.mov(r1, 1)
    a.atomic_add(Outgoing[r9].users, r1)
    a.ldx(r1, Outgoing[r9].users)
    a.jne(r1, 1, busy)


def release_outgoing(a: Assembler) -> None:
    """Emit: let others have the Outgoing at r9."""
    a.mov(r1, -1)
    a.atomic_add(Outgoing[r9].users, r1)


def busy(a: Assembler, counted: bool = True) -> None:
    """Emit the label ``busy``: the record is not made; ``counted``, a bool: it is a missed one."""
    a.label("busy")
    release_outgoing(a)
    if counted:
        add_to_account(a, Account.missed.offset)
    a.mov(r0, 0)
    a.exit()


def fill_call(a: Assembler, call: Memory) -> None:
    """Emit: fill the head of the record of ``call``, the Memory of a records.Call of the thread at
    r6, which took r7 ns. Where its start was not seen, user space needs the time of its end."""
    out: Memory = Outgoing[r9]
    label = f"seen {call._offset}"
    a.ldx(r1, call.started_ns)
    a.stx(out.started_ns, r1)
    a.stx(out.duration_ns, r7)
    copy(a, address_of(out.head.number), address_of(call.number), CallNumber.size)
    copy(a, address_of(out.head.who), address_of(Thread[r6].who), Who.size)
    a.st(out.head.unused, 0)
    a.st(out.length, CallHead.size)
    a.ldx(r1, call.started_ns)
    a.jne(r1, 0, label)
    a.call(helper.ktime_get_ns)
    a.stx(out.duration_ns, r0)
    a.label(label)


def find_plan(
    a: Assembler,
    index: Memory,
    none: str,
    number: Memory | None = None,
    plans: Array = PLANS,
) -> None:
    """Emit: r7 = the address of what ``plans``, an Array as PLANS, has for ``number``, the Memory
    of a CallNumber, or for that of the Outgoing at r9 if it is None; jump to the label ``none`` if
    there is none, which never happens. ``index`` is Memory of 4 bytes for the key."""
    if number is None:
        number = Outgoing[r9].head.number
    a.ldx(r1, number.nr)
    a.mov(r2, NO_PLAN)
    a.jge(r1, PLANNED, "no plan")
    a.ldx(r2, number.compat)
    a.mul(r2, PLANNED)
    a.add(r2, r1)
    a.label("no plan")
    a.stx(index, r2)
    lookup(a, plans, index)
    a.jeq(r0, 0, none)
    a.mov(r7, r0)


def capture_read(a: Assembler, number: int) -> None:
    """Emit: do the read of that ``number``, an int, of the Plan at r7; r1 is its code."""
    out: Memory = Outgoing[r9]
    a.stx(out.code, r1)
    a.ldx(r1, Plan[r7].places[number])
    a.stx(out.place, r1)
    a.st(out.read, number)
    a.call(CAPTURE)


def output(a: Assembler, full: str, counted: bool = True) -> None:
    """Emit: send the Outgoing at r9; jump to label ``full``, a str, if it has more than fits, which
    never happens.

    ``counted``, a bool: whether a record that the ring has no room for is a lost one; what a call
    begins with is not, as the call's end has a record of its own.
    """
    out: Memory = Outgoing[r9]
    a.ldx(r3, out.length)
    a.jgt(r3, LARGEST, full)
    a.add(r3, CallEvent.data.offset)
    if counted:
        a.ringbuf_output(EVENTS, address_of(out.started_ns), r3)
        return
    a.ld_map(r1, EVENTS)
    a.lea(r2, address_of(out.started_ns))
    a.mov(r4, 0)
    a.call(helper.ringbuf_output)
