"""A call begins: what is remembered of it until its end."""

from __future__ import annotations

from tuxscope.abi.reading import read_compat, read_register, read_switches
from tuxscope.asm import Assembler, Program, RawTracepoint, helper
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r9
from tuxscope.calls.account import add_to_account
from tuxscope.calls.filters import leave_out_numbers, leave_out_threads
from tuxscope.calls.outcome import CallOutcome
from tuxscope.calls.records import (
    BLANK,
    THREADS,
    Account,
    BegunCall,
    By,
    CallNumber,
    Restart,
    Thread,
    ThreadState,
    Who,
)
from tuxscope.calls.wanted import Wanted
from tuxscope.page.emitting import address_of, copy, lookup
from tuxscope.page.pid_namespace import namespaced_pid
from tuxscope.record import u32, u64


def entry(wanted: Wanted, outcome: CallOutcome) -> Program:
    """Return the Program that runs before each call; ``wanted`` is a Wanted, ``outcome`` an
    CallOutcome."""
    a = Assembler("syscall_enter", attach=RawTracepoint("sys_enter"))
    thread: Memory = Thread[r9]
    number, scratch, tid = a.stack(CallNumber), a.stack(u64[2]), a.stack(u32)
    a.mov(r6, r1)
    identify(a, wanted, tid, left_out="out")
    a.ldx(r1, u64[r6 + 8])
    a.stx(number.nr, r1)
    read_compat(a, wanted.readable, r6, scratch, number.compat)
    leave_out_numbers(a, wanted.chosen, number, "out", wanted.restarts)
    find_or_add_thread(a, wanted, tid, full="out")

    a.ldx(r1, thread.restart)
    a.jeq(r1, Restart.NEXT, "restarted?")
    a.label("new")
    if wanted.chosen.numbers is not None:  # restart_syscall, and nothing was to be restarted
        leave_out_restarts(a, wanted, number)
    choose_thread(a, wanted, "unchosen")
    store_who(a, wanted)
    if read_switches(a, wanted.readable, scratch):
        a.stx(thread.call.switches, r1)
    copy(a, address_of(thread.call.number), address_of(number), CallNumber.size)
    outcome.begin(a)
    a.call(helper.ktime_get_ns)
    a.stx(thread.call.started_ns, r0)
    a.label("inside")
    a.st(thread.state, ThreadState.INSIDE)
    a.label("out")
    a.mov(r0, 0)
    a.exit()

    if wanted.chosen.chooses_threads:
        a.label("unchosen")
        a.st(thread.state, ThreadState.UNCHOSEN)
        a.ja("out")

    # Where the kernel restarts a call, the thread is where it was, and the number is the same, or
    # that of restart_syscall. A handler's own calls have another stack pointer.
    a.label("restarted?")
    read_register(a, wanted.readable.registers.stack_pointer, r6, scratch)
    a.ldx(r1, scratch[0])
    a.ldx(r2, thread.stack_pointer)
    a.jne(r1, r2, "new")
    a.ldx(r1, number.nr)
    a.ldx(r2, number.compat)
    a.ldx(r3, thread.interrupted.number.compat)
    a.jne(r2, r3, "new")
    a.ldx(r3, thread.interrupted.number.nr)
    a.jeq(r1, r3, "restarted")
    for compat, nr in sorted(wanted.restarts):
        a.jne(r2, int(compat), f"{compat}, {nr}")
        a.jeq(r1, nr, "restarted")
        a.label(f"{compat}, {nr}")
    a.ja("new")
    a.label("restarted")
    copy(a, address_of(thread.call), address_of(thread.interrupted), BegunCall.size)
    a.st(thread.restart, Restart.NONE)
    add_to_account(a, Account.restarts.offset)
    a.ja("inside")
    outcome.entry_functions(a)
    return a.program()


