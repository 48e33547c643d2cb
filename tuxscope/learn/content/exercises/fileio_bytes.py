"""The bytes that read() asks for, and those that it moves: the first exercise of the third lab."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from errno import EAGAIN, EBADF, EINTR
from typing import Any

from tuxscope.asm import Hash
from tuxscope.learn.engine.calls import Call, random_call, random_comm
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import is_atomic_add
from tuxscope.learn.engine.interpreter import Interpreter
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_columns,
    check_fields,
    check_whole_arguments,
)
from tuxscope.record import RecordType, u64

PROCESSES = 5
ERRORS = (EAGAIN, EBADF, EINTR)
M64 = (1 << 64) - 1
Totals = tuple[int, int]  # asked, moved


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_read", "sys_exit_read", hint=1)
    reads = reads_of(submission)
    check_whole_arguments(submission, 1)
    rng = submission.rng
    interpreter = submission.interpreter()
    for _ in range(PROCESSES):
        first = random_call(rng)
        asked = moved = 0
        for call in calls_of(submission, first):
            interpreter.call(call)
            before = asked, moved
            asked += len(call.data)
            moved += max(call.result, 0)
            judge(submission, interpreter, reads, call, before, (asked, moved))
    check_filtered(submission, reads)
    if len(list(submission.instructions(is_atomic_add))) < 2:
        raise Mistake(
            "a.atomic_add in both programs, as another CPU may add to the same entry",
            "another way to add in one of them",
            line_of_leave(submission),
            1,
        )


def reads_of(submission: Submission) -> Hash:
    """Return the Hash that the page of ``submission``, a Submission, shows: by process, with the
    fields asked and moved. Raises Mistake."""
    reads = submission.page.map
    if not isinstance(reads, Hash):
        raise Mistake(
            "a PAGE that shows the Hash READS",
            "a PAGE with another map, or without one",
            submission.line_with("PAGE ="),
            None,
        )
    assert isinstance(reads.value, RecordType)  # or there would be no page
    check_fields(submission, reads.value, "asked", "moved", hint=0)
    if (came := reads.value.fields["moved"].type) != u64:
        raise Mistake("moved = u64", f"moved = {came}", submission.line_with("    moved ="), 0)
    check_columns(submission, "pid", "asked", "moved", hint=0)
    return reads


def calls_of(submission: Submission, first: Call) -> list[Call]:
    """Return a list of Calls by the process of ``first``, a Call of ``submission``: whole, short,
    at the end of a file, and failing ones, in random order."""
    rng = submission.rng
    sizes = [rng.randrange(2, 9000) for _ in range(6)]
    results = [sizes[0], rng.randrange(1, sizes[1]), 0, *(-each for each in ERRORS)]
    calls = [
        replace(first, tid=first.pid + rng.randrange(1, 50), data=bytes(size), result=result)
        for size, result in zip(sizes, results, strict=True)
    ]
    return rng.sample(calls, len(calls))


def judge(
    submission: Submission, interpreter: Interpreter, reads: Hash, call: Call,
    before: Totals, expected: Totals,
) -> None:  # fmt: skip
    """Check the entry in ``reads``, a Hash, of the process of ``call``, the last Call in
    ``interpreter``, an Interpreter. Raises Mistake.

    ``before`` and ``expected`` are the Totals before the call and after it; ``submission`` is the
    Submission.
    """
    found = entries(interpreter.map(reads).items())
    of = f"process {call.pid}, after a read() of {len(call.data)} bytes that returned {call.result}"
    line = line_of_leave(submission)
    if call.pid not in found:
        raise Mistake(f"an entry of {of}", f"none, but {len(found)} for other keys", line, None)
    asked, moved = found[call.pid]
    if asked != expected[0]:
        words = ": also what was moved" if asked == sum(expected) else ""
        raise Mistake(f"asked = {expected[0]} of {of}", f"asked = {asked}{words}", line, 1)
    if moved == expected[1]:
        return
    words, hint = "", 1
    if moved == before[1] + call.result & M64 and call.result < 0:
        words, hint = ": the error was added; errors are negative, in a signed comparison", 2
    elif moved == before[1] + len(call.data):
        words = ": what was asked for was added; the result is at offset 16"
    elif moved == before[1]:
        words = ": the result was not added"
    raise Mistake(f"moved = {expected[1]} of {of}", f"moved = {moved}{words}", line, hint)


def check_filtered(submission: Submission, reads: Hash) -> None:
    """Check --pid of ``submission``, a Submission, in both programs; its Hash is ``reads``. Raises
    Mistake."""
    one = replace(random_call(submission.rng), data=bytes(99), result=9)
    interpreter = submission.interpreter(pid=one.pid)
    interpreter.call(one, replace(one, pid=one.pid + 100))
    found = entries(interpreter.map(reads).items())
    if found != {one.pid: (99, 9)}:
        raise Mistake(
            f"an entry of process {one.pid} alone, asked = 99 and moved = 9, with --pid {one.pid}",
            ", ".join(f"asked = {asked}, moved = {moved}" for asked, moved in found.values())
            or "none",
            line_of_leave(submission),
            1,
        )


def entries(items: Any) -> dict[int, Totals]:
    return {key.pid: (value.asked, value.moved) for key, value in items}


def line_of_leave(submission: Submission) -> Any:
    """Return the SourceLine of ``submission``, a Submission, with its program on the exit."""
    return submission.line_with("sys_exit_read") or submission.definition


def grade_on_kernel(submission: Submission) -> None:
    reads = reads_of(submission)
    rng = submission.rng
    length, size, times = rng.randrange(10, 4000), rng.randrange(1, 900), rng.randrange(20, 99)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        path = os.path.join(folder, "file")
        with open(path, "wb") as file:
            file.write(bytes(length))
        worker = stack.enter_context(Worker(random_comm(rng)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        worker.open_as(9, path, os.O_RDONLY)
        with kernel.attached():
            worker.read_file(9, size, times)
            worker.read_file(99, size, times)  # is not open
        came = entries(kernel.map(reads).items()).get(worker.pid)
        missed = kernel.missed
    expected = (2 * times * size, min(length, times * size))
    if came != expected and not missed:
        raise Mistake(
            f"asked = {expected[0]} and moved = {expected[1]} of {times} reads of a file with "
            f"{length} bytes, and of {times} that fail",
            f"asked = {came[0]} and moved = {came[1]}" if came else "no entry",
            line_of_leave(submission),
            2,
        )


EXERCISE = Exercise(
    "fileio-bytes",
    "count the bytes that read() moves, beside those that it is asked for",
    (
        "moved = u64 in Bytes, below asked. COLUMNS = (Column(Process.pid, 8), "
        "Column(Bytes.asked, 14), Column(Bytes.moved)).",
        "Below the first program: b = Assembler(...) as in the task, b.ldx(r6, u64[r1 + 16]), the "
        "jump, add(b, Bytes.moved, pid, exclude, namespace), and return a.program(), b.program().",
        'b.jsle(r6, 0, "out") compares signed numbers. In b.jle an error, which is negative, is a '
        "very large number.",
    ),
    grade,
    grade_on_kernel,
)
