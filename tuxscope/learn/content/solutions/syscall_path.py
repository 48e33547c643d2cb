"""syscall-path: every openat() on the system, with its path and its result."""

from tuxscope.asm import Assembler, LruHash, Program, RingBuf, Tracepoint, helper
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r6, r7
from tuxscope.page import Column, Page, PidNamespace, namespaced_pid
from tuxscope.record import Record, char, s64, u32, u64


class OpenEvent(Record):
    pid = u32
    result = s64
    address = u64  # of the path, in the process's memory
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
    a.stx(event.address, r6)
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
    b.lea(r1, OpenEvent[r7].path)
    b.mov(r2, OpenEvent.path.size)
    b.ldx(r3, OpenEvent[r7].address)
    b.call(helper.probe_read_user_str)  # the kernel has read it by now, so it is in memory
    b.ringbuf_output(EVENTS, OpenEvent[r7])
    b.ld_map(r1, OPEN)
    b.lea(r2, tid)
    b.call(helper.map_delete_elem)
    b.label("out")
    b.mov(r0, 0)
    b.exit()
    return a.program(), b.program()


PAGE = Page(syscall_path, EVENTS, COLUMNS)
