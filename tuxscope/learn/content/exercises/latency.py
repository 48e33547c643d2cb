"""The duration of a call: two programs and a hash."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from operator import attrgetter
from typing import Any

from tuxscope.asm import Hash, helper
from tuxscope.learn.engine.calls import Call, random_call, random_comm
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.interpreter import Interpreter
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    CLOCK_TOLERANCE,
    check_attached,
    check_caller,
    check_shown,
    described,
    sends_of,
    store_of,
)
from tuxscope.record import Record
from tuxscope.run.identity import pid_namespace

LONG = (5 * 10**9, 9 * 10**9)  # ns; a u32 is too small for these
SLOW = 0.03  # seconds that a slow call takes at least
WRAP = 1 << 64

ns_of = attrgetter("ns")


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write", "sys_exit_write")
    check_shown(submission, "pid", "ns", hint=1)
    starts: Hash = submission.map(Hash)
    rng = submission.rng
    interpreter = submission.interpreter()
    call = replace(random_call(rng), took_ns=rng.randrange(*LONG))
    interpreter.enter(call)
    keys = list(interpreter.map(starts).keys())
    interpreter.leave(call)
    judge(submission, first_record(submission, interpreter.records(), starts, keys, call), call)
    check_unseen(submission, interpreter, call)
    # Two threads of one process, in write() at once, and one of another.
    second = replace(random_call(rng), pid=call.pid, time_ns=call.time_ns + 7_000_000)
    other = replace(random_call(rng), time_ns=call.time_ns + 9_000_000)
    calls = (call, second, other)
    for each in calls:
        interpreter.enter(each)
    for each in rng.sample(calls, len(calls)):
        interpreter.leave(each)
        records = interpreter.records()
        if len(records) != 1:
            raise Mistake(
                f"one record of {described(each)}, while other calls are in progress",
                f"{len(records) or 'none'}: is the key the thread id, the lower half of r0?",
                sends_of(submission),
                1,
            )
        judge(submission, records[0], each, calls)
    if left := list(interpreter.map(starts).keys()):
        raise Mistake(
            f"no entry in {starts.name} after all calls have ended",
            f"{len(left)} entries: delete each after it was read",
            submission.line_of(calls_helper(helper.map_lookup_elem)),
            2,
        )


def first_record(
    submission: Submission, records: list[Record], starts: Hash, keys: list[Any], call: Call
) -> Record:
    """Return the one Record of ``records``, a list of those sent for ``call``, a Call. Raises
    Mistake if there is none, or there are several.

    ``starts`` is the page's Hash of start times, ``keys`` a list of its keys during the call,
    ``submission`` the Submission.
    """
    expected = f"one record of {described(call)}"
    if not keys:
        came = f"no entry in {starts.name} during the call"
        line = submission.line_of(calls_helper(helper.map_update_elem))
        raise Mistake(expected, came, line or submission.definition)
    if not records:
        ids = {
            call.pid: ", the process id",
            call.tid: ", the thread id",
            call.pid << 32 | call.tid: ", both ids",
        }
        came = (
            f"none: the key in {starts.name} is {keys[0]}{ids.get(keys[0], '')}, and the lookup "
            "finds nothing: do both programs use the same key?"
        )
        line = submission.line_of(calls_helper(helper.map_lookup_elem))
        raise Mistake(expected, came, line or sends_of(submission), 1)
    if len(records) > 1:
        raise Mistake(expected, f"{len(records)}: send it once, at the exit", sends_of(submission))
    return records[0]


def check_unseen(submission: Submission, interpreter: Interpreter, call: Call) -> None:
    """Check that the exit of ``call``, a Call, without an entry sends no record; raise Mistake if
    it does. ``interpreter`` is the Interpreter of ``submission``, a Submission."""
    for unseen in (replace(call, pid=call.pid + 100, tid=call.tid + 100), call):
        interpreter.leave(unseen)
        if records := interpreter.records():
            raise Mistake(
                f"no record of {described(unseen)}, as its start was not traced",
                f"ns = {ns_of(records[0])}: was an old entry not deleted?",
                sends_of(submission),
                2,
            )


def judge(submission: Submission, record: Record, call: Call, others: Sequence[Call] = ()) -> None:
    """Check ``record``, the Record of ``call``, a Call; raise Mistake if it is wrong. ``others``
    are the Calls in flight at the same time, a sequence; ``submission`` is the Submission."""
    check_caller(submission, record, call, described(call))
    ns: int = ns_of(record)
    end = call.time_ns + call.took_ns

    def near(other: int) -> bool:
        return abs(ns - other) < CLOCK_TOLERANCE

    if near(call.took_ns):
        return
    words, hint = "", 0
    if near(end):
        words = ", the time at its end: subtract the time at its start"
    elif near(call.time_ns):
        words = ", the time at its start: subtract it from the time at its end"
    elif near(WRAP - call.took_ns):
        words = ", below zero: subtract the start from the end"
    elif near(call.took_ns % (1 << 32)):
        words = ", its lower half only: make it a u64"
    elif any(near(end - each.time_ns) for each in others):
        words, hint = ", the time since another thread's call: the key must be the thread id", 1
    raise Mistake(
        f"ns = {call.took_ns} of {described(call)}",
        f"ns = {ns}{words}",
        store_of(submission, type(record), "ns") or sends_of(submission),
        hint,
    )


def grade_on_kernel(submission: Submission) -> None:
    rng = submission.rng
    with ExitStack() as stack:
        kernel = stack.enter_context(Kernel(submission))
        workers = [stack.enter_context(Worker(random_comm(rng))) for _ in range(2)]
        plan = [(each, rng.randrange(20, 99), rng.randrange(2, 6)) for each in workers]
        with kernel.attached():
            began = time.monotonic_ns()
            for worker, quick, slow in plan:
                worker.write(rng.randrange(10, 900), quick)
                worker.write_slowly(rng.randrange(10, 900), slow, SLOW)
            passed = time.monotonic_ns() - began
        seen = list(map(attrgetter("pid", "ns"), kernel.records()))
    if pid_namespace():  # the page shows pids of the initial namespace, and ours are of another
        return
    for worker, quick, slow in plan:
        took = [ns for pid, ns in seen if pid == worker.pid]
        long = sum(ns >= SLOW * 1e9 for ns in took)
        if len(took) != quick + slow or long < slow or sum(took) > passed:
            raise Mistake(
                f"{quick + slow} records of process {worker.pid}, {slow} of them of {SLOW} s or "
                f"more, and {passed / 1e9:.3f} s at most in total",
                f"{len(took)}, {long} of them that long, and {sum(took) / 1e9:.3f} s in total",
                sends_of(submission),
            )


EXERCISE = Exercise(
    "latency",
    "show how long each write() takes",
    (
        "The value in the hash is the time when the call started: load it with "
        "b.ldx(r7, u64[r0]) before ktime_get_ns is called, as calls preserve r7. Then subtract.",
        "get_current_pid_tgid returns process id << 32 | thread id. A store to a u32 takes the "
        "lower half: b.stx(key, r0) before the shift, in both programs.",
        "After b.stx(event.ns, r0): b.ld_map(r1, STARTS), b.lea(r2, key), "
        "b.call(helper.map_delete_elem).",
    ),
    grade,
    grade_on_kernel,
)
