"""A filter in the kernel, by a PID in a map: the third exercise of the lab."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from operator import attrgetter

from tuxscope.asm import Array, SourceLine, helper
from tuxscope.errors import with_article
from tuxscope.learn.engine.calls import random_call, random_comm
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_caller,
    check_null_checks,
    check_shown,
    described,
    listed,
    sends_of,
)
from tuxscope.record import u32

WORKERS = 3
ALL = 0


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write")
    check_shown(submission, "pid")
    target = target_of(submission)
    rng = submission.rng
    calls = [random_call(rng) for _ in range(4)]
    chosen, other, *_ = calls
    # A thread whose tid is the chosen pid, in another process.
    calls.append(replace(random_call(rng), tid=chosen.pid))
    unknown = max(each.pid for each in calls) + 1
    check_null_checks(submission, chosen, hint=1)
    interpreter = submission.interpreter()
    for pid in (ALL, chosen.pid, other.pid, unknown, ALL, chosen.pid):
        interpreter.map(target).update(0, pid)
        for call in calls:
            interpreter.call(call)
            records = interpreter.records()
            for record in records:
                check_caller(submission, record, call, described(call))
            wanted = pid in (ALL, call.pid)
            if len(records) != wanted:
                raise Mistake(
                    f"{'one record' if wanted else 'no record'} of {described(call)}, "
                    f"with {pid} in TARGET",
                    came(len(records), pid),
                    lookup_or_send(submission, len(records)),
                    2,
                )


def came(records: int, pid: int) -> str:
    if records:
        if records > 1:
            return f"{records} records: call perf_event_output once"
        return "1 record: jump to out if TARGET is neither 0 nor the process id"
    return "none: 0 shows all processes" if pid == ALL else "none"


def lookup_or_send(submission: Submission, records: int) -> SourceLine | None:
    """Return the SourceLine of ``submission``, a Submission, that is at fault if it sends
    ``records`` records, an int: the lookup for too few, the send for too many; None if not
    known."""
    lookup = submission.line_of(calls_helper(helper.map_lookup_elem))
    return sends_of(submission) if records else lookup


def target_of(submission: Submission) -> Array:
    """Return the Array TARGET of ``submission``, a Submission. Raises Mistake."""
    maps = [each for program in submission.programs() for each in program.maps]
    if all(each.name != "TARGET" for each in maps):
        raise Mistake(
            'a program that looks up Array("TARGET", value=u32, max_entries=1) on every write()',
            "no use of TARGET: Python's if is decided once, before the program is loaded",
            submission.definition,
        )
    target: Array = submission.map(Array, "TARGET")
    if target.value != u32 or target.per_cpu:
        raise Mistake(
            'TARGET = Array("TARGET", value=u32, max_entries=1)',
            f"{with_article(type(target).__name__)} with values of {target.value}",
            submission.line_with("TARGET ="),
        )
    return target


def grade_on_kernel(submission: Submission) -> None:
    target = target_of(submission)
    rng = submission.rng
    expected: Counter[int] = Counter()
    with ExitStack() as stack:
        kernel = stack.enter_context(Kernel(submission))
        workers = [stack.enter_context(Worker(random_comm(rng))) for _ in range(WORKERS)]
        pids = [each.pid for each in workers]
        phases = [ALL, *rng.sample(pids, 2), ALL]
        with kernel.attached():
            for pid in phases:  # changed while it runs
                kernel.map(target).update(0, pid)
                for worker in workers:
                    times = rng.randrange(1, 60)
                    worker.write(rng.randrange(10, 900), times)
                    if pid in (ALL, worker.pid):
                        expected[worker.pid] += times
        seen = Counter(map(attrgetter("pid"), kernel.records()))
    wanted, found = [expected[pid] for pid in pids], [seen[pid] for pid in pids]
    if found != wanted:
        raise Mistake(
            f"{listed(wanted)} records of processes {listed(pids)}, while TARGET was set to "
            f"{listed(phases)} in turn",
            listed(found),
            sends_of(submission),
            2,
        )


EXERCISE = Exercise(
    "pid-filter",
    "filter in the kernel, by a PID that can be changed while it runs",
    (
        "A lookup takes the map in r1 and the address of the key in r2, and returns the address "
        "of the value in r0. Call it after the process id is known, and keep that in a register "
        "that calls preserve: r6 is in use, r7 is free.",
        "r0 is an address: jump to out if it is 0, then load the number with "
        "a.ldx(r0, u32[r0]). Compare that with the process id.",
        'After the load: a.jeq(r0, 0, "send"), a.jne(r0, r7, "out"), a.label("send"), where r7 is '
        "the process id. All of this comes before the event is sent.",
    ),
    grade,
    grade_on_kernel,
)
