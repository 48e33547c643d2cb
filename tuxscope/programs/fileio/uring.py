"""io_uring's operations, from their submission to their completion: the programs.

The kernel's ``struct io_kiocb`` is one request, known by its address until it has completed. Its
command's own data (``struct io_rw``, ``struct io_sync``) begin where its ``file`` is
(include/linux/io_uring_types.h).
"""

from __future__ import annotations

from tuxscope.asm import Assembler, Program, RawTracepoint, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.calls.account import add_to_account
from tuxscope.calls.entry import (
    choose_thread,
    find_or_add_thread,
    identify,
    store_process,
)
from tuxscope.calls.events import TIMELESS
from tuxscope.calls.file_reads import load_owner
from tuxscope.calls.filters import leave_out_results
from tuxscope.calls.leave import leave_out_before_exec
from tuxscope.calls.records import THREADS, Account
from tuxscope.calls.wanted import Wanted
from tuxscope.files.choosing import leave_out_special
from tuxscope.files.emitting import FILE_OF, FILE_OF_FD, file_functions
from tuxscope.files.known import KnownFile
from tuxscope.files.members import members
from tuxscope.page.emitting import address_of, copy, delete, lookup
from tuxscope.programs.fileio.operation import NO_RESULT
from tuxscope.programs.fileio.operations import URING
from tuxscope.programs.fileio.uring_requests import (
    COMPLETE,
    REQUESTS,
    EndedRequest,
    RequestArgument,
    RequestOutcome,
    UringRequest,
    submissions,
)
from tuxscope.record import u32, u64

# Of an entry's flags, which struct io_kiocb has, too: IOSQE_FIXED_FILE, IOSQE_CQE_SKIP_SUCCESS.
FIXED_FILE, SKIP_SUCCESS = 1 << 0, 1 << 6
BPF_ANY, BPF_NOEXIST = 0, 1
NO_FD = (1 << 32) - 1


def uring_programs(
    wanted: Wanted, opcodes: frozenset[int], choose_files: bool, outcome: RequestOutcome
) -> tuple[Program, ...]:
    """Return the Programs that follow the operations with these ``opcodes``, a frozenset of int,
    as a tuple: none on a kernel where that is not possible, or for no opcodes.

    ``wanted`` is a Wanted, which is applied to who submits; ``choose_files``, a bool, is whether
    only files that hold data count; ``outcome`` is the RequestOutcome.
    """
    found = submissions(wanted.layout) if opcodes else ()
    if not found:
        return ()
    # The completion comes first: what is submitted before it is attached would never be forgotten.
    return (
        completion(wanted, choose_files, outcome),
        *(submission(wanted, each, opcodes, choose_files, outcome) for each in found),
    )


def submission(
    wanted: Wanted,
    at: RequestArgument,
    opcodes: frozenset[int],
    choose_files: bool,
    outcome: RequestOutcome,
) -> Program:
    """Return the Program that remembers requests at the tracepoint ``at``, a RequestArgument;
    ``wanted``, ``opcodes``, ``choose_files`` and ``outcome`` are as for :func:`uring_programs`. The
    file is not known yet: the kernel looks it up when it begins the operation."""
    layout = wanted.layout
    a = Assembler(
        "uring_submit" if at.sqe is None else "uring_reject", attach=RawTracepoint(at.tracepoint)
    )
    request, key, tid, room = a.stack(UringRequest), a.stack(u64), a.stack(u32), a.stack(u64[8])
    head = members(layout, "io_kiocb", ("opcode", "flags"), room)
    what = a.stack(u64)
    a.mov(r6, r1)
    identify(a, wanted, tid, left_out="out")
    leave_out_before_exec(a, wanted, "out")
    a.ldx(r8, u64[r6 + 8 * at.request])
    a.stx(key, r8)
    head.copy(a, r8)
    a.ldx(r1, head["flags"])
    a.stx(what, r1)
    a.ldx(r1, head["opcode"])
    for each in sorted(opcodes):
        a.jeq(r1, each, "asked for")
    a.ja("out")
    a.label("asked for")
    a.stx(request.opcode, r1)
    a.st(request.length, 0)
    a.st(request.flags, 0)
    a.st(request.unused, 0)
    if at.sqe is None:
        read_command(a, layout, request, room)
    else:
        a.ldx(r6, u64[r6 + 8 * at.sqe])
        read_rejected(a, layout, request, room)
    a.ldx(r1, what)
    a.and_(r1, FIXED_FILE)
    a.jeq(r1, 0, "of a descriptor")
    a.st(request.fd, -1)
    a.label("of a descriptor")
    choose_submitter(a, wanted, tid)
    a.st(request.who.tid, 0)  # where processes are counted
    store_process(a, wanted, request.who)
    load_owner(a, layout, room)
    a.stx(request.owner, r8)
    a.call(helper.ktime_get_ns)
    a.stx(request.started_ns, r0)
    sends = at.sqe is None and not wanted.chosen.by_result
    if at.sqe is None:
        a.ldx(r1, what)
        a.jset(r1, SKIP_SUCCESS, "without result" if sends else "out")
    remember(a, key, request, BPF_NOEXIST)
    a.jeq(r0, 0, "out")
    # There is no room; or the address was that of a request whose end was not seen.
    add_to_account(a, Account.missed.offset)
    remember(a, key, request, BPF_ANY)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    if sends:
        a.label("without result")
        without_result(a, choose_files, outcome, request, room)
        a.ja("out")
        outcome.functions(a)
        file_functions(a, layout, FILE_OF_FD)
    return a.program()


