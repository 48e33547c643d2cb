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
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, char, u32, u64


class HelloEvent(Record):  # one declaration: the kernel program writes it, the reader parses it
    pid = u32
    timestamp_ns = u64
    comm = char[16]


EVENTS = PerfEventArray("EVENTS", HelloEvent)  # rings to user space, one for each CPU
COLUMNS = (Column(HelloEvent.pid, 8), Column(HelloEvent.comm, 16), Column(HelloEvent.timestamp_ns))


def hello(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("hello", attach=Tracepoint("syscalls", "sys_enter_write"))
    event = a.stack(HelloEvent)  # 32 bytes of the stack; emits nothing
    a.zero(event.padding)  # 4 bytes after pid: nothing that was never set may leave the kernel
    a.mov(r6, r1)  # keep the context, which is in r1 at the start
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process id << 32 | thread id
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process id as the user's namespace counts
    if pid is not None:  # Python's if: decided now, while assembling
        a.jne(r0, pid, "out")  # BPF's jump: decided in the kernel, on every write()
    for each in exclude:  # tuxscope is one of them: its own writes would trace themselves
        a.jeq(r0, each, "out")
    a.stx(event.pid, r0)  # into the record
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
