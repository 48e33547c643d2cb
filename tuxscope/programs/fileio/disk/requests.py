"""A request to a device: who submitted its bios, when it was issued, and what it moved.

Bytes are counted when the device has finished with them: so a request that is issued again, for the
device was busy, is counted once, one that is split counts its parts, and one whose first bytes are
finished before the others counts each of them once.
"""

from __future__ import annotations

from tuxscope.asm import Assembler, Program, RawTracepoint, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.files.emitting import store
from tuxscope.files.members import members
from tuxscope.page.emitting import delete, lookup
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.fileio.disk.counting import NOT_KNOWN
from tuxscope.programs.fileio.disk.dirtying import load_pid
from tuxscope.programs.fileio.disk.inodes import add_to_account, path_functions
from tuxscope.programs.fileio.disk.layout import argument, constant
from tuxscope.programs.fileio.disk.owners import count_pending
from tuxscope.programs.fileio.disk.records import (
    COMM,
    ISSUED,
    SUBMITTERS,
    Account,
    RequestWalk,
    Submitter,
)
from tuxscope.programs.fileio.disk.walking import (
    COUNT_PENDING,
    NEXT_SEGMENT,
    OPERATION,
    STEPS,
    WRITE,
    find_request_walk,
    next_segment,
)
from tuxscope.record import u64


def submitted(layout: Layout, namespace: PidNamespace | None) -> Program:
    """Return the Program that remembers the process that submits a bio, for a kernel with
    ``layout``, a Layout; PIDs are those in ``namespace``, a PidNamespace, or None for the initial
    one.

    A request may be issued by a thread of the kernel, and later.
    """
    a = Assembler("disk_submitted", attach=RawTracepoint("block_bio_queue"))
    bio, who, room = a.stack(u64), a.stack(Submitter), a.stack(u64)
    task = members(layout, "task_struct", ("flags",), room)
    a.ldx(r2, u64[r1 + argument(layout, "block_bio_queue", "bio")])
    a.stx(bio, r2)
    load_pid(a, namespace)
    a.stx(who.pid, r0)
    a.call(helper.get_current_task)
    a.mov(r6, r0)
    task.copy(a, r6)
    store(a, who.flags, task["flags"])
    a.lea(r1, who.comm)
    a.mov(r2, COMM)
    a.call(helper.get_current_comm)
    a.ld_map(r1, SUBMITTERS)
    a.lea(r2, bio)
    a.lea(r3, who)
    a.mov(r4, 0)  # BPF_ANY
    a.call(helper.map_update_elem)
    a.mov(r0, 0)
    a.exit()
    return a.program()


def issued(layout: Layout) -> Program:
    """Return the Program that remembers when a request went to the device, for a kernel with
    ``layout``, a Layout; if it goes there again, the last time."""
    a = Assembler("disk_issued", attach=RawTracepoint("block_rq_issue"))
    request, now = a.stack(u64), a.stack(u64)
    a.ldx(r2, u64[r1 + argument(layout, "block_rq_issue", "request")])
    a.stx(request, r2)
    a.call(helper.ktime_get_ns)
    a.stx(now, r0)
    a.ld_map(r1, ISSUED)
    a.lea(r2, request)
    a.lea(r3, now)
    a.mov(r4, 0)  # BPF_ANY
    a.call(helper.map_update_elem)
    a.mov(r0, 0)
    a.exit()
    return a.program()


def completed(layout: Layout, pid: int | None, exclude: tuple[int, ...]) -> Program:
    """Return the Program that counts what a device has finished, for a kernel with ``layout``, a
    Layout: only bytes that are attributed to ``pid``, an int (None: all), and none of ``exclude``,
    a tuple of PIDs."""
    a = Assembler("disk_completed", attach=RawTracepoint("block_rq_complete"))
    walk: Memory = RequestWalk[r9]
    key, finished, elapsed, room = a.stack(u64), a.stack(u64), a.stack(u64), a.stack(u64[4])
    place = argument(layout, "block_rq_complete", "request")
    request = members(layout, "request", ("cmd_flags", "__data_len"), room)
    inside = members(layout, "request", ("q", "bio"), room)
    a.ldx(r6, u64[r1 + place])
    a.ldx(r2, u64[r1 + place + 16])  # after the error
    a.mov32(r2, r2)
    a.stx(finished, r2)
    a.stx(key, r6)
    a.jeq(r2, 0, "out")
    request.copy(a, r6)
    a.ldx(r7, request["cmd_flags"])
    a.ldx(r8, request["__data_len"])
    a.mov(r1, r7)
    a.and_(r1, OPERATION)
    a.jle(r1, WRITE, "moves data")
    a.jne(r1, constant(layout, "REQ_OP_ZONE_APPEND"), "out")  # an odd number: a write, too
    a.label("moves data")
    load_elapsed(a, key, elapsed, finished)
    find_request_walk(a)
    # Another program may have been interrupted within this: of those that meet, none goes on.
    a.mov(r1, 1)
    a.atomic_add(walk.users, r1)
    a.ldx(r1, walk.users)
    a.jne(r1, 1, "missed")
    inside.copy(a, r6)
    store(a, walk.queue, inside["q"])
    store(a, walk.next, inside["bio"])
    a.stx(walk.flags, r7)
    store(a, walk.elapsed, elapsed)
    store(a, walk.left, finished)
    add_to_total(a)
    for each in (walk.left_in_bio, walk.pending, walk.owner, walk.bio, walk.private, walk.device):
        a.st(each, 0)
    a.zero(walk.counted)
    a.mov(r8, STEPS)
    a.label("step")
    a.call(NEXT_SEGMENT)
    a.jeq(r0, 0, "walked")
    a.sub(r8, 1)
    a.jne(r8, 0, "step")
    a.label("walked")
    a.call(COUNT_PENDING)
    store(a, walk.pending, walk.left)
    a.st(walk.owner, 0)
    a.st(walk.private, 0)
    a.call(COUNT_PENDING)
    a.ja("done")
    a.label("missed")
    add_to_account(a, Account.missed.offset, 1)
    a.label("done")
    a.mov(r1, -1)
    a.atomic_add(walk.users, r1)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    a.function(NEXT_SEGMENT, is_global=True)
    next_segment(a, layout)
    a.function(COUNT_PENDING, is_global=True)
    count_pending(a, layout, pid, exclude)
    path_functions(a, layout)
    return a.program()


def load_elapsed(a: Assembler, key: Memory, elapsed: Memory, finished: Memory) -> None:
    """Emit: store in ``elapsed``, Memory, the ns since the request whose address is in ``key``,
    Memory, was issued, all ones if that is not known; forget it if all of its bytes, r8, are in
    ``finished``, Memory."""
    a.st(elapsed, NOT_KNOWN)
    lookup(a, ISSUED, key)
    a.jeq(r0, 0, "no time")
    a.ldx(r9, u64[r0 + 0])
    a.call(helper.ktime_get_ns)
    a.sub(r0, r9)
    a.stx(elapsed, r0)
    a.ldx(r1, finished)
    a.jlt(r1, r8, "no time")
    delete(a, ISSUED, key)
    a.label("no time")


def add_to_total(a: Assembler) -> None:
    """Emit: add the bytes left of the RequestWalk at r9, whose flags are r7, to the Account."""
    walk: Memory = RequestWalk[r9]
    a.ldx(r2, walk.left)
    a.and_(r7, WRITE)
    a.jeq(r7, 0, "was read")
    add_to_account(a, Account.written_bytes.offset)
    a.ja("total")
    a.label("was read")
    add_to_account(a, Account.read_bytes.offset)
    a.label("total")
