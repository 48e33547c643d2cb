"""Exercise: show where in its file each write() wrote.

An open file has a position, f_pos of struct file: the offset that the next read()
or write() begins at. This page reads it at the entry of write(), by the way of
fileio-name. It shows the bytes that were written, too, so one can tell what each
write() overwrote. With one kind of file the offsets are wrong:

    sudo tuxscope run fileio_offset.py -- sh -c 'for i in 1 2 3; do echo $i >> log; done'

The shell opens the file three times, with O_APPEND. Its position is 0 each time,
as it was just opened. write() itself moves it to the end of the file, where other
processes may append meanwhile, and writes there. At the exit the position is
behind the last byte that was written.

Task: show the offset of the first byte that was written.

1. Read the position at the exit. There the descriptor is in the record in the
   hash: read_position(b, layout, WriteEvent[r7].fd).
2. It leaves the position in r9. Subtract the bytes that were written, which are in
   r8, and store the result in WriteEvent[r7].offset.
3. Remove the two lines that read and store the position at the entry.

Run it as above, and check it:

    tuxscope learn check fileio-offset
"""

from tuxscope.asm import Assembler, LruHash, Program, RingBuf, Tracepoint, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.files.layout import LINUX_6_18
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, s64, u32, u64


class WriteEvent(Record):
    pid = u32
    fd = u32
    offset = s64
    bytes = s64


WRITES = LruHash("WRITES", key=u32, value=WriteEvent, max_entries=10240)  # thread id -> its call
EVENTS = RingBuf("EVENTS", WriteEvent)
COLUMNS = (
    Column(WriteEvent.pid, 8),
    Column(WriteEvent.fd, 4),
    Column(WriteEvent.offset, 12),
    Column(WriteEvent.bytes),
)


def follow(a: Assembler, offset: int) -> None:
    """Emit: r9 = the 8 bytes at r9 + offset, in the kernel's memory; 0 if it cannot be read."""
    value = a.stack(u64)
    a.mov(r3, r9)
    a.add(r3, offset)
    a.lea(r1, value)
    a.mov(r2, 8)
    a.call(helper.probe_read_kernel)
    a.ldx(r9, value)


def read_position(a: Assembler, layout: Layout, fd: Memory) -> None:
    """Emit: r9 = the position of the file that descriptor fd of the current process stands for."""
    a.call(helper.get_current_task)
    a.mov(r9, r0)
    follow(a, layout.member("task_struct", "files").offset)
    follow(a, layout.member("files_struct", "fdt").offset)
    follow(a, layout.member("fdtable", "fd").offset)
    a.ldx(r1, fd)
    a.lsh(r1, 3)
    a.add(r9, r1)
    follow(a, 0)
    follow(a, layout.member("file", "f_pos").offset)


def fileio_offset(
    pid: int | None = None,
    exclude: tuple[int, ...] = (),
    namespace: PidNamespace | None = None,
    layout: Layout = LINUX_6_18,
) -> tuple[Program, Program]:
    a = Assembler("enter", attach=Tracepoint("syscalls", "sys_enter_write"))
    tid = a.stack(u32)
    event = a.stack(WriteEvent)
    a.zero(event)
    a.ldx(r6, u64[r1 + 16])  # fd: the first argument
    a.call(helper.get_current_pid_tgid)  # r0 = process ID << 32 | thread ID
    a.stx(tid, r0)
    a.rsh(r0, 32)
    if namespace is not None:
        namespaced_pid(a, namespace, "out")  # r0 = process ID in the user's PID namespace
    if pid is not None:
        a.jne(r0, pid, "out")
    for each in exclude:
        a.jeq(r0, each, "out")
    a.stx(event.pid, r0)
    a.stx(event.fd, r6)
    read_position(a, layout, event.fd)
    a.stx(event.offset, r9)
    a.ld_map(r1, WRITES)
    a.lea(r2, tid)
    a.lea(r3, event)
    a.mov(r4, 0)  # BPF_ANY: insert or overwrite
    a.call(helper.map_update_elem)
    a.label("out")
    a.mov(r0, 0)
    a.exit()

    b = Assembler("leave", attach=Tracepoint("syscalls", "sys_exit_write"))
    tid = b.stack(u32)
    b.ldx(r8, u64[r1 + 16])  # ret: how many bytes it has written, or an error
    b.call(helper.get_current_pid_tgid)
    b.stx(tid, r0)
    b.ld_map(r1, WRITES)
    b.lea(r2, tid)
    b.call(helper.map_lookup_elem)
    b.jeq(r0, 0, "out")  # the call started before the trace, or was filtered out
    b.mov(r7, r0)  # the address of the event in the hash
    b.jsle(r8, 0, "done")  # it wrote nothing
    b.stx(WriteEvent[r7].bytes, r8)
    b.ringbuf_output(EVENTS, WriteEvent[r7])
    b.label("done")
    b.ld_map(r1, WRITES)
    b.lea(r2, tid)
    b.call(helper.map_delete_elem)
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return a.program(), b.program()


PAGE = Page(fileio_offset, EVENTS, COLUMNS)
