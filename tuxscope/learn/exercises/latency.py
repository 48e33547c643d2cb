"""How long a call takes: two programs and a hash."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from operator import attrgetter
from typing import Any

from tuxscope.asm import Hash, helper
from tuxscope.learn.calls import Call, some_call, some_comm
from tuxscope.learn.exercise import Exercise
from tuxscope.learn.kernel import Kernel, Worker
from tuxscope.learn.mistake import Mistake
from tuxscope.learn.submission import Interpreter, Submission, calls_helper
from tuxscope.learn.tracing import (
    LOOKS,
    check_attached,
    check_caller,
    check_shown,
    sends_of,
    store_of,
    told,
)
from tuxscope.record import Record
from tuxscope.run.identity import pid_namespace

LONG = (5 * 10**9, 9 * 10**9)  # nanoseconds, for which a u32 is too small
SLOW = 0.03  # seconds
WRAP = 1 << 64

ns_of = attrgetter("ns")


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write", "sys_exit_write")
    check_shown(submission, "pid", "ns", hint=1)
    starts: Hash = submission.map(Hash)
    dice = submission.dice
    interpreter = submission.interpreter()
    call = replace(some_call(dice), took_ns=dice.randrange(*LONG))
    interpreter.enter(call)
    keys = list(interpreter.map(starts).keys())
    interpreter.leave(call)
    judge(submission, first_record(submission, interpreter.records(), starts, keys, call), call)
    check_unseen(submission, interpreter, call)
    # Two threads of one process, in write() at once, and one of another.
    second = replace(some_call(dice), pid=call.pid, time_ns=call.time_ns + 7_000_000)
    other = replace(some_call(dice), time_ns=call.time_ns + 9_000_000)
    calls = (call, second, other)
    for each in calls:
        interpreter.enter(each)
    for each in dice.sample(calls, len(calls)):
        interpreter.leave(each)
        records = interpreter.records()
        if len(records) != 1:
            raise Mistake(
                f"one record of {told(each)}, while others are in write(), too",
                f"{len(records) or 'none'}: is the key the thread's id, the lower half of r0?",
                sends_of(submission),
                1,
            )
        judge(submission, records[0], each, calls)
    if left := list(interpreter.map(starts).keys()):
        raise Mistake(
            f"nothing in {starts.name} once all calls are over",
            f"{len(left)} entries, for ever: delete each once it was read",
            submission.line_of(calls_helper(helper.map_lookup_elem)),
            2,
        )


def first_record(
    submission: Submission, records: list[Record], starts: Hash, keys: list[Any], call: Call
) -> Record:
    """The one record of a call that nothing disturbed; ``keys`` are those of ``starts`` while it
    was under way. Raises Mistake."""
    expected = f"one record of {told(call)}"
    if not keys:
        came = f"nothing is in {starts.name} while it is under way"
        line = submission.line_of(calls_helper(helper.map_update_elem))
        raise Mistake(expected, came, line or submission.definition)
    if not records:
        ids = {
            call.pid: ", the process id",
            call.tid: ", the thread's id",
            call.pid << 32 | call.tid: ", both ids",
        }
        came = (
            f"none: {starts.name} has the call under {keys[0]}{ids.get(keys[0], '')}, and that is "
            "not found: do both programs use the same key?"
        )
        line = submission.line_of(calls_helper(helper.map_lookup_elem))
        raise Mistake(expected, came, line or sends_of(submission), 1)
    if len(records) > 1:
        raise Mistake(expected, f"{len(records)} of them", sends_of(submission))
    return records[0]


def check_unseen(submission: Submission, interpreter: Interpreter, call: Call) -> None:
    """An exit whose entry nobody saw is worth no record. Raises Mistake."""
    for unseen in (replace(call, pid=call.pid + 100, tid=call.tid + 100), call):
        interpreter.leave(unseen)
        if records := interpreter.records():
            raise Mistake(
                f"no record of {told(unseen)}, as nobody saw it begin",
                f"ns = {ns_of(records[0])}: was an entry left that should have been deleted?",
                sends_of(submission),
                2,
            )


def judge(submission: Submission, record: Record, call: Call, others: Sequence[Call] = ()) -> None:
    """Hold a record to a call. Raises Mistake."""
    check_caller(submission, record, call, told(call))
    ns: int = ns_of(record)
    end = call.time_ns + call.took_ns

    def near(other: int) -> bool:
        return abs(ns - other) < LOOKS

    if near(call.took_ns):
        return
    words, hint = "", 0
    if near(end):
        words = ", the time at its end: subtract that of its beginning"
    elif near(call.time_ns):
        words = ", the time at its beginning: subtract it from that of its end"
    elif near(WRAP - call.took_ns):
        words = ", below zero: it is the end minus the beginning"
    elif near(call.took_ns % (1 << 32)):
        words = ", its lower half alone: make it a u64"
    elif any(near(end - each.time_ns) for each in others):
        words, hint = ", since another thread began: the key has to be the thread's id", 1
    raise Mistake(
        f"ns = {call.took_ns} of {told(call)}",
        f"ns = {ns}{words}",
        store_of(submission, type(record), "ns") or sends_of(submission),
        hint,
    )


def grade_on_kernel(submission: Submission) -> None:
    dice = submission.dice
    with ExitStack() as stack:
        kernel = stack.enter_context(Kernel(submission))
        workers = [stack.enter_context(Worker(some_comm(dice))) for _ in range(2)]
        plan = [(each, dice.randrange(20, 99), dice.randrange(2, 6)) for each in workers]
        with kernel.attached():
            began = time.monotonic_ns()
            for worker, quick, slow in plan:
                worker.write(dice.randrange(10, 900), quick)
                worker.write_slowly(dice.randrange(10, 900), slow, SLOW)
            passed = time.monotonic_ns() - began
        seen = list(map(attrgetter("pid", "ns"), kernel.records()))
    if pid_namespace():  # the page tells the machine's number of a process, and we know ours
        return
    for worker, quick, slow in plan:
        took = [ns for pid, ns in seen if pid == worker.pid]
        long = sum(ns >= SLOW * 1e9 for ns in took)
        if len(took) != quick + slow or long < slow or sum(took) > passed:
            raise Mistake(
                f"{quick + slow} records of process {worker.pid}, {slow} of them of {SLOW} s or "
                f"more, and {passed / 1e9:.3f} s at most in all",
                f"{len(took)}, {long} of them so long, and {sum(took) / 1e9:.3f} s in all",
                sends_of(submission),
            )


EXERCISE = Exercise(
    "latency",
    "show how long each write() takes",
    (
        "The entry that was found is the time when the call began: load it with "
        "b.ldx(r7, u64[r0]) before ktime_get_ns is called, as r7 survives that, and subtract.",
        "get_current_pid_tgid returns process id << 32 | thread id. What is stored as a u32 is "
        "the lower half: b.stx(key, r0) before the shift, in both programs.",
        "After b.stx(event.ns, r0): b.ld_map(r1, STARTS), b.lea(r2, key), "
        "b.call(helper.map_delete_elem).",
    ),
    grade,
    grade_on_kernel,
)
