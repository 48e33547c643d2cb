"""pid-filter: the writes of one process, chosen while it runs: sudo tuxscope map TARGET 0 1842."""

from tuxscope.asm import Array, Assembler, PerfEventArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6, r7
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, char, u32, u64


class HelloEvent(Record):  # the kernel program writes it, the reader parses it
    pid = u32
    timestamp_ns = u64
    comm = char[16]


TARGET = Array("TARGET", value=u32, max_entries=1)  # whom to show; 0 at the start
EVENTS = PerfEventArray("EVENTS", HelloEvent)  # perf rings to user space, one per CPU
COLUMNS = (Column(HelloEvent.pid, 8), Column(HelloEvent.comm, 16), Column(HelloEvent.timestamp_ns))


def hello(exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None) -> Program:
    a = Assembler("hello", attach=Tracepoint("syscalls", "sys_enter_write"))
    event = a.stack(HelloEvent)  # reserves 32 bytes of the stack; emits nothing
    key = a.stack(u32)
    a.zero(event.padding)  # 4 bytes after pid: send no uninitialised bytes to user space
    a.mov(r6, r1)  # save the context, which is in r1 at entry
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    for each in exclude:  # our own writes would trace themselves
        a.jeq(r0, each, "out")
    a.mov(r7, r0)  # the lookup clobbers r0 to r5
    a.st(key, 0)
    a.ld_map(r1, TARGET)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)  # r0 = address of the entry
    a.jeq(r0, 0, "out")  # never happens in an array, but older verifiers need it
    a.ldx(r0, u32[r0])  # read on every write(), so it can change at any time
    a.jeq(r0, 0, "send")  # 0: show all processes
    a.jne(r0, r7, "out")
    a.label("send")
    a.stx(event.pid, r7)  # store it in the record
    a.call(helper.ktime_get_ns)  # r0 = nanoseconds since boot
    a.stx(event.timestamp_ns, r0)
    a.lea(r1, event.comm)  # r1 = the address of the buffer
    a.mov(r2, HelloEvent.comm.size)  # r2 = its size in bytes
    a.call(helper.get_current_comm)  # copies the name of the process into the buffer
    a.mov(r1, r6)  # arguments of perf_event_output: context, map, ring, data, size
    a.ld_map(r2, EVENTS)
    a.mov32(r3, -1)  # BPF_F_CURRENT_CPU (32 bits): the ring of the current CPU
    a.lea(r4, event)
    a.mov(r5, HelloEvent.size)
    a.call(helper.perf_event_output)  # copies the record into the ring
    a.label("out")  # the target of the jumps above
    a.mov(r0, 0)  # the return value, which the kernel ignores here
    a.exit()
    return a.program()


PAGE = Page(hello, EVENTS, COLUMNS, order_by=HelloEvent.timestamp_ns)
