"""Calls of a function of the program itself."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_function
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.returns import ReturnCase, ReturnGrader
from tuxscope.learn.engine.submission import Submission

ROUNDS = 5


def cases(rng: random.Random) -> Iterator[ReturnCase]:
    for _ in range(ROUNDS):
        first, second = rng.sample(range(3, 1 << 31), 2)
        wrong = {
            first**2: ("the square of the first only", 2),
            second**2: ("the square of the second only: where is the first result kept?", 2),
            2 * first**2: ("the square of the first, twice", 2),
            2 * second**2: ("the square of the second, twice: the first result is overwritten", 2),
            first + second: ("the sum without the squares", 0),
        }
        meaning = "the square of the first argument plus the square of the second"
        yield ReturnCase((first, second), first**2 + second**2, meaning, wrong)


GRADER = ReturnGrader(cases)


def grade(submission: Submission) -> None:
    GRADER.grade(submission)
    calls = list(submission.instructions(calls_function))
    if len(calls) != 2:
        how_often = {0: "no call", 1: "one call"}
        came = how_often.get(len(calls), f"{len(calls)} calls")
        source = calls[-1].source if calls else submission.definition
        raise Mistake("a function of the program that is called twice", came, source)


EXERCISE = Exercise(
    "local-call",
    "add up two squares, by a function called twice",
    (
        'a.call("square") calls the function that begins at a.function("square"). It takes r1 to '
        "r5, and returns r0. What is in r1 to r5 after a call?",
        "A call of a helper or a function clobbers r1 to r5. It preserves r6 to r9: keep there "
        "what you need later.",
        "Two values are needed after a call: the address in r1, so a.mov(r6, r1), and the "
        "first result, so a.mov(r7, r0).",
    ),
    grade,
    GRADER.grade_on_kernel,
)
