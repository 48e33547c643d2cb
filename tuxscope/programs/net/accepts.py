"""Programs that find the process that accepts a connection, by the fd that accept() returns."""

from __future__ import annotations

from collections.abc import Iterator

from tuxscope.asm import Assembler, LruHash, Program, Tracepoint, helper
from tuxscope.asm.layout import Layout, Place
from tuxscope.asm.registers import r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.page.emitting import delete, follow, lookup
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.net.connections import (
    ACCEPTED,
    Known,
    Report,
    describe,
    lookup_socket,
    require_process,
    store_process,
)
from tuxscope.record import u8, u32, u64

ACCEPTS = (Tracepoint("syscalls", "sys_exit_accept4"), Tracepoint("syscalls", "sys_exit_accept"))
# socketcall(2), which glibc uses on s390x for all operations on sockets.
CALLS_SOCKET = Tracepoint("syscalls", "sys_enter_socketcall")
SOCKETCALL = Tracepoint("syscalls", "sys_exit_socketcall")
SYS_ACCEPT, SYS_ACCEPT4 = 5, 18  # include/uapi/linux/net.h

# Threads inside a socketcall() for accept() or accept4(). Key: pid_tgid.
ACCEPTING = LruHash("ACCEPTING", key=u64, value=u8, max_entries=4096)


def accepts(
    layout: Layout, report: Report, pid: int | None, namespace: PidNamespace | None
) -> Iterator[Program]:
    """Yield a Program for each system call of this kernel that accepts connections.

    ``layout``, a Layout, has the offsets of the running kernel; ``report``, called with an
    Assembler, the Memory of the event and a label, a str, emits the code that reports it. Only
    process ``pid`` in ``namespace``, an int and a PidNamespace, is traced; None for the pid: all
    processes, for the namespace: the initial one.
    """
    for at in ACCEPTS:
        if layout.has(at):
            yield accepted(layout, at, report, pid, namespace)
    if layout.has(SOCKETCALL):
        yield accepting(layout)
        yield accepted(layout, SOCKETCALL, report, pid, namespace)


def accepted(
    layout: Layout, at: Tracepoint, report: Report, pid: int | None, namespace: PidNamespace | None
) -> Program:
    """Return the Program for ``at``, a Tracepoint, which runs when accept() returns.

    ``report``, called with an Assembler, the Memory of the event and a label, a str, emits the code
    that reports it. ``layout`` is a Layout; ``pid``, an int or None, and ``namespace``, a
    PidNamespace or None, are as in accepts().
    """
    a = Assembler(f"net_{at.name.removeprefix('sys_exit_')}", attach=at)
    socket, cookie, copied = a.stack(u64), a.stack(u64), a.stack(Known)
    a.mov(r6, r1)
    if at == SOCKETCALL:
        end_call(a, "out")
    a.ldx(r7, layout.field(at, "ret").at(r6))
    a.jslt(r7, 0, "out")
    a.call(helper.get_current_task)
    a.mov(r8, r0)
    for struct, member in (("task_struct", "files"), ("files_struct", "fdt"), ("fdtable", "fd")):
        follow(a, layout.member(struct, member), socket)
    a.lsh(r7, 3)  # struct file *fd[]
    a.add(r8, r7)
    follow(a, Place(0, 8), socket)
    follow(a, layout.member("file", "private_data"), socket)
    follow(a, layout.member("socket", "sk"), socket)
    lookup_socket(a, layout, socket, cookie, "known")
    a.ja("out")
    a.label("known")
    a.mov(r9, r0)
    a.ldx(r1, u32[Known[r9].connection.pid])
    a.jne(r1, 0, "out")
    store_process(a, namespace)
    require_process(a, pid, "out")
    a.mov(r7, ACCEPTED)
    describe(a, layout, socket, copied)
    report(a, copied.connection, "out")
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def accepting(layout: Layout) -> Program:
    """Return the Program that runs when socketcall() is entered and notes a call of accept().

    ``layout``, a Layout, has the offset of its argument. On exit, the number of the operation is no
    longer known.
    """
    a = Assembler("net_accepting", attach=CALLS_SOCKET)
    thread, here = a.stack(u64), a.stack(u8)
    a.ldx(r1, layout.field(CALLS_SOCKET, "call").at(r1))
    a.jeq(r1, SYS_ACCEPT, "accepts")
    a.jne(r1, SYS_ACCEPT4, "out")
    a.label("accepts")
    a.call(helper.get_current_pid_tgid)
    a.stx(thread, r0)
    a.st(here, 1)
    a.ld_map(r1, ACCEPTING)
    a.lea(r2, thread)
    a.lea(r3, here)
    a.mov(r4, 0)  # BPF_ANY
    a.call(helper.map_update_elem)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def end_call(a: Assembler, otherwise: str) -> None:
    """Emit: delete the thread's entry of ACCEPTING; jump to the label ``otherwise``, a str, if
    there is none."""
    thread = a.stack(u64)
    a.call(helper.get_current_pid_tgid)
    a.stx(thread, r0)
    lookup(a, ACCEPTING, thread)
    a.jeq(r0, 0, otherwise)
    delete(a, ACCEPTING, thread)
