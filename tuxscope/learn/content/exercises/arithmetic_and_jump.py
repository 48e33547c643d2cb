"""Computing with registers, and a jump that the kernel decides on."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.returns import ReturnCase, ReturnGrader

ALL = (1 << 64) - 1
NEGATIVE = "the difference went below zero, and around to the largest numbers"


def cases(rng: random.Random) -> Iterator[ReturnCase]:
    small = (rng.randrange(10**9) for _ in range(3))
    # Numbers from 2**63 on would be negative if they had a sign.
    large = ((1 << 63) + rng.randrange(-(10**9), 10**9) for _ in range(3))
    for begin in (*small, *large):
        took = rng.randrange(10**6, 10**12)
        yield ReturnCase(
            (begin, begin + took),
            took // 1000,
            "the microseconds from the first argument to the second",
            {
                took: ("the nanoseconds: they are to be divided by 1000", 0),
                took >> 10: ("which is by 1024: a shift divides by powers of two", 0),
                0: ("as if the second came before the first", 2),
                (-took & ALL) // 1000: ("which is the first minus the second", 0),
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
        "always the one that changes.",
        "There are no negative numbers in an unsigned register: compare the two before you "
        "subtract. Python's if cannot do that, as nobody knows them yet; a jump such as "
        'a.jlt(r3, r2, "out") is decided on every run.',
        'With 0 in r0, a.jlt(end, begin, "out") skips all that computes: a.mov(r0, end), a.sub, '
        "a.div. jlt compares without a sign, jslt with one.",
    ),
    GRADER.grade,
    GRADER.grade_on_kernel,
)