def remember(a: Assembler, key: Memory, request: Memory, flags: int) -> None:
    """Emit: put ``request``, the Memory of a UringRequest, into REQUESTS, under ``key``, Memory;
    ``flags``, an int, are those of map_update_elem. Uses r0 to r5; r0 is 0 if that succeeds."""
    a.ld_map(r1, REQUESTS)
    a.lea(r2, key)
    a.lea(r3, request)
    a.mov(r4, flags)
    a.call(helper.map_update_elem)


def without_result(
    a: Assembler, choose_files: bool, outcome: RequestOutcome, request: Memory, pair: Memory
) -> None:
    """Emit: the operation ``request``, the Memory of a UringRequest, ends here, as nothing tells of
    its completion. ``choose_files`` and ``outcome`` are as for :func:`uring_programs`; ``pair`` is
    Memory of two u64."""
    result, position = pair[0], pair[1]
    find_by_descriptor(a, request)
    leave_out_unknown(a, choose_files)
    a.mov(r7, TIMELESS - (1 << 64))
    a.mov(r8, 0)
    a.ld_imm64(r1, NO_RESULT + (1 << 64))
    a.stx(result, r1)
    a.ldx(r1, request.offset)
    a.stx(position, r1)
    outcome.ended(a, EndedRequest(request, result, position))


def find_by_descriptor(a: Assembler, request: Memory) -> None:
    """Emit: r9 = the address of the KnownFile of the descriptor of ``request``, the Memory of a
    UringRequest; 0 if there is none. Uses r0 to r5."""
    a.mov(r9, 0)
    a.ldx(r1, request.fd)
    a.ld_imm64(r2, NO_FD)
    a.jeq(r1, r2, "no descriptor")
    a.call(FILE_OF_FD)
    a.mov(r9, r0)
    a.label("no descriptor")


def leave_out_unknown(a: Assembler, choose_files: bool) -> None:
    """Emit: jump to ``out`` if ``choose_files``, a bool, and r9 is 0, or a KnownFile that holds no
    data. Uses r1 and r2."""
    if choose_files:
        a.jeq(r9, 0, "out")
        leave_out_special(a, KnownFile[r9], "out")


def read_command(a: Assembler, layout: Layout, request: Memory, room: Memory) -> None:
    """Emit: read what the operation of the request at r8 is to do into ``request``, the Memory of
    a UringRequest with an opcode; ``layout`` is the kernel's Layout, ``room`` Memory to copy to.
    Uses r0 to r6."""
    descriptor = members(layout, "io_kiocb", ("cqe.fd",), room)
    rw = members(layout, "io_rw", ("kiocb.ki_pos",), room)
    sync = members(layout, "io_sync", ("len", "off", "flags"), room)
    descriptor.copy(a, r8)
    a.ldx(r1, descriptor["cqe.fd"])
    a.stx(request.fd, r1)
    a.mov(r6, r8)
    add_offset(a, layout)
    a.ldx(r1, request.opcode)
    for number, call in URING.items():
        if not call.moves:
            a.jeq(r1, number, "sync")
    rw.copy(a, r6)
    a.ldx(r1, rw["kiocb.ki_pos"])
    a.stx(request.offset, r1)
    a.ja("command")
    a.label("sync")
    sync.copy(a, r6)
    for name, to in (("off", request.offset), ("len", request.length), ("flags", request.flags)):
        a.ldx(r1, sync[name])
        a.stx(to, r1)
    a.label("command")


