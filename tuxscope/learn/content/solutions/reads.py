"""reads: every read() on the system, as it happens."""

from tuxscope.asm import Assembler, PerfEventArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, char, u32, u64


class ReadEvent(Record):  # the kernel program writes it, the reader parses it
    pid = u32
    timestamp_ns = u64
    comm = char[16]


EVENTS = PerfEventArray("EVENTS", ReadEvent)  # perf rings to user space, one per CPU
COLUMNS = (Column(ReadEvent.pid, 8), Column(ReadEvent.comm, 16), Column(ReadEvent.timestamp_ns))


def reads(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("reads", attach=Tracepoint("syscalls", "sys_enter_read"))
    event = a.stack(ReadEvent)  # reserves 32 bytes of the stack; emits nothing
    a.zero(event.padding)  # 4 bytes after pid: send no uninitialised bytes to user space
    a.mov(r6, r1)  # save the context, which is in r1 at entry
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:  # Python's if: evaluated once, while assembling
        a.jne(r0, pid, "out")  # BPF's jump: decided in the kernel, on every read()
    for each in exclude:  # tuxscope is one of them
        a.jeq(r0, each, "out")
    a.stx(event.pid, r0)  # store it in the record
    a.call(helper.ktime_get_ns)  # r0 = nanoseconds since boot
    a.stx(event.timestamp_ns, r0)
    a.lea(r1, event.comm)  # r1 = the address of the buffer
    a.mov(r2, ReadEvent.comm.size)  # r2 = its size in bytes
    a.call(helper.get_current_comm)  # copies the name of the process into the buffer
    a.mov(r1, r6)  # arguments of perf_event_output: context, map, ring, data, size
    a.ld_map(r2, EVENTS)
    a.mov32(r3, -1)  # BPF_F_CURRENT_CPU (32 bits): the ring of the current CPU
    a.lea(r4, event)
    a.mov(r5, ReadEvent.size)
    a.call(helper.perf_event_output)  # copies the record into the ring
    a.label("out")  # the target of the jumps above
    a.mov(r0, 0)  # the return value, which the kernel ignores here
    a.exit()
    return a.program()


PAGE = Page(reads, EVENTS, COLUMNS, order_by=ReadEvent.timestamp_ns)
