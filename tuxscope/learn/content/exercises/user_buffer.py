"""The bytes that a process writes, which are in its memory."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from operator import attrgetter

from tuxscope.asm import SourceLine, helper
from tuxscope.learn.engine.calls import random_call, random_comm, random_text
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_caller,
    check_shown,
    check_value,
    check_whole_arguments,
    described,
    record_of,
    sends_of,
)
from tuxscope.record import char
from tuxscope.vm.faults import OutOfBoundsFault, UninitialisedMemoryFault

ROOM = 16
LENGTHS = (ROOM, 3, 1, ROOM - 1, ROOM + 1, 200, 0)
WORKERS = 2
OTHERS = (
    helper.probe_read, helper.probe_read_kernel, helper.probe_read_str,
    helper.probe_read_kernel_str, helper.probe_read_user_str,
)  # fmt: skip


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write")
    record_type = check_shown(submission, "pid", "count", "data", hint=2)
    if record_type.fields["data"].type != char[ROOM]:
        raise Mistake(
            f"data = char[{ROOM}] in {record_type.__name__}",
            f"data = {record_type.fields['data'].type}",
            submission.line_with("    data ="),
            1,
        )
    check_helper(submission)
    check_whole_arguments(submission, hint=1)
    interpreter = submission.interpreter()
    for length in LENGTHS:
        rng = submission.rng
        call = replace(random_call(rng), data=random_text(rng, length).encode())
        of = described(call)
        try:
            record = record_of(submission, interpreter, call)
        except UninitialisedMemoryFault as fault:
            raise Mistake(
                f"zeros after the {length} bytes of {of}",
                "uninitialised bytes of the stack: zero the event at the start",
                fault.source,
                1,
            ) from None
        except OutOfBoundsFault as fault:
            raise Mistake(
                f"{ROOM} bytes at most of {of}",
                "more bytes are copied than data has room for, and others are overwritten",
                fault.source,
                1,
            ) from None
        check_caller(submission, record, call, of)
        check_value(submission, record, "count", length, of, {call.fd: ("the descriptor", 1)})
        check_data(submission, call.data[:ROOM].decode(), attrgetter("data")(record), of)


def check_helper(submission: Submission) -> None:
    """Check that the page of ``submission``, a Submission, calls no other helper that copies; raise
    Mistake if it does."""
    for other in OTHERS:
        if line := submission.line_of(calls_helper(other)):
            raise Mistake(
                "probe_read_user: the bytes are in the process's memory, and are not a C string",
                other.name,
                line,
            )


def check_data(submission: Submission, expected: str, came: str, of: str) -> None:
    """Check ``came``, the first bytes that are written as a record has them, against ``expected``,
    both str; raise Mistake if they differ. ``of`` says what of, in words; ``submission`` is the
    Submission."""
    if came == expected:
        return
    words, hint = "", 0
    if not came and len(expected) < ROOM:
        words, hint = ": nothing is copied if r2 is more than there are bytes", 1
    elif not came:
        words = ": does the helper get the right arguments in r1 to r3?"
    elif expected.startswith(came):
        words, hint = f": {len(came)} of {len(expected)} bytes", 1
    raise Mistake(
        f"data = {expected!r} of {of}", f"data = {came!r}{words}", copies(submission), hint
    )


def copies(submission: Submission) -> SourceLine:
    """Return the SourceLine of ``submission``, a Submission, that copies, or else the one that
    sends."""
    line = submission.line_of(calls_helper(helper.probe_read_user))
    return line or sends_of(submission)


def grade_on_kernel(submission: Submission) -> None:
    rng = submission.rng
    with ExitStack() as stack:
        kernel = stack.enter_context(Kernel(submission))
        workers = [stack.enter_context(Worker(random_comm(rng))) for _ in range(WORKERS)]
        texts = [random_text(rng, length) for length in LENGTHS]
        with kernel.attached():
            for text in texts:
                for worker in workers:
                    worker.write(rng.randrange(10, 900), data=text.encode())
        seen = list(map(attrgetter("pid", "count", "data"), kernel.records()))
    expected = sorted((len(text), text[:ROOM]) for text in texts)
    for worker in workers:
        came = sorted((count, data) for pid, count, data in seen if pid == worker.pid)
        if came != expected:
            wrong = [each for each in came if each not in expected]
            raise Mistake(
                f"count and data of what process {worker.pid} writes: {expected}",
                f"{wrong or came or 'none'}",
                copies(submission),
            )


EXERCISE = Exercise(
    "user-buffer",
    "show the first 16 bytes of what is written",
    (
        "The address is in r3 already. helper.probe_read_user takes the destination in r1, the "
        "size in r2 and the source in r3; a.lea gives the address of event.data.",
        "r2 is count after the load. a.jle(r2, WriteEvent.data.size, label) jumps if it is 16 or "
        "less; an a.mov before the label makes it 16 otherwise.",
        'a.jle(r2, 16, "fits"), a.mov(r2, 16), a.label("fits"), a.lea(r1, event.data), '
        "a.ldx(r3, u64[r6 + 24]), a.call(helper.probe_read_user)",
    ),
    grade,
    grade_on_kernel,
)
