"""Exercise: show the first bytes that a process writes.

The second argument of write() is the address of the data, the third its size in
bytes. This page shows all but the data: it loads the first 8 bytes from that
address, and is rejected. Run it, and see which line the error names, and why:

    tuxscope run user_buffer.py --simulate --count 5

A program must not load from an address that a process has passed. It could be
wrong, it could be an address of the kernel's own, or the memory could be
swapped out. To the verifier it is a number like any other. A helper checks the
address, and copies.

Task: show the first bytes of what is written, 16 at most, and nothing else.

1. Replace the load and the store by a call of helper.probe_read_user. It takes
   the destination in r1 (the address of event.data, see a.lea), the size in r2,
   and the source in r3.
2. The size must not be 16 in all cases: a write of 3 bytes has only 3. The
   bytes after them are not part of it, or not even in memory, and then the
   helper copies nothing. So r2 is count, or 16 if count is more: a jump and a
   mov. The verifier follows both paths, and compares r2 with the size of data.
3. data is zeroed at the start (a.zero(event)). What would be in it after a
   short write, if it were not?

    tuxscope learn check user-buffer
"""

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
    a.zero(event)
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
    a.ldx(r3, u64[r6 + 24])  # buf: an address in the process's memory
    a.ldx(r0, u64[r3])  # the first 8 of them
    a.stx(u64[event.data], r0)
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
