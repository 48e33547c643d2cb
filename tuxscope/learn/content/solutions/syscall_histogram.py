"""syscall-histogram: how long system calls take, counted by powers of two."""

from tuxscope.asm import Assembler, LruHash, PerCpuArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r6, r7
from tuxscope.page import Bar, Column, Log2, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, u32, u64


class Calls(Record):
    count = u64


STARTS = LruHash("STARTS", key=u32, value=u64, max_entries=10240)  # thread id -> start of its call
TIMES = PerCpuArray("TIMES", value=Calls, max_entries=64)  # entry n: from 2**n nanoseconds
COLUMNS = (Log2("ns", 16), Column(Calls.count, 10), Bar(Calls.count))


def syscall_histogram(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> tuple[Program, Program]:
    a = Assembler("enter", attach=Tracepoint("raw_syscalls", "sys_enter"))
    tid = a.stack(u32)
    start = a.stack(u64)
    a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
    a.stx(tid, r0)  # the low half: a thread is in one call at a time, a process in many
    a.rsh(r0, 32)
    if namespace is not None:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:
        a.jne(r0, pid, "out")
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

    b = Assembler("leave", attach=Tracepoint("raw_syscalls", "sys_exit"))
    tid = b.stack(u32)
    power = b.stack(u32)
    b.call(helper.get_current_pid_tgid)
    b.stx(tid, r0)
    b.ld_map(r1, STARTS)
    b.lea(r2, tid)
    b.call(helper.map_lookup_elem)
    b.jeq(r0, 0, "out")  # the call started before the trace, or was filtered out
    b.ldx(r7, u64[r0])
    b.call(helper.ktime_get_ns)
    b.mov(r6, r0)
    b.sub(r6, r7)  # r6 = the nanoseconds that the call took
    b.ld_map(r1, STARTS)
    b.lea(r2, tid)
    b.call(helper.map_delete_elem)  # or an exit without an entry would find it
    b.mov(r7, 0)  # the index, which becomes the logarithm of the nanoseconds
    for bits in (32, 16, 8, 4, 2, 1):
        b.mov(r1, r6)
        b.rsh(r1, bits)
        b.jeq(r1, 0, f"below 2**{bits}")
        b.mov(r6, r1)
        b.add(r7, bits)
        b.label(f"below 2**{bits}")
    b.stx(power, r7)
    b.ld_map(r1, TIMES)
    b.lea(r2, power)
    b.call(helper.map_lookup_elem)  # r0 = address of this CPU's own value
    b.jeq(r0, 0, "out")
    b.ldx(r1, Calls[r0].count)
    b.add(r1, 1)
    b.stx(Calls[r0].count, r1)
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return a.program(), b.program()


PAGE = Page(syscall_histogram, TIMES, COLUMNS)
