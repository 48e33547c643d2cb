"""Threads come, become other programs, and end: what that means for the calls they are in."""

from __future__ import annotations

from tuxscope.asm import Assembler, Program, RawTracepoint, Tracepoint, helper
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r9
from tuxscope.calls.entry import find_or_add_thread, identify
from tuxscope.calls.leave import leave_out_before_exec, measure
from tuxscope.calls.outcome import CallOutcome
from tuxscope.calls.records import ACCOUNT, BLANK, THREADS, Account, Restart, Thread, ThreadState
from tuxscope.calls.wanted import Wanted
from tuxscope.page.emitting import delete, lookup
from tuxscope.record import u32, u64

FORK = Tracepoint("sched", "sched_process_fork")


def end(wanted: Wanted, outcome: CallOutcome) -> Program:
    """Return the Program that runs when a thread ends: exit and exit_group end so, and what a fatal
    signal interrupted. ``wanted`` is a Wanted, ``outcome`` a CallOutcome."""
    a = Assembler("thread_end", attach=RawTracepoint("sched_process_exit"))
    thread: Memory = Thread[r9]
    tid, slept, scratch = a.stack(u32), a.stack(u64), a.stack(u64[2])
    identify(a, wanted, tid, left_out="out")
    lookup(a, THREADS, tid)
    a.jeq(r0, 0, "out")
    a.mov(r9, r0)
    leave_out_before_exec(a, wanted, "forget")
    a.ldx(r1, thread.restart)
    a.jeq(r1, Restart.NONE, "not interrupted")
    outcome.give_up(a, 0)
    a.label("not interrupted")
    a.ldx(r1, thread.state)
    a.jlt(r1, ThreadState.INSIDE, "outside")
    measure(a, wanted, slept, scratch)
    outcome.vanish(a, slept)
    a.label("outside")
    outcome.end(a)
    a.label("forget")
    delete(a, THREADS, tid)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    outcome.end_functions(a)
    return a.program()


def new_program(wanted: Wanted) -> Program:
    """Return the Program that runs when a thread has become another program, in its execve.
    ``wanted`` is a Wanted.

    All other threads of the process are gone, and this one has the first one's ID from here on.
    """
    a = Assembler("new_program", attach=RawTracepoint("sched_process_exec"))
    tid, old = a.stack(u32), a.stack(u32)
    a.mov(r6, r1)
    identify(a, wanted, tid, left_out="out")
    a.ldx(r1, u64[r6 + 8])
    a.stx(old, r1)
    a.ldx(r1, old)
    a.ldx(r2, tid)
    a.jeq(r1, r2, "same thread")
    lookup(a, THREADS, old)
    a.jeq(r0, 0, "same thread")
    a.mov(r3, r0)
    a.ld_map(r1, THREADS)
    a.lea(r2, tid)
    a.mov(r4, 0)  # BPF_ANY
    a.call(helper.map_update_elem)
    delete(a, THREADS, old)
    a.label("same thread")
    if wanted.chosen.from_exec:
        if wanted.pid is not None:  # with --follow, any process comes here
            a.jne(r7, wanted.pid, "not the command")
        a.ld_map_value(r1, ACCOUNT)
        a.st(u64[r1 + Account.began.offset], 1)
        a.label("not the command")
    find_or_add_thread(a, wanted, tid, full="out")
    a.ldx(r1, Thread[r9].state)
    a.jge(r1, ThreadState.INSIDE, "out")
    # Nobody asked for this execve, or the kernel itself has started the program: an exit follows.
    a.st(Thread[r9].state, ThreadState.UNCHOSEN)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def birth(wanted: Wanted) -> Program:
    """Return the Program that runs when a thread has made a process or thread: it is followed, if
    its parent is. ``wanted`` is a Wanted."""
    a = Assembler("thread_birth", attach=FORK)
    tid, child = a.stack(u32), a.stack(u32)
    a.ldx(r6, wanted.layout.field(FORK, "child_pid").at(r1))
    identify(a, wanted, tid, left_out="out")
    a.stx(child, r6)
    lookup(a, THREADS, tid)
    a.jeq(r0, 0, "no record")
    a.ldx(r1, Thread[r0].followed)
    a.jne(r1, 0, "followed")
    a.label("no record")
    if wanted.pid is None:
        a.ja("out")
    else:
        a.jne(r7, wanted.pid, "out")
    a.label("followed")
    a.ld_map(r1, THREADS)
    a.lea(r2, child)
    a.ld_map_value(r3, BLANK)
    a.mov(r4, 0)  # BPF_ANY
    a.call(helper.map_update_elem)
    lookup(a, THREADS, child)
    a.jeq(r0, 0, "out")
    a.st(Thread[r0].followed, 1)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()
