"""A program's result is what r0 holds when it exits."""

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
            second & LOW: ("its lower half alone: an argument is a u64", 2),
            0: ("whatever the arguments are", 1),
        }
        yield ReturnCase(given, second, "the second argument", wrong)


GRADER = ReturnGrader(cases, address=1)
EXERCISE = Exercise(
    "return-value",
    "return the second argument",
    (
        "r0 is the one register that a result is in: something has to be put into it before "
        "a.exit().",
        "r1 is an address. a.mov would copy that address; a.ldx loads what is there. Arguments "
        "are 8 bytes each, so the first is u64[r1 + 0].",
        "a.ldx(r0, u64[r1 + ...]), with the number of bytes that come before the second argument.",
    ),
    GRADER.grade,
    GRADER.grade_on_kernel,
)
