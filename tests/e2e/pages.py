"""Pages that tests run as a user runs them."""

COUNT = '''\
"""How often each process calls write()."""

from tuxscope.asm import Assembler, Hash, Program, Tracepoint, helper, r0, r1, r2, r3, r4
from tuxscope.page import Column, Page, Rate
from tuxscope.record import Record, u32, u64


class Process(Record):
    pid = u32


class Writes(Record):
    count = u64


COUNTS = Hash("COUNTS", key=Process, value=Writes, max_entries=10240)
COLUMNS = (Column(Process.pid, 8), Column(Writes.count, 12), Rate(Writes.count))


def count(pid: int | None = None) -> Program:
    a = Assembler("count", attach=Tracepoint("syscalls", "sys_enter_write"))
    process = a.stack(Process)
    first = a.stack(Writes)
    a.call(helper.get_current_pid_tgid)
    a.rsh(r0, 32)
    if pid is not None:
        a.jne(r0, pid, "out")
    a.stx(process.pid, r0)
    a.ld_map(r1, COUNTS)
    a.lea(r2, process)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "first")
    a.mov(r1, 1)
    a.atomic_add(Writes[r0].count, r1)
    a.ja("out")
    a.label("first")
    a.st(first.count, 1)
    a.ld_map(r1, COUNTS)
    a.lea(r2, process)
    a.lea(r3, first)
    a.mov(r4, 0)
    a.call(helper.map_update_elem)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(count, COUNTS, COLUMNS, order_by=Writes.count)
'''

# Two programs with a map between them: how many calls are on their way in.
INSIDE = """\
from tuxscope.asm import Array, Assembler, Program, Tracepoint, helper, r0, r1, r2
from tuxscope.page import Column, Index, Page
from tuxscope.record import Record, s64, u32


class Calls(Record):
    begun = s64
    ended = s64


CALLS = Array("CALLS", value=Calls, max_entries=1)


def counting(name: str, field: str, pid: int | None) -> Program:
    a = Assembler(name, attach=Tracepoint("syscalls", f"sys_{name}_write"))
    index = a.stack(u32)
    if pid is not None:
        a.call(helper.get_current_pid_tgid)
        a.rsh(r0, 32)
        a.jne(r0, pid, "out")
    a.st(index, 0)
    a.ld_map(r1, CALLS)
    a.lea(r2, index)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "out")
    a.mov(r1, 1)
    a.atomic_add(getattr(Calls[r0], field), r1)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def both(pid: int | None = None) -> tuple[Program, Program]:
    return counting("enter", "begun", pid), counting("exit", "ended", pid)


PAGE = Page(both, CALLS, (Index("entry", 6), Column(Calls.begun, 8), Column(Calls.ended)))
"""
