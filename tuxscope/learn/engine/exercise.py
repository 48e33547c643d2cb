"""What an exercise is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxscope.learn.engine.submission import Submission

Grader = Callable[["Submission"], None]


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        name: as it is typed, with hyphens.
        title: the task in a few words.
        hints: from a nudge to nearly the answer.
        grade: raises Mistake, or a Fault, for an answer that is not right; needs no kernel. What
            it tries comes from ``submission.rng``.
        grade_on_kernel: the same on the running kernel; None where there is nothing to try there.
    """

    name: str
    title: str
    hints: tuple[str, ...]
    grade: Grader
    grade_on_kernel: Grader | None = None
