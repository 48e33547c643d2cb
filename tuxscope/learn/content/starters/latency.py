"""Exercise: how long does a write() take?

A single event cannot show that. It takes one program at the entry of the system
call, one at its exit, and a map that both use. The function returns both
programs. The first stores the time when a call starts in a hash. The second
looks it up there, and sends how long the call took.

This page has both programs and the hash, and three mistakes. Run it and look at
the numbers:

    tuxscope run latency.py --simulate --count 5

Task: send how many nanoseconds each write() took.

1. ns is the time when the call ended. Load the time when it started from the
   value that was found (u64[r0]), before the next call clobbers r0, and
   subtract.
2. The key is the process id. But a process may have many threads, and several
   of them may be in write() at once: the second overwrites the start time of
   the first. What can be in only one call at a time? get_current_pid_tgid
   returns that, too.
3. No entry is ever deleted: each thread that ever called write() has one, and
   after 10240 of them the hash is full. Delete an entry after it was read:
   helper.map_delete_elem takes the map in r1 and the address of the key in r2.

    tuxscope learn check latency
"""

from tuxscope.asm import Assembler, Hash, PerfEventArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6
from tuxscope.page import Column, Page
from tuxscope.record import Record, u32, u64


class Latency(Record):
    pid = u32
    ns = u64


STARTS = Hash("STARTS", key=u32, value=u64, max_entries=10240)  # process id -> start of its call
EVENTS = PerfEventArray("EVENTS", Latency)
COLUMNS = (Column(Latency.pid, 8), Column(Latency.ns))


def latency(exclude: tuple[int, ...] = ()) -> tuple[Program, Program]:
    a = Assembler("enter", attach=Tracepoint("syscalls", "sys_enter_write"))
    key = a.stack(u32)
    start = a.stack(u64)
    a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
    a.rsh(r0, 32)
    a.stx(key, r0)
    for each in exclude:
        a.jeq(r0, each, "out")
    a.call(helper.ktime_get_ns)
    a.stx(start, r0)
    a.ld_map(r1, STARTS)
    a.lea(r2, key)
    a.lea(r3, start)
    a.mov(r4, 0)  # BPF_ANY: whether it is there or not
    a.call(helper.map_update_elem)
    a.label("out")
    a.mov(r0, 0)
    a.exit()

    b = Assembler("leave", attach=Tracepoint("syscalls", "sys_exit_write"))
    key = b.stack(u32)  # each program has a stack of its own; they share only the map
    event = b.stack(Latency)
    b.zero(event.padding)
    b.mov(r6, r1)
    b.call(helper.get_current_pid_tgid)
    b.rsh(r0, 32)
    b.stx(key, r0)
    b.stx(event.pid, r0)
    b.ld_map(r1, STARTS)
    b.lea(r2, key)
    b.call(helper.map_lookup_elem)
    b.jeq(r0, 0, "out")  # it went in before we came, or was excluded
    b.call(helper.ktime_get_ns)
    b.stx(event.ns, r0)
    b.mov(r1, r6)
    b.ld_map(r2, EVENTS)
    b.mov32(r3, -1)
    b.lea(r4, event)
    b.mov(r5, Latency.size)
    b.call(helper.perf_event_output)
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return a.program(), b.program()


PAGE = Page(latency, EVENTS, COLUMNS)
