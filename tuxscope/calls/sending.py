"""Calls are sent to user space: a CallOutcome, with functions of its own in each program."""

from __future__ import annotations

from tuxscope.abi.reading import copy_of_kernel, read_arguments
from tuxscope.asm import Assembler, helper
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9
from tuxscope.calls.account import LARGEST_ERRNO
from tuxscope.calls.capture import capture_functions
from tuxscope.calls.entry import choose_thread
from tuxscope.calls.events import (
    BEGINS,
    TIMELESS,
    EntryAction,
    EventKind,
    Outgoing,
    Plan,
)
from tuxscope.calls.file_reads import Captured
from tuxscope.calls.filters import leave_out_results
from tuxscope.calls.leave import leave_out_before_exec
from tuxscope.calls.outgoing import (
    busy,
    capture_read,
    claim_outgoing,
    fill_call,
    find_plan,
    output,
    release_outgoing,
)
from tuxscope.calls.parts import VALUES, WHEN, append_number
from tuxscope.calls.reads import (
    ARGUMENTS,
    MOST_READS,
    RESULT,
    ReadKind,
    When,
)
from tuxscope.calls.records import Thread
from tuxscope.calls.telling import tell_function
from tuxscope.calls.wanted import Wanted
from tuxscope.files.choosing import leave_out_special
from tuxscope.files.emitting import (
    FILE_OF_FD,
    OPEN_FILE,
    WORKING_DIRECTORY,
    file_functions,
    moved,
)
from tuxscope.files.known import KnownFile
from tuxscope.lean_dataclasses import dataclass
from tuxscope.page.emitting import address_of, copy, read
from tuxscope.record import u32, u64

SLEPT = 16  # of r4 of ``send``: behind the EventKind, whether the thread was switched out


@dataclass(frozen=True)
class Sending:
    """A frozen dataclass: a CallOutcome: calls are sent.

    Attributes:
        wanted: the Wanted: what the programs are made for.
        captured: the Captured: what is read of calls.
    """

    wanted: Wanted
    captured: Captured

    def begin(self, a: Assembler) -> None:
        """Emit: call ``begin`` with the thread and its registers."""
        a.mov(r1, r9)
        a.ldx(r2, u64[r6 + 0])
        a.call("begin")

    def finish(self, a: Assembler, slept: Memory) -> None:
        """Emit: send the call of the thread at r9, which took r7 ns and returned r8; ``slept``,
        Memory, holds whether the thread was switched out."""
        a.mov(r1, r9)
        a.mov(r2, r7)
        a.mov(r3, r8)
        a.ldx(r4, slept)
        a.lsh(r4, SLEPT)
        a.ldx(r5, u64[r6 + 0])
        a.call("send")

    def vanish(self, a: Assembler, slept: Memory) -> None:
        """Emit nothing, whatever ``slept``, Memory, holds: exit(2) and exit_group(2) were sent when
        they began."""

    def unseen(self, a: Assembler) -> None:
        """Emit: how long it took is not known."""
        a.st(Thread[r9].call.started_ns, 0)

    def keep(self, a: Assembler) -> None:
        """Emit: keep the arguments in the thread's record."""
        a.mov(r1, r9)
        a.ldx(r2, u64[r6 + 0])
        a.call("keep")

    def give_up(self, a: Assembler, errno: int) -> None:
        """Emit: send the interrupted call, which failed with ``errno``, an int; for 0 its result is
        not known."""
        a.mov(r1, r9)
        a.ldx(r2, Thread[r9].interrupted_ns)
        a.mov(r3, -errno)
        a.ldx(r4, Thread[r9].interrupted_slept)
        a.lsh(r4, SLEPT)
        if not errno:
            a.or_(r4, EventKind.UNFINISHED)
        a.mov(r5, 0)
        a.call("send")

    def end(self, a: Assembler) -> None:
        """Emit: send how the thread ended, if the filters choose it."""
        if not (self.wanted.chosen.all_calls and self.wanted.layout.has_structs):
            return
        if self.wanted.chosen.chooses_threads:
            a.ldx(r1, Thread[r9].who.tid)
            a.jeq(r1, 0, "not sent")  # no call of it was chosen
            choose_thread(a, self.wanted, "not sent")
        place = self.wanted.layout.member("task_struct", "exit_code")
        code = a.stack(u64)
        a.call(helper.get_current_task)
        a.mov(r3, r0)
        a.add(r3, place.offset)
        a.st(code, 0)
        read(a, code, place.size)
        a.mov(r1, r9)
        a.ldx(r2, u32[address_of(code) + 0])
        a.mov(r3, EventKind.EXITED)
        a.mov(r4, 0)
        a.call("tell")
        a.label("not sent")

    def entry_functions(self, a: Assembler) -> None:
        """Emit the function ``begin``, and what it calls."""
        begin_function(a, self.wanted, self.captured)
        capture_and_file_functions(a, self.wanted, self.captured)

    def leave_functions(self, a: Assembler) -> None:
        """Emit the functions ``send`` and ``keep``, and what they call."""
        send_function(a, self.wanted, self.captured)
        keep_function(a, self.wanted)
        capture_and_file_functions(a, self.wanted, self.captured)

    def end_functions(self, a: Assembler) -> None:
        """Emit the functions ``send`` and ``tell``, and what they call."""
        send_function(a, self.wanted, self.captured)
        if self.wanted.chosen.all_calls and self.wanted.layout.has_structs:
            tell_function(a)
        capture_and_file_functions(a, self.wanted, self.captured)


