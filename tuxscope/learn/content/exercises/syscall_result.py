"""The name and the result of each call: the fourth exercise of the second lab."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from operator import attrgetter

from tuxscope.abi.native import native_numbers
from tuxscope.asm import RingBuf
from tuxscope.asm.meaning import signed
from tuxscope.learn.content.exercises.ringbuf import check_lost
from tuxscope.learn.content.exercises.syscall_count import CONTEXT, NUMBERS
from tuxscope.learn.engine.calls import random_call, random_comm, random_text
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_call_name,
    check_caller,
    check_fields,
    check_filter,
    check_shown,
    check_value,
    check_whole_arguments,
    record_of,
    sends_of,
)

# 0, bytes, errors, an address, and a count of which the lower half looks like an error.
RESULTS = (0, 3, 4096, -2, -11, -4095, 0x7FFF_F7FC_1000, (1 << 32) - 2)
U32, U64 = (1 << 32) - 1, (1 << 64) - 1


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_exit", category="raw_syscalls", hint=0)
    record_type = check_shown(submission, "pid", "result", hint=1, kind=RingBuf)
    check_fields(submission, record_type, "number", hint=1)
    check_call_name(submission, record_type)
    check_whole_arguments(submission, 0, CONTEXT)
    rng = submission.rng
    interpreter = submission.interpreter()
    for result in rng.sample(RESULTS, len(RESULTS)):
        number = rng.choice([each for each in NUMBERS if each != result])
        call = replace(random_call(rng), number=number, result=result)
        of = f"a call of number {number} by {call.comm}, which returns {result}"
        record = record_of(submission, interpreter, call, f"syscall_{number}")
        check_caller(submission, record, call, of)
        check_value(submission, record, "number", number, of, {result: ("the result", 0)})
        wrong = {
            number: ("the number of the call", 0),
            result & U64: ("as an unsigned number", 1),
            result & U32: ("its lower half", 1),
            signed(result, 32): ("its lower half", 1),
        }
        check_value(submission, record, "result", result, of, wrong)
    check_filter(submission, random_call(rng))
    check_lost(submission)


def grade_on_kernel(submission: Submission) -> None:
    rng = submission.rng
    text = random_text(rng, rng.randrange(1, 60))
    known = native_numbers()
    expected = {
        (known["write"], len(text)): rng.randrange(10, 99),
        (known["openat"], -2): rng.randrange(2, 9),
    }
    writes, opens = expected.values()
    with ExitStack() as stack:
        worker = stack.enter_context(Worker(random_comm(rng)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        with kernel.attached():
            worker.write(rng.randrange(10, 900), writes, text.encode())
            worker.open(f"/{text}/{text}", opens)
        seen = list(map(attrgetter("number", "result"), kernel.records()))
        missed = kernel.missed
    for (number, result), times in expected.items():
        if not times - missed <= (came := seen.count((number, result))) <= times:
            raise Mistake(
                f"{times} records with the number {number} and the result {result}",
                str(came),
                sends_of(submission),
            )


EXERCISE = Exercise(
    "syscall-result",
    "show the name and the result of each call",
    (
        'attach=Tracepoint("raw_syscalls", "sys_exit"). At the start: a.ldx(r6, u64[r1 + 8]) and '
        "a.ldx(r7, u64[r1 + 16]). Behind the filters: a.stx(event.number, r6), a.stx(event.result, "
        "r7).",
        "result = s64: signed, as errors are negative, and as long as the register.",
        "COLUMNS = (Column(CallEvent.pid, 8), Column(CallEvent.comm, 16), "
        "SyscallName(CallEvent.number, 20), Column(CallEvent.result)), with SyscallName from "
        "tuxscope.page.",
    ),
    grade,
    grade_on_kernel,
)
