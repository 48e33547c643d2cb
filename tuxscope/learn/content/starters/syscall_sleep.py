"""Exercise: find the calls that sleep.

A thread that waits in a system call (for a timer, for data, for a child) does
not run: it sleeps. This page looks for such calls by their duration. It shows
those that take 1 ms or more. But a long call may compute all the time, and one
that sleeps may be short.

The kernel counts how often a thread has given up the CPU of its own will:
nvcsw, a member of struct task_struct. (nivcsw counts how often it was
preempted: then it did not sleep, it had to wait for its turn.) Another kernel
has these members in another place, so the page asks for it: tuxscope passes the
layout of the running kernel. LINUX_6_18 is for where there is none.

Task: show the calls during which nvcsw grows, and by how much: sleeps, a u64.

1. Write a function read_sleeps(a, layout, to), which both programs use. The
   address of the current thread's task_struct is what helper.get_current_task
   returns. Copy 8 bytes from there plus
   layout.member("task_struct", "nvcsw").offset to the place to, by
   helper.probe_read_kernel (like probe_read_user).
2. At the entry, read nvcsw into event.sleeps. At the exit, read it to a place on
   the stack, and subtract. If the difference is 0, jump to "done"; else store it
   in the record, which is sent. The duration decides nothing any more.

Run it, and check it:

    tuxscope run syscall_sleep.py --simulate --count 5
    sudo tuxscope run syscall_sleep.py -- sh -c 'sleep 0.2; true'
    tuxscope learn check syscall-sleep
"""

from tuxscope.abi.task import LINUX_6_18
from tuxscope.asm import Assembler, LruHash, Program, RingBuf, Tracepoint, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8
from tuxscope.page import Column, Page, PidNamespace, SyscallName, namespaced_pid
from tuxscope.record import Record, u32, u64


class CallEvent(Record):
    pid = u32
    number = u32
    ns = u64  # when the call started; then how long it took


CALLS = LruHash("CALLS", key=u32, value=CallEvent, max_entries=10240)  # thread id -> its call
EVENTS = RingBuf("EVENTS", CallEvent)
COLUMNS = (
    Column(CallEvent.pid, 8),
    SyscallName(CallEvent.number, 20),
    Column(CallEvent.ns),
)


def syscall_sleep(
    pid: int | None = None,
    exclude: tuple[int, ...] = (),
    namespace: PidNamespace | None = None,
    layout: Layout = LINUX_6_18,
) -> tuple[Program, Program]:
    a = Assembler("enter", attach=Tracepoint("raw_syscalls", "sys_enter"))
    tid = a.stack(u32)
    event = a.stack(CallEvent)
    a.ldx(r6, u64[r1 + 8])  # id: the number of the system call
    a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
    a.stx(tid, r0)
    a.rsh(r0, 32)
    if namespace is not None:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:
        a.jeq(r0, each, "out")
    a.stx(event.pid, r0)
    a.stx(event.number, r6)
    a.call(helper.ktime_get_ns)
    a.stx(event.ns, r0)
    a.ld_map(r1, CALLS)
    a.lea(r2, tid)
    a.lea(r3, event)
    a.mov(r4, 0)  # BPF_ANY: insert or overwrite
    a.call(helper.map_update_elem)
    a.label("out")
    a.mov(r0, 0)
    a.exit()

    b = Assembler("leave", attach=Tracepoint("raw_syscalls", "sys_exit"))
    tid = b.stack(u32)
    b.call(helper.get_current_pid_tgid)
    b.stx(tid, r0)
    b.ld_map(r1, CALLS)
    b.lea(r2, tid)
    b.call(helper.map_lookup_elem)
    b.jeq(r0, 0, "out")  # the call started before the trace, or was filtered out
    b.mov(r7, r0)  # the address of the event in the hash
    b.call(helper.ktime_get_ns)
    b.ldx(r1, CallEvent[r7].ns)
    b.sub(r0, r1)
    b.stx(CallEvent[r7].ns, r0)
    b.jlt(r0, 1_000_000, "done")  # shorter than 1 ms
    b.ringbuf_output(EVENTS, CallEvent[r7])
    b.label("done")
    b.ld_map(r1, CALLS)
    b.lea(r2, tid)
    b.call(helper.map_delete_elem)  # or an exit without an entry would find it
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return a.program(), b.program()


PAGE = Page(syscall_sleep, EVENTS, COLUMNS)
