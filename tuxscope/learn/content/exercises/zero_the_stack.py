"""Nothing may leave the kernel that was never set."""

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
    "send no byte that was never set",
    (
        "a.stack emits nothing: it only says where the record is. Which of its bytes does the "
        "program store on all paths to the call?",
        "a.zero stores zeros: a.zero(sample) in all of the record, a.zero(sample.padding) in its "
        "holes. What comes later overwrites what came before.",
        "a.zero(sample) right after sample = a.stack(Sample), before anything is stored.",
    ),
    GRADER.grade,
    GRADER.grade_on_kernel,
)
