"""The return value of a program, in r0."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.returns import LOW, ReturnCase, ReturnGrader

ROUNDS = 5


def cases(rng: random.Random) -> Iterator[ReturnCase]:
    for _ in range(ROUNDS):
        first, second, third = given = tuple(rng.getrandbits(64) for _ in range(3))
        wrong = {
            first: ("the first argument", 2),
            third: ("the third argument", 2),
            second & LOW: ("its lower half only: an argument is a u64", 2),
            0: ("whatever the arguments are", 1),
        }
        yield ReturnCase(given, second, "the second argument", wrong)


GRADER = ReturnGrader(cases, address=1)
EXERCISE = Exercise(
    "return-value",
    "return the second argument",
    (
        "A program returns what is in r0: set it before a.exit().",
        "r1 is an address. a.mov copies the address; a.ldx loads from it. Arguments are 8 bytes "
        "each, so the first is u64[r1 + 0].",
        "a.ldx(r0, u64[r1 + ...]), with the offset of the second argument in bytes.",
    ),
    GRADER.grade,
    GRADER.grade_on_kernel,
)
