"""user-buffer: every write() on the system, with the first bytes of its data."""

from tuxscope.asm import Assembler, PerfEventArray, Program, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, char, u32, u64


class WriteEvent(Record):
    pid = u32
    count = u64
    data = char[16]


EVENTS = PerfEventArray("EVENTS", WriteEvent)
COLUMNS = (Column(WriteEvent.pid, 8), Column(WriteEvent.count, 10), Column(WriteEvent.data))


def user_buffer(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> Program:
    a = Assembler("user_buffer", attach=Tracepoint("syscalls", "sys_enter_write"))
    event = a.stack(WriteEvent)
    a.zero(event)  # the padding, and the end of data after a short write
    a.mov(r6, r1)
    if namespace is None:
        a.call(helper.get_current_pid_tgid)
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "out")
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:
        a.jeq(r0, each, "out")
    a.stx(event.pid, r0)
    a.ldx(r2, u64[r6 + 32])  # count: how many bytes are written
    a.stx(event.count, r2)
    a.jle(r2, WriteEvent.data.size, "fits")
    a.mov(r2, WriteEvent.data.size)  # copy only as much as data has room for
    a.label("fits")  # now the verifier knows that r2 is 16 at most, on both paths
    a.lea(r1, event.data)
    a.ldx(r3, u64[r6 + 24])  # buf: an address in the process's memory
    a.call(helper.probe_read_user)  # copies r2 bytes, or none if they are not in memory
    a.mov(r1, r6)
    a.ld_map(r2, EVENTS)
    a.mov32(r3, -1)
    a.lea(r4, event)
    a.mov(r5, WriteEvent.size)
    a.call(helper.perf_event_output)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


PAGE = Page(user_buffer, EVENTS, COLUMNS)