def capture_and_file_functions(a: Assembler, wanted: Wanted, captured: Captured) -> None:
    """Emit the functions that read arguments, for ``wanted``, a Wanted, and ``captured``, a
    Captured."""
    capture_functions(a, wanted.layout, captured)
    if wanted.layout.has_structs:
        more = (OPEN_FILE,) if ReadKind.POSITION in captured.kinds else ()
        file_functions(a, wanted.layout, FILE_OF_FD, WORKING_DIRECTORY, *more)


def send_function(a: Assembler, wanted: Wanted, captured: Captured) -> None:
    """Emit the function ``send`` for ``wanted``, a Wanted, and ``captured``, a Captured: r1 is the
    thread, r2 how long the call took in ns, r3 its result, r4 an EventKind, with ``slept`` above
    it, r5 the address of its registers; 0 for the interrupted call."""
    a.function("send")
    out: Memory = Outgoing[r9]
    thread: Memory = Thread[r6]
    result, what, registers, index = a.stack(u64), a.stack(u64), a.stack(u64), a.stack(u32)
    a.mov(r6, r1)
    a.mov(r7, r2)
    a.stx(result, r3)
    a.stx(what, r4)
    a.stx(registers, r5)
    a.mov(r8, 0)
    a.sub(r8, r3)
    a.jle(r8, LARGEST_ERRNO, "an errno")
    a.mov(r8, 0)
    a.label("an errno")
    leave_out_results(a, wanted.chosen, "out")
    claim_outgoing(a, "busy")
    a.ldx(r1, registers)
    a.jeq(r1, 0, "interrupted")
    fill_call(a, thread.call)
    read_arguments(a, wanted.readable, registers, out.room, out.head.number.compat, out.head.values)
    a.ja("filled")
    a.label("interrupted")
    fill_call(a, thread.interrupted)
    copy(a, address_of(out.head.values), address_of(thread.arguments), 8 * ARGUMENTS)
    a.label("filled")
    a.ldx(r1, result)
    a.stx(u64[r9 + VALUES + 8 * RESULT], r1)
    a.ldx(r1, what)
    a.stx(out.head.what, r1)
    a.mov(r2, r1)
    a.rsh(r1, SLEPT)
    a.stx(out.head.slept, r1)
    a.and_(r2, (1 << SLEPT) - 1)
    a.jeq(r2, EventKind.CALL, "timed")
    a.st(out.duration_ns, TIMELESS - (1 << 64))
    a.label("timed")
    find_plan(a, index, "done")
    plan: Memory = Plan[r7]
    a.jne(r8, 0, "failed")
    a.ldx(r1, plan.moves)
    a.jeq(r1, 0, "failed")
    moved(a)
    a.label("failed")
    a.ldx(r6, thread.entry_file)
    if captured.choose_files:
        a.ldx(r1, plan.wanted_when)
        a.mov(r2, When.SUCCESS)
        a.jeq(r8, 0, "how it ended")
        a.mov(r2, When.FAILURE)
        a.label("how it ended")
        a.and_(r1, r2)
        a.stx(out.is_wanted, r1)
    for step in range(MOST_READS):
        a.ldx(r1, plan.codes[step])
        a.jeq(r1, 0, "read")
        a.mov(r2, r1)
        a.rsh(r2, WHEN)
        a.jset(r2, When.ENTRY, f"at entry {step}")
        a.jset(r2, When.SUCCESS, f"on success {step}")
        if captured.on_failure:
            a.jset(r2, When.FAILURE, f"on failure {step}")
        a.label(f"now {step}")
        capture_read(a, step)
        a.ja(f"after {step}")
        a.label(f"on success {step}")
        a.jeq(r8, 0, f"now {step}")
        a.ja(f"after {step}")
        if captured.on_failure:
            a.label(f"on failure {step}")
            a.jne(r8, 0, f"now {step}")
            a.ja(f"after {step}")
        a.label(f"at entry {step}")
        a.jeq(r6, 0, f"after {step}")
        a.mov(r3, step)
        a.st(out.element, 0)
        append_number(a, r3, r6, f"after {step}")
        a.mov(r6, 0)
        if captured.choose_files:
            a.st(out.is_wanted, 1)
        a.label(f"after {step}")
    a.label("read")
    if captured.choose_files:
        a.ldx(r1, out.is_wanted)
        a.jeq(r1, 0, "done")
    output(a, "done")
    a.label("done")
    release_outgoing(a)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    busy(a)


