"""A call ends: it is counted or sent, unless the kernel is about to restart it."""

from __future__ import annotations

from tuxscope.abi.reading import read_compat, read_number, read_register, read_switches
from tuxscope.asm import Assembler, Program, RawTracepoint, helper
from tuxscope.asm.registers import Memory, r0, r1, r2, r6, r7, r8, r9
from tuxscope.calls.account import add_to_account
from tuxscope.calls.entry import (
    choose_thread,
    find_or_add_thread,
    identify,
    store_who,
)
from tuxscope.calls.filters import Numbers, leave_out_numbers
from tuxscope.calls.outcome import CallOutcome
from tuxscope.calls.records import (
    ACCOUNT,
    THREADS,
    Account,
    BegunCall,
    CallNumber,
    Restart,
    Thread,
    ThreadState,
)
from tuxscope.calls.wanted import Wanted
from tuxscope.page.emitting import address_of, copy, lookup
from tuxscope.record import u32, u64

EINTR = 4
# include/linux/errno.h: ERESTARTSYS, ERESTARTNOINTR and ERESTARTNOHAND are 512 to 514, and
# ERESTART_RESTARTBLOCK is 516: for the kernel itself, which restarts the call or makes it EINTR.
LAST_RESTART, NOT_A_RESTART, RESTARTS = 516, 515, 5


def leave(wanted: Wanted, outcome: CallOutcome) -> Program:
    """Return the Program that runs after each call; ``wanted`` is a Wanted, ``outcome`` a
    CallOutcome. r7 is how long the call took, r8 its result, r9 the thread's record."""
    a = Assembler("syscall_exit", attach=RawTracepoint("sys_exit"))
    thread: Memory = Thread[r9]
    number, slept = a.stack(CallNumber), a.stack(u64)
    scratch, tid = a.stack(u64[2]), a.stack(u32)
    a.mov(r6, r1)
    identify(a, wanted, tid, left_out="excluded")
    lookup(a, THREADS, tid)
    a.jeq(r0, 0, "no record")
    a.mov(r9, r0)
    a.ldx(r8, u64[r6 + 8])
    a.ldx(r1, thread.state)
    a.st(thread.state, ThreadState.OUTSIDE)
    a.jeq(r1, ThreadState.UNCHOSEN, "not counted")
    a.jeq(r1, ThreadState.OUTSIDE, "no entry")
    measure(a, wanted, slept, scratch)
    a.label("ended")
    leave_out_before_exec(a, wanted, "not counted")
    a.mov(r1, r8)
    a.add(r1, LAST_RESTART)
    a.jlt(r1, RESTARTS, "interrupted?")
    a.label("finished")
    outcome.finish(a, slept)
    a.label("not counted")
    a.ldx(r1, thread.restart)
    a.jne(r1, Restart.NONE, "in a handler")
    a.label("out")
    a.mov(r0, 0)
    a.exit()

    if wanted.exclude:
        a.label("excluded")
        add_to_account(a, Account.excluded.offset)
        a.ja("out")

    interrupted(a, wanted, outcome, slept, scratch)
    in_a_handler(a, wanted, outcome, number, scratch)
    without_entry(a, wanted, outcome, tid, number, slept, scratch)
    outcome.leave_functions(a)
    return a.program()


def leave_out_before_exec(a: Assembler, wanted: Wanted, left_out: str) -> None:
    """Emit: jump to the label ``left_out`` if ``wanted``, a Wanted, counts from the execve on, and
    the command has not made it yet. Uses r1."""
    if wanted.chosen.from_exec:
        a.ld_map_value(r1, ACCOUNT)
        a.ldx(r1, u64[r1 + Account.began.offset])
        a.jeq(r1, 0, left_out)


def measure(a: Assembler, wanted: Wanted, slept: Memory, scratch: Memory) -> None:
    """Emit: r7 = how long the call of the thread at r9 took, and in ``slept``, Memory, whether the
    thread was switched out meanwhile; ``wanted`` is a Wanted, ``scratch`` Memory of 16 bytes."""
    thread: Memory = Thread[r9]
    a.call(helper.ktime_get_ns)
    a.mov(r7, r0)
    a.ldx(r1, thread.call.started_ns)
    a.sub(r7, r1)
    a.st(slept, 0)
    if read_switches(a, wanted.readable, scratch):
        a.ldx(r2, thread.call.switches)
        a.jeq(r1, r2, "ran through")
        a.st(slept, 1)
        a.label("ran through")


