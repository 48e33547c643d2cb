"""Arithmetic on registers, and a conditional jump."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.returns import ReturnCase, ReturnGrader

ALL = (1 << 64) - 1
NEGATIVE = "the difference is below zero, and wraps around to a large number"


def cases(rng: random.Random) -> Iterator[ReturnCase]:
    small = (rng.randrange(10**9) for _ in range(3))
    # As signed numbers, those from 2**63 on would be negative.
    large = ((1 << 63) + rng.randrange(-(10**9), 10**9) for _ in range(3))
    for begin in (*small, *large):
        took = rng.randrange(10**6, 10**12)
        yield ReturnCase(
            (begin, begin + took),
            took // 1000,
            "the microseconds from the first argument to the second",
            {
                took: ("the nanoseconds: divide them by 1000", 0),
                took >> 10: ("the quotient by 1024: a shift divides by a power of two", 0),
                0: ("as if the second time came before the first", 2),
                (-took & ALL) // 1000: ("the first minus the second", 0),
            },
        )
        yield ReturnCase(
            (begin + took, begin),
            0,
            "as the second argument comes before the first",
            {-took & ALL: (NEGATIVE, 1), (-took & ALL) // 1000: (NEGATIVE, 1)},
        )


GRADER = ReturnGrader(cases)
EXERCISE = Exercise(
    "arithmetic-and-jump",
    "the microseconds between two times, or 0",
    (
        "a.sub(r0, r2) is r0 -= r2, and a.div(r0, 1000) is r0 /= 1000: the first register is "
        "the destination.",
        "An unsigned number is never negative: compare the two before you subtract. Python's if "
        "cannot do that, as it runs once, while assembling; a jump such as "
        'a.jlt(r3, r2, "out") is decided on every run.',
        'With 0 in r0, a.jlt(end, begin, "out") jumps over the computation: a.mov(r0, end), a.sub, '
        "a.div. jlt is an unsigned comparison, jslt a signed one.",
    ),
    GRADER.grade,
    GRADER.grade_on_kernel,
)
