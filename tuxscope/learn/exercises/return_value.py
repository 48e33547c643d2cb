"""A program's result is what r0 holds when it exits."""

from __future__ import annotations

from tuxscope.learn.exercise import Exercise, Mistake
from tuxscope.learn.kernel import Kernel
from tuxscope.learn.submission import Submission, is_form

ROUNDS = 5
TOLD = (
    "r0 is the one register that a program's result is in: something has to be put into it "
    "before a.exit().",
    "r1 is the address of the arguments, 8 bytes each: the first is u64[r1 + 0], the second "
    "u64[r1 + 8]. a.mov copies a register; a.ldx loads what is in memory.",
    "The line is a.ldx(r0, u64[...]), with the address of the second argument in the brackets.",
)
LOW = (1 << 32) - 1


def grade(submission: Submission) -> None:
    for _ in range(ROUNDS):
        first, second, third = (submission.dice.getrandbits(64) for _ in range(3))
        judge(submission, (first, second, third), submission.result(first, second, third))


def grade_on_kernel(submission: Submission) -> None:
    with Kernel(submission) as kernel:
        for _ in range(ROUNDS):
            given = tuple(submission.dice.getrandbits(31) for _ in range(3))
            judge(submission, given, kernel.result(*given))


def judge(submission: Submission, given: tuple[int, ...], came: int) -> None:
    """Raises Mistake."""
    if came == given[1]:
        return
    if came in given:
        number = given.index(came) + 1
        what, hint = f"argument number {number}, {came:#x}", 2
    elif came == given[1] & LOW:
        what, hint = f"{came:#x}, its lower half: u64 is all 8 bytes", 1
    else:
        what, hint = f"{came:#x}", 1
    raise Mistake(
        f"r0 = {given[1]:#x}, the second of the arguments {', '.join(map(hex, given))}",
        what,
        submission.line_of(is_form("exit")),
        hint,
    )


EXERCISE = Exercise("return-value", "return the second argument", TOLD, grade, grade_on_kernel)
