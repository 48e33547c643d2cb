"""syscall-result: every system call on the system, with its name and its result."""

from tuxscope.asm import Assembler, Program, RingBuf, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r6, r7
from tuxscope.page import Column, Page, PidNamespace, SyscallName, namespaced_pid
from tuxscope.record import Record, char, s64, u32, u64


class CallEvent(Record):
    pid = u32
    number = u32
    result = s64  # signed: an error is a negative number
    comm = char[16]


EVENTS = RingBuf("EVENTS", CallEvent)
COLUMNS = (
    Column(CallEvent.pid, 8),
    Column(CallEvent.comm, 16),
    SyscallName(CallEvent.number, 20),
    Column(CallEvent.result),
)


def syscall_result(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("syscall_result", attach=Tracepoint("raw_syscalls", "sys_exit"))
    event = a.stack(CallEvent)
    a.ldx(r6, u64[r1 + 8])  # id: the number of the system call
    a.ldx(r7, u64[r1 + 16])  # ret: what it returned
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:  # among them tuxscope: its calls would cause more events
        a.jeq(r0, each, "out")
    a.stx(event.pid, r0)
    a.stx(event.number, r6)
    a.stx(event.result, r7)
    a.lea(r1, event.comm)
    a.mov(r2, CallEvent.comm.size)
    a.call(helper.get_current_comm)
    a.ringbuf_output(EVENTS, event)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(syscall_result, EVENTS, COLUMNS)
