"""Another tracepoint: the second exercise of the lab."""

from __future__ import annotations

from contextlib import ExitStack
from operator import attrgetter

from tuxscope.learn.engine.calls import random_call, random_comm
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_caller,
    check_shown,
    check_time,
    described,
    record_of,
    sends_of,
)

CALLS = 5
WORKERS = 3


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_read", hint=0)
    check_shown(submission, "pid", "comm", "timestamp_ns", hint=1)
    name = submission.program().name
    if name != "reads":
        raise Mistake(
            "a program that is named reads",
            f"the name {name} for a program that traces read()",
            submission.line_with("Assembler("),
            1,
        )
    interpreter = submission.interpreter()
    for _ in range(CALLS):
        call = random_call(submission.rng)
        of = described(call, "read")
        record = record_of(submission, interpreter, call, "read")
        check_caller(submission, record, call, of)
        check_time(submission, record, call, of)


def grade_on_kernel(submission: Submission) -> None:
    rng = submission.rng
    with ExitStack() as stack:
        kernel = stack.enter_context(Kernel(submission))
        workers = [stack.enter_context(Worker(random_comm(rng))) for _ in range(WORKERS)]
        plan = [(each, rng.randrange(10, 50), rng.randrange(50, 99)) for each in workers]
        with kernel.attached():
            for worker, reads, writes in plan:
                worker.write(rng.randrange(10, 900), writes)
                worker.read(rng.randrange(10, 900), reads, rng.randrange(1, 500))
        seen = list(map(attrgetter("pid", "comm"), kernel.records()))
    for worker, reads, writes in plan:
        comms = [comm for pid, comm in seen if pid == worker.pid]
        if comms != [worker.comm] * reads:
            wrong = next((each for each in comms if each != worker.comm), "")
            raise Mistake(
                f"{reads} records of {worker.comm}, which calls read() {reads} times and write() "
                f"{writes} times",
                f"{len(comms)} records{f', one of them of {wrong}' if wrong else ''}",
                sends_of(submission),
            )


EXERCISE = Exercise(
    "reads",
    "trace read() instead of write()",
    (
        "attach= is where a program is attached. Nothing else in the program depends on it.",
        "The first argument of Assembler is the name of the program; the name of the function may "
        "differ. The columns stay as they are.",
        'Assembler("reads", attach=Tracepoint("syscalls", "sys_enter_read")) is all that changes.',
    ),
    grade,
    grade_on_kernel,
)
