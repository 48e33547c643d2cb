"""ringbuf: every write() on the system, through a ring buffer."""

from tuxscope.asm import Assembler, Program, RingBuf, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, char, u32, u64


class HelloEvent(Record):  # the kernel program writes it, the reader parses it
    pid = u32
    timestamp_ns = u64
    comm = char[16]


EVENTS = RingBuf("EVENTS", HelloEvent)  # one ring buffer for all CPUs
COLUMNS = (Column(HelloEvent.pid, 8), Column(HelloEvent.comm, 16), Column(HelloEvent.timestamp_ns))


def hello(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("hello", attach=Tracepoint("syscalls", "sys_enter_write"))
    event = a.stack(HelloEvent)  # reserves 32 bytes of the stack; emits nothing
    a.zero(event.padding)  # 4 bytes after pid: send no uninitialised bytes to user space
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:  # Python's if: evaluated once, while assembling
        a.jne(r0, pid, "out")  # BPF's jump: evaluated in the kernel, on every write()
    for each in exclude:  # among them tuxscope: its writes would cause more events
        a.jeq(r0, each, "out")
    a.stx(event.pid, r0)  # store it in the record
    a.call(helper.ktime_get_ns)  # r0 = nanoseconds since boot
    a.stx(event.timestamp_ns, r0)
    a.lea(r1, event.comm)  # r1 = the address of the buffer
    a.mov(r2, HelloEvent.comm.size)  # r2 = its size in bytes
    a.call(helper.get_current_comm)  # copies the name of the process into the buffer
    a.ringbuf_output(EVENTS, event)  # copies the record; counts what has no room
    a.label("out")  # the target of the jumps above
    a.mov(r0, 0)  # the return value, which the kernel ignores here
    a.exit()
    return a.program()


PAGE = Page(hello, EVENTS, COLUMNS, order_by=HelloEvent.timestamp_ns)
