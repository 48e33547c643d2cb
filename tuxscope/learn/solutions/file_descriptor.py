"""file-descriptor: every write() on the system, and which file descriptor it goes to."""

from tuxscope.asm import Assembler, PerfEventArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, char, u32, u64


class HelloEvent(Record):  # one declaration: the kernel program writes it, the reader parses it
    pid = u32
    fd = u32  # in the 4 bytes that were padding: the record stays as long as it was
    timestamp_ns = u64
    comm = char[16]


EVENTS = PerfEventArray("EVENTS", HelloEvent)  # rings to user space, one for each CPU
COLUMNS = (
    Column(HelloEvent.pid, 8), Column(HelloEvent.comm, 16), Column(HelloEvent.fd, 4),
    Column(HelloEvent.timestamp_ns),
)  # fmt: skip


def hello(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("hello", attach=Tracepoint("syscalls", "sys_enter_write"))
    event = a.stack(HelloEvent)  # 32 bytes of the stack; emits nothing
    a.zero(event.padding)  # there is none now: emits nothing
    a.mov(r6, r1)  # keep the context, which is in r1 at the start
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process id << 32 | thread id
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process id as the user's namespace counts
    if pid is not None:  # Python's if: decided now, while assembling
        a.jne(r0, pid, "out")  # BPF's jump: decided in the kernel, on every write()
    for each in exclude:  # our own writes would trace themselves
        a.jeq(r0, each, "out")
    a.stx(event.pid, r0)  # into the record
    # tuxscope fields syscalls/sys_enter_write: fd is at offset 16 and takes 8 bytes, as all
    # arguments of system calls do, whatever their type.
    a.ldx(r0, u64[r6 + 16])
    a.stx(event.fd, r0)  # the low 4 bytes
    a.call(helper.ktime_get_ns)  # r0 = nanoseconds since the machine started
    a.stx(event.timestamp_ns, r0)
    a.lea(r1, event.comm)  # r1 = the address where the name is to go
    a.mov(r2, HelloEvent.comm.size)  # r2 = the room that is there
    a.call(helper.get_current_comm)  # writes the name of the process there
    a.mov(r1, r6)  # what perf_event_output takes: context, map, which ring, what, how long
    a.ld_map(r2, EVENTS)
    a.mov32(r3, -1)  # BPF_F_CURRENT_CPU, in 32 bits: the ring of the CPU we run on
    a.lea(r4, event)
    a.mov(r5, HelloEvent.size)
    a.call(helper.perf_event_output)  # puts the record into the ring
    a.label("out")  # where the jumps above lead
    a.mov(r0, 0)  # the program's result, which nobody looks at here
    a.exit()
    return a.program()


PAGE = Page(hello, EVENTS, COLUMNS, order_by=HelloEvent.timestamp_ns)
