"""How far a student is: a small file beside the pages."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from typing import Any

from tuxscope.errors import strerror
from tuxscope.learn import owner
from tuxscope.learn.engine.verdict import StageState, Verdict
from tuxscope.output.messages import say

FILE = ".tuxscope-learn.json"


@dataclass(frozen=True, slots=True)
class ExerciseProgress:
    """How far a student is with one exercise.

    Attributes:
        pure, kernel: whether the page passed there when it was checked last.
        hints: indices of those that were shown, in that order.
        fitting: index of the hint that fits what was wrong last; None where none does.
    """

    pure: bool = False
    kernel: bool = False
    hints: tuple[int, ...] = ()
    fitting: int | None = None

    def after(self, verdict: Verdict) -> ExerciseProgress:
        """How far it is once a verdict is there: the kernel's word stays until it has another."""
        pure = verdict.pure.state is StageState.PASSED
        kernel = verdict.kernel.state if verdict.kernel else StageState.NOT_RUN
        known = self.kernel if kernel is StageState.NOT_RUN else kernel is StageState.PASSED
        fitting = verdict.finding.hint if verdict.finding else None
        return ExerciseProgress(pure, pure and known, self.hints, fitting)

    def shown(self, hint: int) -> ExerciseProgress:
        """How far it is once a hint was shown."""
        return replace(self, hints=(*self.hints, hint))

    def next_hint(self, count: int) -> int | None:
        """Index of the hint to show next, of so many; None where all were shown."""
        left = [each for each in range(count) if each not in self.hints]
        if self.fitting in left:
            return self.fitting
        return left[0] if left else None


class Progress:
    """What the file of a folder says."""

    def __init__(self, folder: str) -> None:
        """Read it; where it is damaged, say so and begin anew."""
        self._file = os.path.join(folder, FILE)
        self._exercises: dict[str, ExerciseProgress] = {}
        try:
            with open(self._file, encoding="utf-8") as file:
                found = json.load(file)
            self._exercises = {name: progress_of(each) for name, each in found.items()}
        except FileNotFoundError:
            pass
        except OSError as error:
            say(f"cannot read {self._file}: {strerror(error)}")
        except (ValueError, TypeError, AttributeError, RecursionError):
            say(f"{self._file} is damaged: what was done before is not known; it begins anew")

    def of(self, name: str) -> ExerciseProgress:
        return self._exercises.get(name, ExerciseProgress())

    def set(self, name: str, standing: ExerciseProgress) -> None:
        self._exercises[name] = standing

    def save(self) -> None:
        """Write it; where that cannot be, say so."""
        found = {name: asdict(each) for name, each in self._exercises.items()}
        try:
            owner.replace(self._file, (json.dumps(found, indent=1) + "\n").encode())
        except OSError as error:
            say(f"cannot keep what you have done in {self._file}: {strerror(error)}")


def progress_of(found: Any) -> ExerciseProgress:
    """What the file says of one exercise. Raises ValueError, TypeError or AttributeError."""
    hints, fitting = found.get("hints", []), found.get("fitting")
    if not all(isinstance(each, int) for each in (*hints, fitting or 0)):
        raise ValueError("a hint is a number")
    return ExerciseProgress(
        bool(found.get("pure")), bool(found.get("kernel")), tuple(hints), fitting
    )
