"""A loop whose end the verifier can see."""

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
    # The largest first: a loop without a limit is reported as such, not as one round too many.
    many = [rng.getrandbits(40) | 1 << 63, rng.randrange(1 << 20, 1 << 32), MOST + 1]
    for number in (*many, *few):
        count = min(number, MOST)
        meaning = f"the sum of 1 to {count}"
        wrong = {
            total(count + 1): (f"which is one round too many, {count + 1}", 2),
            0: ("as if there were no rounds: a number from 2**63 on is no negative one here", 1),
        }
        if count:
            wrong[total(count - 1)] = (f"which is one round too few, {count - 1}", 2)
        yield ReturnCase((number,), total(count), meaning, wrong)


GRADER = ReturnGrader(cases, (f"an end after {MOST} rounds, whatever the argument is", 0))


def grade(submission: Submission) -> None:
    GRADER.grade(submission)
    if submission.line_of(goes_back) is None:
        wanted = "a loop, as the task says: a jump that goes back"
        raise Mistake(wanted, "none of its jumps does", submission.definition, 1)


EXERCISE = Exercise(
    "bounded-loop",
    f"add up 1 to n, but {MOST} rounds at most",
    (
        "As it is, the loop runs as often as whoever calls it wants. Where in the program is n "
        "known, and nothing is added up yet?",
        f"Before the loop, make n smaller where it is too large: compare it with {MOST} without "
        f"a sign, and a.mov(r2, {MOST}) unless the jump is taken.",
        f'a.jle(r2, {MOST}, "few"), a.mov(r2, {MOST}), a.label("few"), all before the loop. The '
        f"rounds are 1 to n, both included.",
    ),
    grade,
    GRADER.grade_on_kernel,
)
