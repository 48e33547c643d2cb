"""Uninitialised bytes of the stack, which must not leave the kernel."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.sends import RecordCase, RecordGrader

ROUNDS = 3


def cases(rng: random.Random) -> Iterator[RecordCase]:
    for _ in range(ROUNDS):
        value, extra = rng.getrandbits(63) | 1, rng.getrandbits(63) | 1
        kind = rng.randrange(1, 1 << 32)
        yield RecordCase((kind, value, extra), {"kind": kind, "value": value, "extra": extra})
        yield RecordCase((0, value, extra), {"kind": 0, "value": value, "extra": 0})


GRADER = RecordGrader(cases, hint=1)
EXERCISE = Exercise(
    "zero-the-stack",
    "send no uninitialised byte",
    (
        "a.stack emits no instruction: it only reserves an offset. Which bytes of the record does "
        "the program store on all paths to the call?",
        "a.zero stores zeros: a.zero(sample) in the whole record, a.zero(sample.padding) in its "
        "padding. A later store overwrites an earlier one.",
        "a.zero(sample) right after sample = a.stack(Sample), before anything is stored.",
    ),
    GRADER.grade,
    GRADER.grade_on_kernel,
)