def interrupted(
    a: Assembler, wanted: Wanted, outcome: CallOutcome, slept: Memory, scratch: Memory
) -> None:
    """Emit ``interrupted?``: keep a call that the kernel may restart, or that becomes EINTR.
    ``wanted`` is a Wanted, ``outcome`` a CallOutcome, ``slept`` and ``scratch`` are Memory."""
    thread: Memory = Thread[r9]
    a.label("interrupted?")
    a.jeq(r1, LAST_RESTART - NOT_A_RESTART, "finished")
    a.ldx(r1, thread.restart)
    a.jeq(r1, Restart.NONE, "first")
    outcome.give_up(a, 0)  # a handler's own call: one of the two is remembered
    a.label("first")
    copy(a, address_of(thread.interrupted), address_of(thread.call), BegunCall.size)
    a.stx(thread.interrupted_ns, r7)
    a.ldx(r1, slept)
    a.stx(thread.interrupted_slept, r1)
    read_register(a, wanted.readable.registers.stack_pointer, r6, scratch)
    a.ldx(r1, scratch[0])
    a.stx(thread.stack_pointer, r1)
    a.st(thread.restart, Restart.NEXT)
    outcome.keep(a)
    a.ja("out")


def in_a_handler(
    a: Assembler, wanted: Wanted, outcome: CallOutcome, number: Memory, scratch: Memory
) -> None:
    """Emit ``in a handler``: sigreturn returns the result of the interrupted call, -EINTR, if the
    kernel does not restart it.

    ``wanted`` is a Wanted, ``outcome`` a CallOutcome; ``number`` is Memory for the call's
    CallNumber, ``scratch`` Memory.
    """
    thread: Memory = Thread[r9]
    a.label("in a handler")
    read_number(a, wanted.readable, r6, scratch, number.nr)
    read_compat(a, wanted.readable, r6, scratch, number.compat)
    jump_to(a, wanted.sigreturns, number, "sigreturn")
    a.jeq32(r1, -1, "sigreturn")  # on x86 and arm64 it takes its own number away
    a.st(thread.restart, Restart.LATER)
    a.ja("out")
    a.label("sigreturn")
    a.st(thread.restart, Restart.NEXT)
    a.mov(r1, r8)
    a.jne(r1, -EINTR, "out")
    outcome.give_up(a, EINTR)
    a.st(thread.restart, Restart.NONE)
    a.ja("out")


def without_entry(
    a: Assembler,
    wanted: Wanted,
    outcome: CallOutcome,
    tid: Memory,
    number: Memory,
    slept: Memory,
    scratch: Memory,
) -> None:
    """Emit ``no record`` and ``no entry``: the exit of a call whose entry was not seen. seccomp has
    denied it, it began before the start, or it is a child's, which comes out of its parent's fork.

    ``wanted`` is a Wanted, ``outcome`` a CallOutcome; ``tid``, ``number``, ``slept`` and
    ``scratch`` are Memory, as in the program of :func:`leave`.
    """
    thread: Memory = Thread[r9]
    a.label("no record")
    find_or_add_thread(a, wanted, tid, full="no room")
    a.ldx(r8, u64[r6 + 8])
    a.label("no entry")
    read_number(a, wanted.readable, r6, scratch, number.nr)
    read_compat(a, wanted.readable, r6, scratch, number.compat)
    a.jne(r8, 0, "no child")
    jump_to(a, wanted.forks, number, "child")
    a.label("no child")
    leave_out_numbers(a, wanted.chosen, number, "not counted")
    choose_thread(a, wanted, "not counted")
    store_who(a, wanted)
    copy(a, address_of(thread.call.number), address_of(number), CallNumber.size)
    a.call(helper.ktime_get_ns)
    a.stx(thread.call.started_ns, r0)
    if read_switches(a, wanted.readable, scratch):
        a.stx(thread.call.switches, r1)
    outcome.unseen(a)
    a.mov(r7, 0)
    a.st(slept, 0)
    a.ja("ended")

    a.label("child")
    add_to_account(a, Account.births.offset)
    a.ja("out")
    a.label("no room")
    add_to_account(a, Account.missed.offset)
    a.ja("out")


def jump_to(a: Assembler, numbers: Numbers, number: Memory, target: str) -> None:
    """Emit: jump to the label ``target`` if ``number``, the Memory of a CallNumber, is one of
    ``numbers``, pairs of whether of the 32-bit ABI, and a number. Uses r1 and r2."""
    a.ldx(r1, number.nr)
    a.ldx(r2, number.compat)
    for compat, nr in sorted(numbers):
        a.jne(r2, int(compat), f"not {target} {compat} {nr}")
        a.jeq(r1, nr, target)
        a.label(f"not {target} {compat} {nr}")