def read_rejected(a: Assembler, layout: Layout, request: Memory, room: Memory) -> None:
    """Emit: read where the operation of the submission queue entry at r6, which the kernel has
    rejected, was to begin, and its descriptor, into ``request``, the Memory of a UringRequest.
    ``layout`` is the kernel's Layout, ``room`` Memory to copy to. Uses r0 to r5."""
    sqe = members(layout, "io_uring_sqe", ("fd", "off"), room)
    sqe.copy(a, r6)
    a.ldx(r1, sqe["off"])
    a.stx(request.offset, r1)
    a.ldx(r1, sqe["fd"])
    a.stx(request.fd, r1)


def add_offset(a: Assembler, layout: Layout) -> None:
    """Emit: r6, the address of a request, becomes that of its command's data; ``layout`` is the
    kernel's Layout."""
    if offset := layout.member("io_kiocb", "file").offset:
        a.add(r6, offset)


def choose_submitter(a: Assembler, wanted: Wanted, tid: Memory) -> None:
    """Emit: jump to ``out`` if ``wanted``, a Wanted, excludes the current thread, whose number is
    in ``tid``, Memory. Uses r0 to r5, and r9."""
    if wanted.chosen.follow:
        # IORING_SETUP_SQPOLL: the kernel's own thread, which no fork told of, is its process's.
        lookup(a, THREADS, tid)
        a.jne(r0, 0, "a thread of the program")
        a.call(helper.get_current_pid_tgid)
        a.rsh(r0, 32)
        a.stx(tid, r0)
        a.label("a thread of the program")
        find_or_add_thread(a, wanted, tid, full="out")
    choose_thread(a, wanted, "out")


def completion(wanted: Wanted, choose_files: bool, outcome: RequestOutcome) -> Program:
    """Return the Program that runs when an operation has completed, in whatever thread that is;
    ``wanted`` is a Wanted, ``choose_files``, a bool, as for :func:`uring_programs`, and ``outcome``
    the RequestOutcome."""
    layout = wanted.layout
    a = Assembler("uring_complete", attach=RawTracepoint(COMPLETE))
    request, key, room = a.stack(UringRequest), a.stack(u64), a.stack(u64[2])
    result, position = a.stack(u64), a.stack(u64)
    outcome_of = members(layout, "io_kiocb", ("cqe.res",), room)
    opened = members(layout, "io_kiocb", ("file",), room)
    rw = members(layout, "io_rw", ("kiocb.ki_pos",), room)
    a.ldx(r6, u64[r1 + 8])
    a.stx(key, r6)
    lookup(a, REQUESTS, key)
    a.jeq(r0, 0, "out")
    a.mov(r9, r0)
    copy(a, address_of(request), address_of(UringRequest[r9]), UringRequest.size)
    delete(a, REQUESTS, key)
    a.call(helper.ktime_get_ns)
    a.mov(r7, r0)
    a.ldx(r1, request.started_ns)
    a.sub(r7, r1)
    outcome_of.copy(a, r6)
    a.ldx(r1, outcome_of["cqe.res"])
    a.lsh(r1, 32)
    a.arsh(r1, 32)
    a.stx(result, r1)
    a.mov(r8, 0)
    a.jsge(r1, 0, "no errno")
    a.sub(r8, r1)
    a.label("no errno")
    leave_out_results(a, wanted.chosen, "out")
    opened.copy(a, r6)
    a.ldx(r9, opened["file"])
    add_offset(a, layout)
    rw.copy(a, r6)
    a.ldx(r1, rw["kiocb.ki_pos"])
    a.stx(position, r1)
    a.jeq(r9, 0, "never looked up")
    a.mov(r1, r9)
    a.call(FILE_OF)
    a.mov(r9, r0)
    a.ja("file")
    a.label("never looked up")
    find_by_descriptor(a, request)
    a.label("file")
    leave_out_unknown(a, choose_files)
    outcome.ended(a, EndedRequest(request, result, position))
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    outcome.functions(a)
    file_functions(a, layout, FILE_OF, FILE_OF_FD)
    return a.program()
