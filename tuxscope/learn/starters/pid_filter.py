"""Exercise: filter in the kernel, by a PID that can be changed while the
program runs.

This is hello's page. Its --pid is decided by Python, once, while the program is
written: to watch another process, you start again. A map can be changed at any
time, and the program looks into it on every write(). What it does not want
never leaves the kernel, which is what makes it cheap.

Task: have the program look up entry 0 of an array map TARGET, and send the
event only if the process id is the number in there. 0 means that nobody was
chosen: then everybody is shown, so the page shows something from the start. The
function needs no ``pid`` any more.

1. The map, beside EVENTS; Array comes from tuxscope.asm:

       TARGET = Array("TARGET", value=u32, max_entries=1)

2. A lookup takes the map in r1 and the address of the key in r2, and returns in
   r0 the address of the value, or 0. The key is a u32 on the stack:
   key = a.stack(u32), a.st(key, 0), a.lea(r2, key). A call uses up r0 to r5:
   where do you keep the process id meanwhile?
3. An array has all its entries from the start, so 0 cannot happen; but the
   verifier does not count entries, and wants to see you jump on it.
4. Then load what r0 points to, u32[r0], and decide. Mind the 0 that means
   everybody.

Try it (the second command in another terminal, while the first runs), and have
it checked:

    sudo tuxscope run pid_filter.py
    sudo tuxscope map TARGET 0 1842
    tuxscope learn check pid-filter
"""

from tuxscope.asm import Assembler, PerfEventArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6
from tuxscope.columns import Column
from tuxscope.programs.page import Page
from tuxscope.programs.pid_namespace import PidNamespace, namespaced_pid
from tuxscope.record import Record, char, u32, u64


class HelloEvent(Record):  # the kernel program writes it, the reader parses it
    pid = u32
    timestamp_ns = u64
    comm = char[16]


EVENTS = PerfEventArray("EVENTS", HelloEvent)  # perf rings to user space, one per CPU
COLUMNS = (Column(HelloEvent.pid, 8), Column(HelloEvent.comm, 16), Column(HelloEvent.timestamp_ns))


def hello(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("hello", attach=Tracepoint("syscalls", "sys_enter_write"))
    event = a.stack(HelloEvent)  # reserves 32 bytes of the stack; emits nothing
    a.zero(event.padding)  # 4 bytes after pid: send no uninitialised bytes to user space
    a.mov(r6, r1)  # save the context, which is in r1 at entry
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
