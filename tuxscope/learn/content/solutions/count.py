"""count: how often each process calls write(), as a table."""

from tuxscope.asm import Assembler, Hash, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4
from tuxscope.page import Column, Page, PidNamespace, Rate, namespaced_pid
from tuxscope.record import Record, u32, u64


class Process(Record):  # the key
    pid = u32


class Writes(Record):  # the value
    count = u64


COUNTS = Hash("COUNTS", key=Process, value=Writes, max_entries=10240)
COLUMNS = (Column(Process.pid, 8), Column(Writes.count, 12), Rate(Writes.count))


def count(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("count", attach=Tracepoint("syscalls", "sys_enter_write"))
    process = a.stack(Process)
    nothing = a.stack(Writes)
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:
        a.jeq(r0, each, "out")
    a.stx(process.pid, r0)
    a.ld_map(r1, COUNTS)
    a.lea(r2, process)
    a.call(helper.map_lookup_elem)  # r0 = address of the count, or 0 if there is none
    a.jne(r0, 0, "increment")
    a.zero(nothing)
    a.ld_map(r1, COUNTS)
    a.lea(r2, process)
    a.lea(r3, nothing)
    a.mov(r4, 1)  # BPF_NOEXIST: do not overwrite the count of a faster thread
    a.call(helper.map_update_elem)
    a.ld_map(r1, COUNTS)
    a.lea(r2, process)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "out")  # the hash is full
    a.label("increment")
    a.mov(r1, 1)
    a.atomic_add(Writes[r0].count, r1)  # atomic: other CPUs may change the same count
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(count, COUNTS, COLUMNS, order_by=Writes.count)