def begin_function(a: Assembler, wanted: Wanted, captured: Captured) -> None:
    """Emit the function ``begin`` for ``wanted``, a Wanted, and ``captured``, a Captured: r1 is the
    thread, whose call begins, r2 the address of its registers."""
    a.function("begin")
    out: Memory = Outgoing[r9]
    thread: Memory = Thread[r6]
    registers, index = a.stack(u64), a.stack(u32)
    a.mov(r6, r1)
    a.stx(registers, r2)
    a.st(thread.entry_file, 0)
    find_plan(a, index, "out", thread.call.number)
    plan: Memory = Plan[r7]
    a.ldx(r1, plan.entry)
    a.jeq(r1, 0, "out")
    claim_outgoing(a, "busy")
    fill_call(a, thread.call)
    read_arguments(a, wanted.readable, registers, out.room, out.head.number.compat, out.head.values)
    a.ldx(r1, plan.entry)
    a.jset(r1, EntryAction.FILE, "file")
    a.call(helper.ktime_get_ns)
    a.stx(out.started_ns, r0)
    # In place of the result, which a call that begins has not.
    a.ldx(r3, registers)
    stack_pointer = wanted.readable.registers.stack_pointer
    copy_of_kernel(a, stack_pointer, out.head.values[RESULT])
    a.st(out.duration_ns, BEGINS - (1 << 64))
    a.mov(r1, EventKind.BEGUN)
    a.ldx(r2, plan.entry)
    a.jset(r2, EntryAction.RECORD, "begun")
    leave_out_before_exec(a, wanted, "done")
    a.st(out.duration_ns, TIMELESS - (1 << 64))
    a.mov(r1, EventKind.ENDLESS)
    a.label("begun")
    a.stx(out.head.what, r1)
    a.st(out.head.slept, 0)
    for step in range(MOST_READS):
        a.ldx(r1, plan.codes[step])
        a.jeq(r1, 0, "read")
        a.mov(r2, r1)
        a.rsh(r2, WHEN)
        a.and_(r2, When.ENTRY)
        a.jeq(r2, 0, f"after {step}")
        capture_read(a, step)
        a.label(f"after {step}")
    a.label("read")
    a.ldx(r1, plan.entry)
    a.jset(r1, EntryAction.RECORD, "not counted")
    output(a, "done")
    a.ja("done")
    a.label("not counted")
    output(a, "done", counted=False)
    a.label("done")
    release_outgoing(a)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    a.label("file")
    if wanted.layout.has_structs:
        a.ldx(r1, plan.entry_argument)
        a.jgt(r1, ARGUMENTS - 1, "done")
        a.lsh(r1, 3)
        a.add(r1, r9)
        a.ldx(r1, u64[r1 + VALUES])
        a.mov32(r1, r1)
        a.call(FILE_OF_FD)
        a.jeq(r0, 0, "done")
        if captured.choose_files:
            leave_out_special(a, KnownFile[r0], "done")
        a.ldx(r1, KnownFile[r0].id)
        a.stx(thread.entry_file, r1)
    a.ja("done")
    busy(a, counted=False)


def keep_function(a: Assembler, wanted: Wanted) -> None:
    """Emit the function ``keep`` for ``wanted``, a Wanted: copy the arguments of the thread r1,
    with the registers r2, to its record."""
    a.function("keep")
    out: Memory = Outgoing[r9]
    thread: Memory = Thread[r6]
    registers = a.stack(u64)
    a.mov(r6, r1)
    a.stx(registers, r2)
    claim_outgoing(a, "busy")
    compat = thread.interrupted.number.compat
    read_arguments(a, wanted.readable, registers, out.room, compat, thread.arguments)
    release_outgoing(a)
    a.mov(r0, 0)
    a.exit()
    busy(a, counted=False)
