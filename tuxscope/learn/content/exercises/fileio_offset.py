"""Where in its file a write() wrote: the third exercise of the third lab."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from errno import EBADF, ENOSPC
from functools import partial
from operator import attrgetter

from tuxscope.asm import RingBuf, helper
from tuxscope.learn.engine.calls import Call, random_call, random_comm, random_text
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.kernel import Kernel, Worker, has_structs
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.pairs import SAME_KEY, Pairs
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_caller,
    check_filter,
    check_shown,
    check_value,
)
from tuxscope.record import Record, s64

POSITIONS = (0, 1, 4096, (1 << 32) + 7, 1 << 40)


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write", "sys_exit_write", hint=None)
    record_type = check_shown(submission, "pid", "fd", "offset", "bytes", hint=1, kind=RingBuf)
    if (came := record_type.fields["offset"].type) != s64:
        line = submission.line_with("    offset =")
        raise Mistake("offset = s64, as in the kernel (loff_t)", f"offset = {came}", line, None)
    rng = submission.rng
    pairs = Pairs(submission, partial(judge, submission), described, None)
    interpreter = submission.interpreter()
    for position in rng.sample(POSITIONS, len(POSITIONS)):
        call = call_of(submission, position, append=False)
        pairs.check_one(interpreter, call)
        pairs.check_one(interpreter, call_of(submission, position, append=True))
        for result in (0, -ENOSPC, -EBADF):
            failed = replace(call, result=result, positions=(position, position))
            interpreter.call(failed)
            if interpreter.records():
                line = submission.line_of(calls_helper(helper.map_lookup_elem))
                raise Mistake(f"no record of {described(failed)}", "one", line, None)
            pairs.check_unseen(interpreter, failed)
    first, second = (call_of(submission, each, append=True) for each in (0, 5000))
    files = {first.fd: "/srv/first", first.fd - 1: "/srv/second"}
    second = replace(second, pid=first.pid, tid=first.tid + 1, fd=first.fd - 1, descriptors=files)
    pairs.check_overlap(replace(first, descriptors=files), second)
    check_filter(submission, first)


def call_of(submission: Submission, position: int, append: bool) -> Call:
    """Return a random Call of write() of ``submission``, a Submission, to a file at ``position``,
    an int, or with ``append``, a bool, to the end of one, which is there."""
    rng = submission.rng
    fd, asked = rng.randrange(4, 15), rng.randrange(9, 999)
    result = rng.choice((asked, rng.randrange(1, asked)))
    before = rng.choice((0, position + 3)) if append else position
    path = f"/var/log/{random_text(rng, 7)}"
    positions = (before, position + result)
    call = replace(random_call(rng), fd=fd, data=bytes(asked), result=result, positions=positions)
    return replace(call, descriptors={fd: path})


def described(call: Call) -> str:
    before, after = call.positions
    return (
        f"a write() of {len(call.data)} bytes by process {call.pid} that returns {call.result}; "
        f"the position is {before} at the entry and {after} at the exit"
    )


def judge(submission: Submission, record: Record, call: Call) -> None:
    """Check ``record``, a Record that ``submission``, a Submission, sent for ``call``, a Call.
    Raises Mistake."""
    of = described(call)
    check_caller(submission, record, call, of)
    other = {attrgetter("fd")(record): (f"that of another call: {SAME_KEY}", 2)}
    check_value(submission, record, "fd", call.fd, of, other)
    check_value(submission, record, "bytes", call.result, of)
    came = attrgetter("offset")(record)
    before, after = call.positions
    if came == (expected := after - call.result):
        return
    wrong = {
        after - len(call.data): ("less what was asked for: subtract the result, r8", 1),
        before - call.result: ("the position at the entry, less what was written", 0),
        call.result - after: ("the difference the other way round", 1),
        -call.result: ("no position was read: is r9 read before b.sub(r9, r8)?", 0),
        0: ("it is not stored, or the file is not found", 1),
        after: ("the position behind what was written: subtract that", 1),
        before: ("the position at the entry: read it at the exit", 0),
    }
    words, hint = wrong.get(came, ("", 0))
    line = submission.line_with("WriteEvent[r7].offset") or submission.line_with("event.offset")
    raise Mistake(
        f"offset = {expected} of {of}",
        f"offset = {came}{f', {words}' if words else ''}",
        line or submission.definition,
        hint,
    )


def grade_on_kernel(submission: Submission) -> None:
    if not has_structs():  # it does not say where the members are
        return
    rng = submission.rng
    expected: Counter[tuple[int, int, int]] = Counter()
    end = 0
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        worker = stack.enter_context(Worker(random_comm(rng)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        for fd in (11, 12):  # two descriptors, each with a position of its own
            worker.open_as(fd, os.path.join(folder, "log"), os.O_WRONLY | os.O_APPEND)
        with kernel.attached():
            for _ in range(20):
                fd, text = rng.choice((11, 12)), random_text(rng, rng.randrange(1, 99))
                worker.write_file(fd, text)
                expected[fd, end, len(text)] += 1
                end += len(text)
        came = Counter(map(attrgetter("fd", "offset", "bytes"), kernel.records()))
        missed = kernel.missed
    if (expected - came).total() > missed:
        fd, offset, size = min((expected - came).elements(), key=lambda each: each[1])
        raise Mistake(
            f"fd = {fd}, offset = {offset}, bytes = {size} of a file that is appended to",
            f"{sorted((came - expected).elements())[:3] or 'fewer'}",
            submission.line_with("WriteEvent[r7].offset"),
        )


EXERCISE = Exercise(
    "fileio-offset",
    "show where in its file a write() wrote",
    (
        "At the exit, behind the store of bytes: read_position(b, layout, WriteEvent[r7].fd). It "
        "leaves the position in r9.",
        "Then b.sub(r9, r8) and b.stx(WriteEvent[r7].offset, r9), before b.ringbuf_output.",
        "Remove read_position(a, ...) and a.stx(event.offset, r9) at the entry. The hash stays as "
        "it was: its key is the thread id, and the exit deletes the entry.",
    ),
    grade,
    grade_on_kernel,
)
