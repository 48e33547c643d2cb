"""syscall-sleep: the system calls in which a thread sleeps, and for how long."""

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
    sleeps = u64  # how often the thread had slept before; then how often it slept in the call


CALLS = LruHash("CALLS", key=u32, value=CallEvent, max_entries=10240)  # thread id -> its call
EVENTS = RingBuf("EVENTS", CallEvent)
COLUMNS = (
    Column(CallEvent.pid, 8),
    SyscallName(CallEvent.number, 20),
    Column(CallEvent.ns, 14),
    Column(CallEvent.sleeps),
)


def read_sleeps(a: Assembler, layout: Layout, to: Memory) -> None:
    """Emit: how often the current thread has slept, from its struct task_struct."""
    a.call(helper.get_current_task)  # r0 = its address
    a.mov(r3, r0)
    a.add(r3, layout.member("task_struct", "nvcsw").offset)  # voluntary context switches
    a.lea(r1, to)
    a.mov(r2, 8)
    a.call(helper.probe_read_kernel)


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
    read_sleeps(a, layout, event.sleeps)
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
    sleeps = b.stack(u64)
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
    read_sleeps(b, layout, sleeps)
    b.ldx(r8, sleeps)
    b.ldx(r1, CallEvent[r7].sleeps)
    b.sub(r8, r1)
    b.jeq(r8, 0, "done")  # it did not sleep
    b.stx(CallEvent[r7].sleeps, r8)
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
