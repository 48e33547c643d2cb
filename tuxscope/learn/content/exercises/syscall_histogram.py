"""A histogram of the durations of all system calls: the third exercise of the second lab."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace

from tuxscope.asm import PerCpuArray, SourceLine, helper
from tuxscope.asm.maps import Hash
from tuxscope.learn.engine.calls import Call, random_call, random_comm
from tuxscope.learn.engine.counting import counted_array, power, totals
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.interpreter import Interpreter
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import check_attached

BITS = range(16, 40)  # of the durations that are tried: the clock's own steps are much smaller
SLOW = 0.03  # seconds that a slow call takes at least
STARTED = 1 << 50  # ns: no duration is as long as this


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter", "sys_exit", category="raw_syscalls")
    times = counted_array(submission, "a duration", hint=2)
    submission.map(Hash)
    rng = submission.rng
    for bits in rng.sample(BITS, 12):
        call, interpreter = call_of(submission, bits), submission.interpreter()
        expect(submission, interpreter, times, (call,), Counter({bits: 1}), described(call))
        interpreter.leave(call)
        unseen = f"an exit after {described(call)}, without an entry"
        check(submission, interpreter, times, Counter({bits: 1}), unseen, 1, (call,))
        twice = f"{described(call)} and another"
        expect(submission, interpreter, times, (call,), Counter({bits: 2}), twice)
    bits = rng.choice(BITS)
    first = call_of(submission, bits)
    # Its threads are in calls at the same time, one of them four times as long as the other.
    second = replace(
        first, tid=first.tid + 1, time_ns=first.time_ns + 7, took_ns=first.took_ns << 2
    )
    threads = "calls of two threads of a process at the same time"
    expected = Counter({bits: 1, bits + 2: 1})
    expect(submission, submission.interpreter(), times, (first, second), expected, threads, 0)
    other = replace(second, pid=first.pid + 100, tid=first.tid + 100)
    filtered = submission.interpreter(pid=first.pid)
    with_pid = f"calls of processes {first.pid} and {other.pid} with --pid {first.pid}"
    expect(submission, filtered, times, (first, other), Counter({bits: 1}), with_pid, 0)


def call_of(submission: Submission, bits: int) -> Call:
    """Return a random Call that takes from 1.25 to 1.75 times 2**``bits`` nanoseconds, an int; its
    values are random by ``submission``, a Submission."""
    took = (1 << bits) + submission.rng.randrange(1 << bits - 2, 3 << bits - 2)
    return replace(random_call(submission.rng), time_ns=STARTED, took_ns=took)


def described(call: Call) -> str:
    return f"a call of {call.took_ns} ns"


def expect(
    submission: Submission, interpreter: Interpreter, times: PerCpuArray, calls: tuple[Call, ...],
    expected: Counter[int], of: str, hint: int = 2,
) -> None:  # fmt: skip
    """Make ``calls``, a tuple of Call, which overlap, in ``interpreter``, an Interpreter; check
    what is counted. Raises Mistake.

    ``times`` is the PerCpuArray of the counts, ``expected`` a Counter of them by index, these calls
    included. ``of`` says what of, in words, ``hint`` is the index of the hint that fits;
    ``submission`` is the Submission.
    """
    for call in calls:
        interpreter.enter(call)
    for call in calls:
        interpreter.leave(call)
    check(submission, interpreter, times, expected, of, hint, calls)


def check(
    submission: Submission, interpreter: Interpreter, times: PerCpuArray, expected: Counter[int],
    of: str, hint: int, calls: tuple[Call, ...],
) -> None:  # fmt: skip
    """Check that the counts in ``times``, a PerCpuArray of ``interpreter``, an Interpreter, are
    ``expected``, a Counter by index; raise Mistake if not.

    ``calls`` is a tuple of the Calls just made, ``of`` says what of, in words, ``hint`` is the
    index of the hint that fits, ``submission`` the Submission.
    """
    came = +totals(interpreter.map(times).items())
    if came == expected:
        return
    starts = submission.map(Hash)
    left = list(interpreter.map(starts).keys())
    words = shown(came) or "no entry"
    ends = {power(each.time_ns + each.took_ns) for each in calls}
    if came.keys() & ends:
        words += ": that is the time at the end; subtract the time at the start"
        hint = 1
    elif came.keys() & {power((1 << 64) - each.took_ns) for each in calls}:
        words += ": below zero; subtract the start from the end"
        hint = 1
    elif came.keys() == {each + 1 for each in expected}:
        words += ": one too high"
    elif came > expected:
        words += ": was an old entry not deleted?"
    elif came and came < expected and len(calls) == 1:
        words += ": is the count set instead of incremented?"
    elif not came and left:
        words += f", and {left[0]} is left in {starts.name}: do both programs use the same key, "
        words += "and is the index the logarithm?"
        hint = 0
    raise Mistake(
        f"{shown(expected)} in {times.name} for {of}", words, line_of_count(submission), hint
    )


def shown(counts: Counter[int]) -> str:
    return ", ".join(f"{count} in entry {index}" for index, count in sorted(counts.items()))


def line_of_count(submission: Submission) -> SourceLine:
    """Return the SourceLine of the last lookup in ``submission``, a Submission: that of the
    array."""
    *_, line = (
        submission.definition,
        *(each.source for each in submission.instructions(calls_helper(helper.map_lookup_elem))),
    )
    return line or submission.definition


def grade_on_kernel(submission: Submission) -> None:
    times = counted_array(submission, "a duration", hint=2)
    rng = submission.rng
    quick, slow = rng.randrange(50, 200), rng.randrange(2, 6)
    with ExitStack() as stack:
        worker = stack.enter_context(Worker(random_comm(rng)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        with kernel.attached():
            worker.write(rng.randrange(10, 900), quick)
            worker.read_slowly(rng.randrange(10, 900), slow, SLOW)
        came = +totals(kernel.map(times).items())
        missed = kernel.missed
    long = sum(count for index, count in came.items() if index >= power(int(SLOW * 1e9)))
    if came.total() < quick + slow - missed or long < slow - missed:
        raise Mistake(
            f"{quick + slow} calls or more, {slow} of them or more of {SLOW} s at least",
            f"{came.total()} calls, {long} of them that long",
            line_of_count(submission),
        )


EXERCISE = Exercise(
    "syscall-histogram",
    "count all system calls by how long they take",
    (
        "In both programs: store the key, then shift. In the second nothing needs the process id, "
        "so it needs no shift.",
        "b.ldx(r7, u64[r0]) loads the start. After b.mov(r6, r0): b.sub(r6, r7), then b.ld_map(r1, "
        "STARTS), b.lea(r2, tid), b.call(helper.map_delete_elem).",
        "r7 = 0, then in Python's loop over 32, 16, 8, 4, 2 and 1: b.mov(r1, r6), b.rsh(r1, bits), "
        'b.jeq(r1, 0, f"below {bits}"), b.mov(r6, r1), b.add(r7, bits), b.label(f"below {bits}"). '
        "The index is r7.",
    ),
    grade,
    grade_on_kernel,
)
