"""syscall-errors: the system calls that fail with some errors, with the name of the error."""

from errno import EACCES, ENOENT, errorcode

from tuxscope.asm import Assembler, Program, RingBuf, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r6, r7
from tuxscope.page import Column, Labelled, Page, PidNamespace, SyscallName, namespaced_pid
from tuxscope.record import Record, char, u32, u64

ERRORS = (ENOENT, EACCES)


class ErrorEvent(Record):
    pid = u32
    number = u32
    errno = u32
    comm = char[16]


EVENTS = RingBuf("EVENTS", ErrorEvent)
COLUMNS = (
    Column(ErrorEvent.pid, 8),
    Column(ErrorEvent.comm, 16),
    SyscallName(ErrorEvent.number, 20),
    Labelled(ErrorEvent.errno, labels=errorcode),  # {2: "ENOENT", ...}
)


def syscall_errors(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("syscall_errors", attach=Tracepoint("raw_syscalls", "sys_exit"))
    event = a.stack(ErrorEvent)
    a.ldx(r6, u64[r1 + 8])  # id: the number of the system call
    a.ldx(r7, u64[r1 + 16])  # ret: what it returned
    for each in ERRORS:
        a.jeq(r7, -each, "wanted")
    a.ja("out")  # most calls go no further
    a.label("wanted")
    a.neg(r7)
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:
        a.jeq(r0, each, "out")
    a.stx(event.pid, r0)
    a.stx(event.number, r6)
    a.stx(event.errno, r7)
    a.lea(r1, event.comm)
    a.mov(r2, ErrorEvent.comm.size)
    a.call(helper.get_current_comm)
    a.ringbuf_output(EVENTS, event)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(syscall_errors, EVENTS, COLUMNS)
