"""Exercise: count the writes of each process, instead of sending each.

This is hello's page: one event for each write(), tens of thousands a second on
a busy machine, of which you will read none. Most questions need a number only.
A hash in the kernel keeps it, and we look at it once a second: that is how
bpftop and its like begin.

Task: a Hash COUNTS from the process id to a count, which the program increments
on each write(), shown as a table with the rate.

1. Key and value are records, as columns show fields:

       class Process(Record):          class Writes(Record):
           pid = u32                       count = u64

       COUNTS = Hash("COUNTS", key=Process, value=Writes, max_entries=10240)
       COLUMNS = (Column(Process.pid, 8), Column(Writes.count, 12), Rate(Writes.count))
       PAGE = Page(count, COUNTS, COLUMNS, order_by=Writes.count)

   Hash comes from tuxscope.asm, Rate from tuxscope.page; what is hello's
   alone can go.

2. Look the process up: map_lookup_elem takes the map in r1 and the address of
   the key in r2, and returns the address of the value, or 0. Where it is 0, put
   in a count of 0 (map_update_elem: map, address of the key, address of the
   value, and in r4 the flag 1, BPF_NOEXIST), and look again.
3. Increment where it lies: another CPU may be at the same count at the same
   time. To load it, add 1 and store it loses what the other one adds in
   between; a.atomic_add(Writes[r0].count, r1) adds r1 in one step (it takes a
   register: the 1 has to be in there). Nor may the first count of a process be
   lost, when two of its threads both found none: what BPF_NOEXIST is for.

Try it, and have it checked:

    tuxscope run count.py --simulate --duration 5
    sudo tuxscope run count.py
    tuxscope learn check count
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
