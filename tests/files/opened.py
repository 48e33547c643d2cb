"""Programs that ask for the file of each openat(), and of each read() of no bytes."""

from __future__ import annotations

from tuxscope.asm import Assembler, LruHash, PerfEventArray, Program, Tracepoint, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r5, r6, r7
from tuxscope.files.emitting import FILE_OF_FD, MOVES_FILES, file_functions, moved
from tuxscope.files.known import KnownFile
from tuxscope.page.emitting import delete, lookup
from tuxscope.record import Record, u32, u64


class Opened(Record):
    """A call that returned, and its file; an id of 0 for none."""

    timestamp_ns = u64
    pid = u32
    fd = u32
    id = u64
    ino = u64
    dev = u32
    opens = u32


OPENED = PerfEventArray("OPENED", Opened)
READING = LruHash("READING", key=u64, value=u64, max_entries=1024)
READ = Tracepoint("syscalls", "sys_exit_read")
OPEN = Tracepoint("syscalls", "sys_exit_openat")


def programs(layout: Layout) -> tuple[Program, ...]:
    """Those of all processes."""
    moves = [Tracepoint("syscalls", f"sys_exit_{each}") for each in MOVES_FILES]
    return (
        reads(layout),
        resolves("read", READ, layout),
        resolves("openat", OPEN, layout),
        *(moves_files(each, layout) for each in moves if layout.has(each)),
    )


def reads(layout: Layout) -> Program:
    at = Tracepoint("syscalls", "sys_enter_read")
    a = Assembler("reads", attach=at)
    thread, fd = a.stack(u64), a.stack(u64)
    a.ldx(r2, layout.field(at, "count").at(r1))
    a.jne(r2, 0, "out")
    a.ldx(r6, layout.field(at, "fd").at(r1))
    a.stx(fd, r6)
    a.call(helper.get_current_pid_tgid)
    a.stx(thread, r0)
    a.ld_map(r1, READING)
    a.lea(r2, thread)
    a.lea(r3, fd)
    a.mov(r4, 0)
    a.call(helper.map_update_elem)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def resolves(name: str, at: Tracepoint, layout: Layout) -> Program:
    a = Assembler(name, attach=at)
    thread, event = a.stack(u64), a.stack(Opened)
    a.mov(r6, r1)
    a.ldx(r7, layout.field(at, "ret").at(r6))
    a.call(helper.get_current_pid_tgid)
    a.stx(thread, r0)
    a.rsh(r0, 32)
    a.stx(event.pid, r0)
    if at is READ:
        lookup(a, READING, thread)
        a.jeq(r0, 0, "out")
        a.ldx(r7, u64[r0 + 0])
        delete(a, READING, thread)
    else:
        a.jslt(r7, 0, "out")
    a.stx(event.fd, r7)
    a.call(helper.ktime_get_ns)
    a.stx(event.timestamp_ns, r0)
    a.mov(r1, r7)
    a.call(FILE_OF_FD)
    a.st(event.opens, int(at is OPEN))
    for field in ("id", "ino", "dev"):
        a.st(getattr(event, field), 0)
    a.jeq(r0, 0, "send")
    for field in ("id", "ino", "dev"):
        a.ldx(r1, getattr(KnownFile[r0], field))
        a.stx(getattr(event, field), r1)
    a.label("send")
    a.mov(r1, r6)
    a.ld_map(r2, OPENED)
    a.mov32(r3, -1)
    a.lea(r4, event)
    a.mov(r5, Opened.size)
    a.call(helper.perf_event_output)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    file_functions(a, layout, FILE_OF_FD)
    return a.program()


def moves_files(at: Tracepoint, layout: Layout) -> Program:
    a = Assembler(at.name.removeprefix("sys_exit_"), attach=at)
    a.ldx(r1, layout.field(at, "ret").at(r1))
    a.jne(r1, 0, "out")
    moved(a)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()
