"""Exercise: show the path of each openat(), and see where to read it.

This page has two programs. The one at the entry of openat() puts a record into
a hash, by thread: the PID and the path. The one at the exit adds the result,
and sends the record. Run it, and look for lines without a path:

    tuxscope run syscall_path.py --simulate --count 20

The path is in the process's memory. The kernel maps that memory page by page,
when a page is accessed for the first time: it may have to read it from disk. At
the entry the process may have passed an address without an access to its page.
A program cannot wait for the disk, so probe_read_user_str copies nothing, and
returns -14, EFAULT. During the call the kernel reads the path itself, and
waits. So at the exit the path is there.

Task: show each path.

1. At the entry, keep the address of the path instead of the path: in a field
   address of OpenEvent, a u64. The column PATH stays.
2. At the exit, call helper.probe_read_user_str. OpenEvent[r7].path is the place
   of the path in the hash, and OpenEvent[r7].address that of the address.

Some paths stay empty: those of calls with a wrong address, which fail with
EFAULT, too.

    sudo tuxscope run syscall_path.py -- ls
    tuxscope learn check syscall-path
"""

from tuxscope.asm import Assembler, LruHash, Program, RingBuf, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r6, r7
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, char, s64, u32, u64


class OpenEvent(Record):
    pid = u32
    result = s64
    path = char[64]


OPEN = LruHash("OPEN", key=u32, value=OpenEvent, max_entries=10240)  # thread id -> its call
EVENTS = RingBuf("EVENTS", OpenEvent)
COLUMNS = (Column(OpenEvent.pid, 8), Column(OpenEvent.result, 8), Column(OpenEvent.path))


def syscall_path(
    pid: int | None = None, exclude: tuple[int, ...] = (), namespace: PidNamespace | None = None
) -> tuple[Program, Program]:
    a = Assembler("enter", attach=Tracepoint("syscalls", "sys_enter_openat"))
    tid = a.stack(u32)
    event = a.stack(OpenEvent)
    a.zero(event)
    a.ldx(r6, u64[r1 + 24])  # filename: the address of the path
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
    a.lea(r1, event.path)
    a.mov(r2, OpenEvent.path.size)
    a.mov(r3, r6)
    a.call(helper.probe_read_user_str)  # copies up to the NUL, 64 bytes at most
    a.ld_map(r1, OPEN)
    a.lea(r2, tid)
    a.lea(r3, event)
    a.mov(r4, 0)  # BPF_ANY: insert or overwrite
    a.call(helper.map_update_elem)
    a.label("out")
    a.mov(r0, 0)
    a.exit()

    b = Assembler("leave", attach=Tracepoint("syscalls", "sys_exit_openat"))
    tid = b.stack(u32)
    b.ldx(r6, u64[r1 + 16])  # ret: what it returned
    b.call(helper.get_current_pid_tgid)
    b.stx(tid, r0)
    b.ld_map(r1, OPEN)
    b.lea(r2, tid)
    b.call(helper.map_lookup_elem)
    b.jeq(r0, 0, "out")  # the call started before the trace, or was filtered out
    b.mov(r7, r0)  # the address of the event in the hash
    b.stx(OpenEvent[r7].result, r6)
    b.ringbuf_output(EVENTS, OpenEvent[r7])
    b.ld_map(r1, OPEN)
    b.lea(r2, tid)
    b.call(helper.map_delete_elem)
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return a.program(), b.program()


PAGE = Page(syscall_path, EVENTS, COLUMNS)
