"""hello on a ring buffer: the first exercise of the second lab."""

from __future__ import annotations

from contextlib import ExitStack
from operator import attrgetter

from tuxscope.asm.maps import RingBuf
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
from tuxscope.vm.maps import Values, VirtualRingBuf
from tuxscope.vm.ring_state import VirtualRing

CALLS = 5
WORKERS = 3
LOST = 3


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write")
    check_shown(submission, "pid", "comm", "timestamp_ns", kind=RingBuf)
    interpreter = submission.interpreter()
    for _ in range(CALLS):
        call = random_call(submission.rng)
        of = described(call)
        record = record_of(submission, interpreter, call)
        check_caller(submission, record, call, of)
        check_time(submission, record, call, of)
    check_lost(submission)


def check_lost(submission: Submission) -> None:
    """Check that ``submission``, a Submission, counts the records that a full ring buffer has no
    room for; raise Mistake if not."""
    events = submission.page.map
    assert isinstance(events, RingBuf)
    interpreter = submission.interpreter()
    ring = interpreter.machine.maps[events]
    assert isinstance(ring, VirtualRingBuf)
    ring.ring = VirtualRing(produced=events.max_entries)
    interpreter.call(*(random_call(submission.rng) for _ in range(LOST)))
    lost = interpreter.machine.maps.get(events.lost)
    came = sum(lost.lookup(0) or ()) if isinstance(lost, Values) else None
    if came != LOST:
        raise Mistake(
            f"{LOST} in {events.lost.name} after {LOST} writes, if the ring buffer is full",
            "the program does not count what it cannot send" if came is None else str(came),
            sends_of(submission),
            1,
        )


def grade_on_kernel(submission: Submission) -> None:
    rng = submission.rng
    with ExitStack() as stack:
        kernel = stack.enter_context(Kernel(submission))
        workers = [stack.enter_context(Worker(random_comm(rng))) for _ in range(WORKERS)]
        plan = [(each, rng.randrange(10, 99)) for each in workers]
        with kernel.attached():
            for worker, writes in plan:
                worker.write(rng.randrange(10, 900), writes)
        seen = list(map(attrgetter("pid", "comm"), kernel.records()))
    for worker, writes in plan:
        comms = [comm for pid, comm in seen if pid == worker.pid]
        if comms != [worker.comm] * writes:
            raise Mistake(
                f"{writes} records of {worker.comm}, which calls write() {writes} times",
                f"{len(comms)} records",
                sends_of(submission),
            )


EXERCISE = Exercise(
    "ringbuf",
    "send hello's record through a ring buffer",
    (
        'EVENTS = RingBuf("EVENTS", HelloEvent). In place of the lines from a.mov(r1, r6) to '
        "a.call(helper.perf_event_output): a.ringbuf_output(EVENTS, event).",
        "helper.ringbuf_output and helper.ringbuf_reserve count nothing. The methods "
        "a.ringbuf_output and a.ringbuf_reserve call them, and count.",
        "With a.ringbuf_reserve the filters come first, then the reservation, then the stores. "
        "Keep the process id in r6 meanwhile, as a.ringbuf_reserve clobbers r0 to r5.",
    ),
    grade,
    grade_on_kernel,
)
