"""The calls in which a thread sleeps: the seventh exercise of the second lab."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from operator import attrgetter

from tuxscope.abi.native import native_numbers
from tuxscope.asm import RingBuf, SourceLine, helper
from tuxscope.asm.layout import Place, RecordedLayout
from tuxscope.learn.content.exercises.syscall_count import NUMBERS
from tuxscope.learn.engine.calls import Call, random_call, random_comm
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.kernel import Kernel, Worker, has_structs
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.pairs import Pairs
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    CLOCK_TOLERANCE,
    check_attached,
    check_call_name,
    check_caller,
    check_fields,
    check_filter,
    check_shown,
    check_value,
    sends_of,
    store_of,
)
from tuxscope.record import Record

# Another kernel: what LINUX_6_18 says is wrong there.
ELSEWHERE = RecordedLayout(
    fields={}, members={"task_struct": {"nvcsw": Place(1800, 8), "nivcsw": Place(1808, 8)}}
)
LONG, SHORT = 80_000_000, 2_000  # ns
SLOW = 0.03  # seconds that a call sleeps at least
SWITCHES = (0, 5, 70_000, (1 << 32) - 1)  # of a thread before its call


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter", "sys_exit", category="raw_syscalls", hint=None)
    record_type = check_shown(submission, "pid", "ns", "sleeps", hint=1, kind=RingBuf)
    check_fields(submission, record_type, "number", hint=None)
    check_call_name(submission, record_type, hint=None)
    rng = submission.rng
    pairs = Pairs(submission, partial(judge, submission), described, 2)
    interpreter = submission.interpreter()
    for before in rng.sample(SWITCHES, len(SWITCHES)):
        call = call_of(submission, before, slept=rng.randrange(1, 5), took=LONG)
        pairs.check_one(interpreter, call)
        pairs.check_one(interpreter, replace(call, took_ns=SHORT))
        awake = replace(call, slept=0)
        for each in (awake, replace(awake, took_ns=SHORT), replace(awake, preempted=3)):
            interpreter.call(each)
            if interpreter.records():
                words = "one"
                if each.preempted:
                    words += ": nivcsw counts these, nvcsw is the number of voluntary ones"
                raise Mistake(f"no record of {described(each)}", words, reads(submission), 0)
    first, second = (call_of(submission, each, slept=each, took=LONG) for each in (1, 2))
    second = replace(second, pid=first.pid, tid=first.tid + 1)
    pairs.check_overlap(first, second)
    awake = replace(first, slept=0)
    interpreter.call(awake)
    pairs.check_unseen(interpreter, awake)
    check_filter(submission, first)
    check_layout(submission, first)


def call_of(submission: Submission, before: int, slept: int, took: int) -> Call:
    """Return a random Call of ``submission``, a Submission, by a thread that was switched out
    voluntarily ``before`` times before it and ``slept`` times in it; it ``took`` so many ns."""
    rng = submission.rng
    return replace(
        random_call(rng),
        number=rng.choice(NUMBERS),
        switches=(before, rng.randrange(9, 99)),
        slept=slept,
        took_ns=took,
    )


def described(call: Call) -> str:
    sleeps = f"sleeps {call.slept} time{'s' * (call.slept != 1)}" if call.slept else "never sleeps"
    preempted = f" and is preempted {call.preempted} times" if call.preempted else ""
    return f"a call of {call.took_ns} ns by process {call.pid} that {sleeps}{preempted}"


def judge(submission: Submission, record: Record, call: Call) -> None:
    """Check ``record``, a Record that ``submission``, a Submission, sent for ``call``, a Call.
    Raises Mistake."""
    of = described(call)
    check_caller(submission, record, call, of)
    check_value(submission, record, "number", call.number, of)
    before, after = call.switches[0], call.switches[0] + call.slept
    wrong = {
        before: ("how often the thread had slept before", 1),
        after: ("also those before the call: subtract them", 1),
        -call.slept & (1 << 64) - 1: ("below zero; subtract those at the entry", 1),
    }
    check_value(submission, record, "sleeps", call.slept, of, wrong)
    ns = attrgetter("ns")(record)
    if abs(ns - call.took_ns) >= CLOCK_TOLERANCE:
        line = store_of(submission, type(record), "ns") or sends_of(submission)
        raise Mistake(f"ns = {call.took_ns} of {of}", f"ns = {ns}", line, None)


def check_layout(submission: Submission, call: Call) -> None:
    """Check by ``call``, a Call, that the page of ``submission``, a Submission, asks the layout for
    the offset. Raises Mistake."""
    interpreter = submission.interpreter(layout=ELSEWHERE)
    interpreter.call(call)
    if [attrgetter("sleeps")(each) for each in interpreter.records()] != [call.slept]:
        raise Mistake(
            f"a record of {described(call)} on another kernel, too",
            'none: is the offset that of layout.member("task_struct", "nvcsw")?',
            reads(submission),
        )


def reads(submission: Submission) -> SourceLine:
    """Return the SourceLine of ``submission``, a Submission, that reads the task, or else of the
    one that sends."""
    line = submission.line_of(calls_helper(helper.probe_read_kernel))
    return line or sends_of(submission)


def grade_on_kernel(submission: Submission) -> None:
    if not has_structs():  # it does not say where nvcsw is
        return
    rng = submission.rng
    known = native_numbers()
    slow, quick = rng.randrange(2, 6), rng.randrange(50, 200)
    with ExitStack() as stack:
        worker = stack.enter_context(Worker(random_comm(rng)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        with kernel.attached():
            worker.write(rng.randrange(10, 900), quick)
            worker.read_slowly(rng.randrange(10, 900), slow, SLOW)
        seen = list(map(attrgetter("number", "ns", "sleeps"), kernel.records()))
        missed = kernel.missed
    slept = [ns for number, ns, sleeps in seen if number == known["read"] and sleeps]
    writes = sum(number == known["write"] for number, _, _ in seen)
    if not slow - missed <= len(slept) <= slow or min(slept, default=0) < SLOW * 1e9 or writes:
        raise Mistake(
            f"{slow} records of read, each of {SLOW} s or more, and none of write",
            f"{len(slept)} of read{f', {min(slept) / 1e9:.3f} s at least' if slept else ''}, and "
            f"{writes} of write",
            reads(submission),
        )


EXERCISE = Exercise(
    "syscall-sleep",
    "find the calls that sleep",
    (
        "def read_sleeps(a: Assembler, layout: Layout, to: Memory): a.call(helper.get_current_task)"
        ', a.mov(r3, r0), a.add(r3, layout.member("task_struct", "nvcsw").offset), a.lea(r1, to), '
        "a.mov(r2, 8), a.call(helper.probe_read_kernel)",
        "sleeps = u64 in CallEvent, and a column. read_sleeps(a, layout, event.sleeps) at the "
        "entry. At the exit: read_sleeps(b, layout, sleeps), b.ldx(r8, sleeps), b.ldx(r1, "
        'CallEvent[r7].sleeps), b.sub(r8, r1), b.jeq(r8, 0, "done"), b.stx(CallEvent[r7].sleeps, '
        "r8).",
        "The key is the thread id, in both programs. A call that did not sleep jumps to done, in "
        "front of the lines that delete its entry.",
    ),
    grade,
    grade_on_kernel,
)
