"""Pages that send through a ring buffer."""

from pathlib import Path

import tuxscope.programs.hello as page_of_hello

HELLO = Path(page_of_hello.__file__).read_text()
BEGIN, END = "    a.mov(r1, r6)  # arguments of perf_event_output", '    a.label("out")'

# hello, with a ring buffer for all CPUs in place of a ring for each.
RING_HELLO = (
    HELLO[: HELLO.index(BEGIN)]
    + "    a.ringbuf_output(EVENTS, event)\n"
    + HELLO[HELLO.index(END) :]
).replace("PerfEventArray", "RingBuf")

# The same as C programs do it: records without room are not counted.
UNCOUNTED = RING_HELLO.replace(
    "    a.ringbuf_output(EVENTS, event)\n",
    """\
    a.ld_map(r1, EVENTS)
    a.lea(r2, event)
    a.mov(r3, HelloEvent.size)
    a.mov(r4, 0)
    a.call(helper.ringbuf_output)
""",
)

# Entries and exits of write(), with what is written: two records, one of variable length.
BOTH_ENDS = '''\
"""What each process writes, and what it is told."""

from tuxscope import Assembler, Column, Page, Program, Record, RingBuf, Tracepoint, const, helper
from tuxscope import char, r0, r1, r2, r3, r6, r7, r8, s64, tail, u32, u64

BEGAN, ENDED = 1, 2


class Began(Record):
    kind = const(u32, BEGAN)
    pid = u32
    timestamp_ns = u64
    length = u32
    text = tail(char[32], "length")


class Ended(Record):
    kind = const(u32, ENDED)
    pid = u32
    timestamp_ns = u64
    result = s64


EVENTS = RingBuf("EVENTS", Began, Ended)
COLUMNS = (
    Column(Began.kind, 5), Column(Began.pid, 8), Column(Ended.result, 8), Column(Began.text)
)


def began(pid: int | None, exclude: tuple[int, ...]) -> Program:
    a = Assembler("began", attach=Tracepoint("syscalls", "sys_enter_write"))
    event = a.stack(Began)
    a.mov(r6, r1)
    filtered(a, pid, exclude)
    a.st(event.kind, BEGAN)
    a.stx(event.pid, r7)
    a.call(helper.ktime_get_ns)
    a.stx(event.timestamp_ns, r0)
    a.ldx(r7, u64[r6 + 32])
    a.jle(r7, Began.text.size, "short")
    a.mov(r7, Began.text.size)
    a.label("short")
    a.stx(event.length, r7)
    a.lea(r1, event.text)
    a.mov(r2, r7)
    a.ldx(r3, u64[r6 + 24])
    a.call(helper.probe_read_user)
    a.add(r7, Began.text.offset)
    a.ringbuf_output(EVENTS, event, r7)
    return ending(a)


def ended(pid: int | None, exclude: tuple[int, ...]) -> Program:
    a = Assembler("ended", attach=Tracepoint("syscalls", "sys_exit_write"))
    a.mov(r6, r1)
    filtered(a, pid, exclude)
    a.ringbuf_reserve(EVENTS, Ended, "out")
    a.mov(r8, r0)
    event = Ended[r8]
    a.st(event.kind, ENDED)
    a.stx(event.pid, r7)
    a.call(helper.ktime_get_ns)
    a.stx(event.timestamp_ns, r0)
    a.ldx(r0, u64[r6 + 16])
    a.stx(event.result, r0)
    a.mov(r1, r8)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)
    return ending(a)


def filtered(a: Assembler, pid: int | None, exclude: tuple[int, ...]) -> None:
    a.call(helper.get_current_pid_tgid)
    a.mov(r7, r0)
    a.rsh(r7, 32)
    if pid is not None:
        a.jne(r7, pid, "out")
    for each in exclude:
        a.jeq(r7, each, "out")


def ending(a: Assembler) -> Program:
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def both(pid: int | None = None, exclude: tuple[int, ...] = ()) -> tuple[Program, ...]:
    return began(pid, exclude), ended(pid, exclude)


PAGE = Page(both, EVENTS, COLUMNS, order_by=Began.timestamp_ns)
'''