def identify(a: Assembler, wanted: Wanted, tid: Memory, left_out: str, other: str = "out") -> None:
    """Emit: r7 = the process's ID, as the user counts, and ``tid``, Memory, = the kernel's own
    number of the thread. Uses r0 to r5.

    Jump to the label ``left_out`` in a process that ``wanted``, a Wanted, excludes, to the label
    ``other`` in one that is not asked for.
    """
    if wanted.namespace:
        namespaced_pid(a, wanted.namespace, other)
        a.mov(r7, r0)
    a.call(helper.get_current_pid_tgid)  # r0 = process id << 32 | thread id
    a.stx(tid, r0)
    if not wanted.namespace:
        a.rsh(r0, 32)
        a.mov(r7, r0)
    for each in wanted.exclude:
        a.jeq(r7, each, left_out)
    if wanted.pid is not None and not wanted.chosen.follow:
        a.jne(r7, wanted.pid, other)


def find_or_add_thread(a: Assembler, wanted: Wanted, tid: Memory, full: str) -> None:
    """Emit: r9 = the address of the record of the thread ``tid``, Memory, which is made if there is
    none; ``wanted`` is a Wanted.

    Jump to the label ``full`` if there is no room for it; to ``out`` if another process was asked
    for.
    """
    lookup(a, THREADS, tid)
    a.jne(r0, 0, "known")
    if wanted.pid is not None and wanted.chosen.follow:
        a.jne(r7, wanted.pid, "out")
    a.ld_map(r1, THREADS)
    a.lea(r2, tid)
    a.ld_map_value(r3, BLANK)
    a.mov(r4, 1)  # BPF_NOEXIST
    a.call(helper.map_update_elem)
    lookup(a, THREADS, tid)
    a.jeq(r0, 0, full)
    a.label("known")
    a.mov(r9, r0)


def choose_thread(a: Assembler, wanted: Wanted, unchosen: str) -> None:
    """Emit: jump to the label ``unchosen`` if the filters of ``wanted``, a Wanted, exclude the
    thread at r9. Uses r0 to r5."""
    if not wanted.chosen.follow:
        leave_out_threads(a, wanted.chosen, unchosen)
        return
    a.ldx(r1, Thread[r9].followed)
    a.jne(r1, 0, "followed")
    leave_out_threads(a, wanted.chosen, unchosen)
    a.st(Thread[r9].followed, 1)
    a.label("followed")


def leave_out_restarts(a: Assembler, wanted: Wanted, number: Memory) -> None:
    """Emit: jump to ``out`` if ``number``, the Memory of a CallNumber, is restart_syscall and
    ``wanted``, a Wanted, does not ask for it by its name."""
    for compat, nr in sorted(wanted.restarts):
        if ((compat, nr) in (wanted.chosen.numbers or ())) is wanted.chosen.all_but:
            a.ldx(r1, number.compat)
            a.jne(r1, int(compat), f"no restart: {compat}, {nr}")
            a.ldx(r1, number.nr)
            a.jeq(r1, nr, "out")
            a.label(f"no restart: {compat}, {nr}")


def store_who(a: Assembler, wanted: Wanted) -> None:
    """Emit: store what the thread's calls are counted by, as ``wanted``, a Wanted, says, in its
    record at r9. r7 is the process."""
    who = Thread[r9].who
    match wanted.chosen.by:
        case By.PROCESS | By.THREAD:
            a.stx(who.pid, r7)
            if wanted.chosen.by is By.THREAD:
                store_thread_id(a, wanted, who)
            a.zero(who.comm)  # Linux 6.1 leaves what is behind the name's end as it was
            a.lea(r1, who.comm)
            a.mov(r2, Who.comm.size)
            a.call(helper.get_current_comm)
        case By.CGROUP:
            a.call(helper.get_current_cgroup_id)
            a.stx(Thread[r9].cgroup, r0)


def store_thread_id(a: Assembler, wanted: Wanted, who: Memory) -> None:
    """Emit: store the thread's ID as the user counts in ``who``, the Memory of a Who; ``wanted`` is
    a Wanted."""
    if wanted.namespace:
        namespaced_pid(a, wanted.namespace, "out", thread=True)
    else:
        a.call(helper.get_current_pid_tgid)
    a.stx(who.tid, r0)
