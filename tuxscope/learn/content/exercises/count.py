"""A count for each process, in a hash: the fourth exercise of the lab."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from tuxscope.asm import helper
from tuxscope.learn.engine.calls import random_call, random_comm
from tuxscope.learn.engine.counting import check_races, counted_hash
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import check_attached

PROCESSES, WRITES = 200, 600
WORKERS, ROUNDS = 4, 5


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write")
    counts, process, _ = counted_hash(submission, "pid")
    rng = submission.rng
    processes = [random_call(rng) for _ in range(PROCESSES)]
    calls = rng.choices(processes, k=WRITES)
    interpreter = submission.interpreter()
    for call in calls:
        interpreter.call(replace(call, tid=call.pid + rng.randrange(1, 50)))
    came = entries(interpreter.map(counts).items())
    judge(submission, Counter(each.pid for each in calls), came)
    key = process(pid=processes[0].pid)
    call = replace(random_call(rng), pid=processes[0].pid)
    for before in (0, rng.randrange(1, 1000)):
        check_races(submission, counts, call, key, before, "a write of the same process")


def entries(items: Any) -> Counter[int]:
    return Counter({key.pid: value.count for key, value in items})


def judge(submission: Submission, expected: Counter[int], came: Counter[int]) -> None:
    """Raise Mistake for the first process with a wrong count. ``expected`` and ``came`` are
    Counters of the writes by PID; ``submission`` is the Submission."""
    update = submission.line_of(calls_helper(helper.map_update_elem)) or submission.definition
    all_one = set(came.values()) == {1}
    for pid, times in expected.items():
        if came[pid] == times:
            continue
        words = str(came[pid])
        if pid not in came:
            words = (
                f"no entry, but {len(came)} for other keys: is the key the process id, r0 >> 32?"
            )
        elif all_one:
            words += ": is the count set each time instead of incremented?"
        elif came[pid] == times - 1:
            words += ": one is missing; where is the first write of a process counted?"
        raise Mistake(f"{times} writes of process {pid} in the hash", words, update, 1)


def grade_on_kernel(submission: Submission) -> None:
    counts, _, _ = counted_hash(submission, "pid")
    rng = submission.rng
    expected: Counter[int] = Counter()
    with ExitStack() as stack:
        kernel = stack.enter_context(Kernel(submission))
        workers = [stack.enter_context(Worker(random_comm(rng))) for _ in range(WORKERS)]
        several = stack.enter_context(ThreadPoolExecutor(WORKERS))
        with kernel.attached():
            for _ in range(ROUNDS):
                times = [rng.randrange(1, 500) for _ in workers]
                expected.update(dict(zip((each.pid for each in workers), times, strict=True)))
                list(several.map(lambda worker, n: worker.write(7, n), workers, times))
        came = excused(entries(kernel.map(counts).items()), expected, kernel.missed)
    judge(submission, expected, came)


def excused(came: Counter[int], expected: Counter[int], missed: int) -> Counter[int]:
    """Return the counts ``came``, a Counter by PID, corrected where they are below ``expected``, a
    Counter, by at most ``missed``, the number of runs that the kernel skipped, an int."""
    return came | Counter(
        {pid: times for pid, times in expected.items() if 0 < times - came[pid] <= missed}
    )


EXERCISE = Exercise(
    "count",
    "count the writes of each process in a hash, and show them as a table",
    (
        "Remove the code that sends an event: the page shows the hash. The key is on the stack, as "
        "the event was; so is the 0 of a new entry.",
        "Look up, and jump to the increment if r0 is not 0. Else insert 0 with the flag 1, "
        "BPF_NOEXIST, in r4, look up again, and jump to out if r0 is still 0. A call clobbers r1 "
        "and r2: set them again for each lookup.",
        "a.mov(r1, 1), a.atomic_add(Writes[r0].count, r1): one atomic step in memory. A load, an "
        "add and a store are three steps, and another CPU can come in between.",
    ),
    grade,
    grade_on_kernel,
)
