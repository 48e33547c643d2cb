"""A count for each system call, in a hash: the second exercise of the second lab."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from tuxscope.abi.architecture import X32_BIT
from tuxscope.abi.native import native_numbers
from tuxscope.asm import Hash, SourceLine, helper
from tuxscope.learn.engine.calls import Call, random_call, random_comm
from tuxscope.learn.engine.counting import check_races, counted_hash
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_call_name,
    check_whole_arguments,
)
from tuxscope.record import RecordType

CALLS = 400
NUMBERS = (*range(20), 231, 257, 9999, X32_BIT | 5)
CONTEXT = range(8, 64)  # offsets of the number and the arguments


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter", category="raw_syscalls", hint=0)
    counts, key = counts_of(submission)
    check_whole_arguments(submission, 0, CONTEXT)
    rng = submission.rng
    calls = [replace(random_call(rng), number=rng.choice(NUMBERS)) for _ in range(CALLS)]
    interpreter = submission.interpreter()
    interpreter.call(*calls)
    judge(submission, calls, entries(interpreter.map(counts).items()))
    one = calls[0]
    filtered = submission.interpreter(pid=one.pid)
    filtered.call(one, replace(one, pid=one.pid + 1, number=one.number ^ 1))
    if (came := entries(filtered.map(counts).items())) != {one.number: 1}:
        raise Mistake(
            f"only the calls of process {one.pid} in the hash, with --pid {one.pid}",
            "those of another process" if came else "none",
            line_of_count(submission),
            0,
        )
    for before in (0, rng.randrange(1, 1000)):
        same = key(number=one.number)
        check_races(submission, counts, one, same, before, "a call of the same number")


def counts_of(submission: Submission) -> tuple[Hash, RecordType]:
    """Return a pair for ``submission``, a Submission: the Hash of its page, and the RecordType of
    its key. Raises Mistake if they are not as the task says."""
    counts, key, _ = counted_hash(submission, "number")
    check_call_name(submission, key)
    return counts, key


def entries(items: Iterable[tuple[Any, Any]]) -> Counter[int]:
    return Counter({key.number: value.count for key, value in items})


def line_of_count(submission: Submission) -> SourceLine:
    return submission.line_of(calls_helper(helper.map_update_elem)) or submission.definition


def judge(submission: Submission, calls: list[Call], came: Counter[int]) -> None:
    """Raise Mistake for the first number with a wrong count: ``calls`` are a list of the Calls
    made, ``came`` is a Counter by number; ``submission`` is the Submission."""
    expected = Counter(each.number for each in calls)
    for number, times in expected.items():
        if came[number] == times:
            continue
        words = str(came[number])
        hint = 1
        if came.keys() & {each.pid for each in calls}:
            words, hint = "the process id is the key", 0
        elif came.keys() & {each.fd for each in calls} - expected.keys():
            words, hint = "the first argument is the key, which is behind the number", 0
        elif number not in came:
            words, hint = f"no entry, but {len(came)} for other keys", 0
        elif set(came.values()) == {1}:
            words += ": is the count set each time instead of incremented?"
        elif came[number] == times - 1:
            words += ": one is missing; where is the first call of a number counted?"
        raise Mistake(
            f"{times} calls of number {number} in the hash", words, line_of_count(submission), hint
        )


def grade_on_kernel(submission: Submission) -> None:
    counts, _ = counts_of(submission)
    rng = submission.rng
    times = {"read": rng.randrange(50, 500), "write": rng.randrange(50, 500)}
    with ExitStack() as stack:
        worker = stack.enter_context(Worker(random_comm(rng)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        with kernel.attached():
            worker.read(rng.randrange(10, 900), times["read"])
            worker.write(rng.randrange(10, 900), times["write"])
        came = entries(kernel.map(counts).items())
        missed = kernel.missed
    known = native_numbers()
    for name, expected in times.items():
        if not expected - missed <= came[known[name]] <= expected:
            raise Mistake(
                f"{expected} calls of number {known[name]}, {name}",
                str(came[known[name]]),
                line_of_count(submission),
            )


EXERCISE = Exercise(
    "syscall-count",
    "count all system calls by number, and show their names",
    (
        'attach=Tracepoint("raw_syscalls", "sys_enter"). The number is the field id, at offset 8: '
        "a.ldx(r6, u64[r1 + 8]), before the first call. After the filters: a.stx(key, r6).",
        "Everything behind the key is as in count: look up, insert 0 with BPF_NOEXIST, look up "
        "again, and add 1 with a.atomic_add.",
        "COLUMNS = (Column(Call.number, 8), SyscallName(Call.number, 20), "
        "Column(Calls.count, 12), Rate(Calls.count)), with SyscallName from tuxscope.page.",
    ),
    grade,
    grade_on_kernel,
)
