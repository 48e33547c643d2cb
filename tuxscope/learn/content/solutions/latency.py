"""latency: the duration of each write()."""

from tuxscope.asm import Assembler, Hash, PerfEventArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6, r7
from tuxscope.page import Column, Page
from tuxscope.record import Record, u32, u64


class Latency(Record):
    pid = u32
    ns = u64


STARTS = Hash("STARTS", key=u32, value=u64, max_entries=10240)  # thread id -> start of its call
EVENTS = PerfEventArray("EVENTS", Latency)
COLUMNS = (Column(Latency.pid, 8), Column(Latency.ns))


def latency(exclude: tuple[int, ...] = ()) -> tuple[Program, Program]:
    a = Assembler("enter", attach=Tracepoint("syscalls", "sys_enter_write"))
    tid = a.stack(u32)
    start = a.stack(u64)
    a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
    a.stx(tid, r0)  # the low half: a thread is in one call at a time, a process in many
    a.rsh(r0, 32)
    for each in exclude:
        a.jeq(r0, each, "out")
    a.call(helper.ktime_get_ns)
    a.stx(start, r0)
    a.ld_map(r1, STARTS)
    a.lea(r2, tid)
    a.lea(r3, start)
    a.mov(r4, 0)  # BPF_ANY: insert or overwrite
    a.call(helper.map_update_elem)
    a.label("out")
    a.mov(r0, 0)
    a.exit()

    b = Assembler("leave", attach=Tracepoint("syscalls", "sys_exit_write"))
    tid = b.stack(u32)  # each program has a stack of its own; they share only the map
    event = b.stack(Latency)
    b.zero(event.padding)
    b.mov(r6, r1)
    b.call(helper.get_current_pid_tgid)
    b.stx(tid, r0)
    b.rsh(r0, 32)
    b.stx(event.pid, r0)
    b.ld_map(r1, STARTS)
    b.lea(r2, tid)
    b.call(helper.map_lookup_elem)
    b.jeq(r0, 0, "out")  # the call started before the trace, or was excluded
    b.ldx(r7, u64[r0])
    b.call(helper.ktime_get_ns)
    b.sub(r0, r7)
    b.stx(event.ns, r0)
    b.ld_map(r1, STARTS)
    b.lea(r2, tid)
    b.call(helper.map_delete_elem)  # or entries of ended threads would fill the hash
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
