"""The lab's first exercise: the file descriptor in the event."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from operator import attrgetter

from tuxscope.learn.engine.calls import Call, random_call, random_comm
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    Words,
    check_attached,
    check_caller,
    check_shown,
    check_time,
    check_value,
    check_whole_arguments,
    described,
    record_of,
    sends_of,
    store_of,
)

LARGEST = (1 << 8, 1 << 16, 1 << 20)  # a descriptor may need more than one byte, or two
WORKERS = 3


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write")
    check_shown(submission, "fd", hint=1)
    check_whole_arguments(submission, hint=1)
    interpreter = submission.interpreter()
    for most in LARGEST:
        rng = submission.rng
        call = replace(random_call(rng), fd=rng.randrange(most // 2, most))
        of = described(call)
        record = record_of(submission, interpreter, call)
        check_value(submission, record, "fd", call.fd, of, mix_ups(call))
        check_caller(submission, record, call, of)
        check_time(submission, record, call, of)


def mix_ups(call: Call) -> dict[int, Words]:
    """Return the values that are mistaken for the file descriptor of ``call``, a Call: a dict of
    Words, pairs of what the value is, a str, and the index of the hint, an int, by value."""
    return {
        call.fd & 0xFF: ("its lowest byte only: make the field a u32", 1),
        call.fd & 0xFFFF: ("its lower 2 bytes only: make the field a u32", 1),
        call.pid: ("the process id", 2),
        call.tid: ("the thread id", 2),
        len(call.data): ("the third argument, count: see fd in the output of tuxscope fields", 0),
        1: ("the number of the system call: see fd in the output of tuxscope fields", 0),
        0: ("half of another argument: see fd in the output of tuxscope fields", 0),
    }


def grade_on_kernel(submission: Submission) -> None:
    rng = submission.rng
    with ExitStack() as stack:
        kernel = stack.enter_context(Kernel(submission))
        workers = [stack.enter_context(Worker(random_comm(rng))) for _ in range(WORKERS)]
        plan = [
            (each, {fd: rng.randrange(1, 40) for fd in rng.sample(range(10, 900), 3)})
            for each in workers
        ]
        with kernel.attached():
            for worker, often in plan:
                for fd, times in often.items():
                    worker.write(fd, times)
        seen = Counter(map(attrgetter("pid", "fd"), kernel.records()))
    for worker, expected in plan:
        came = {fd: times for (pid, fd), times in seen.items() if pid == worker.pid}
        if came != expected:
            raise Mistake(
                f"these counts of writes of process {worker.pid}, by descriptor: {expected}",
                f"{came or 'none'}",
                store_of(submission, check_shown(submission), "fd") or sends_of(submission),
            )


EXERCISE = Exercise(
    "file-descriptor",
    "show which file descriptor is written to",
    (
        "tuxscope fields syscalls/sys_enter_write prints the offset of each field. The offset is "
        "counted from the address in r6.",
        "Three places: a field fd = u32 in HelloEvent; a load of all 8 bytes of the argument and a "
        "store into event.fd, before the call that sends the event; a column in COLUMNS.",
        "a.ldx(r0, u64[r6 + 16]) and a.stx(event.fd, r0) go after a.stx(event.pid, r0), as r0 is "
        "free there; Column(HelloEvent.fd, 4) goes into COLUMNS.",
    ),
    grade,
    grade_on_kernel,
)
