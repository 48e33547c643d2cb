"""A loop with a bound that the verifier knows."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import goes_back
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.returns import ReturnCase, ReturnGrader
from tuxscope.learn.engine.submission import Submission

MOST = 100


def total(count: int) -> int:
    return count * (count + 1) // 2


def cases(rng: random.Random) -> Iterator[ReturnCase]:
    few = [0, 1, *(rng.randrange(2, MOST) for _ in range(3)), MOST]
    # The largest first: a loop without a limit is reported as such, not as one iteration too many.
    many = [rng.getrandbits(40) | 1 << 63, rng.randrange(1 << 20, 1 << 32), MOST + 1]
    for number in (*many, *few):
        count = min(number, MOST)
        meaning = f"the sum of 1 to {count}"
        wrong = {
            total(count + 1): (f"one iteration too many, {count + 1}", 2),
            0: ("no iterations: a number of 2**63 or more is not negative here", 1),
        }
        if count:
            wrong[total(count - 1)] = (f"one iteration too few, {count - 1}", 2)
        yield ReturnCase((number,), total(count), meaning, wrong)


GRADER = ReturnGrader(cases, (f"an end after {MOST} iterations, whatever the argument is", 0))


def grade(submission: Submission) -> None:
    GRADER.grade(submission)
    if submission.line_of(goes_back) is None:
        wanted = "a loop, as the task says: a jump backwards"
        raise Mistake(wanted, "no jump backwards", submission.definition, 1)


EXERCISE = Exercise(
    "bounded-loop",
    f"add up 1 to n, in {MOST} iterations at most",
    (
        "The loop runs n times, and n can be any number. Where in the program is n loaded, and "
        "nothing added up yet?",
        f"Limit n before the loop: compare it with {MOST}, unsigned, and a.mov(r2, {MOST}) unless "
        f"the jump is taken.",
        f'a.jle(r2, {MOST}, "few"), a.mov(r2, {MOST}), a.label("few"), all before the loop. The '
        "iterations are 1 to n, both included.",
    ),
    grade,
    GRADER.grade_on_kernel,
)
