"""The declaration of an exercise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxscope.learn.engine.submission import Submission

Grader = Callable[["Submission"], None]


@dataclass(frozen=True)
class Exercise:
    """A frozen dataclass: one exercise.

    Attributes:
        name: a str, as it is typed, with hyphens.
        title: a str, the task in a few words.
        hints: a tuple of three texts, each closer to the answer than the one before.
        grade: a Grader, a callable that takes a Submission and raises Mistake or Fault if the
            answer is wrong; needs no kernel. Its random inputs come from ``submission.rng``.
        grade_on_kernel: a Grader or None, such a callable that grades on the running kernel; None
            if the exercise does not need it.
    """

    name: str
    title: str
    hints: tuple[str, ...]
    grade: Grader
    grade_on_kernel: Grader | None = None
