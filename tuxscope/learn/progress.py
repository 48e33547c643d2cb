"""A student's progress, in a small file beside the pages."""

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
    """A frozen dataclass: a student's progress with one exercise.

    Attributes:
        pure, kernel: whether the page passed in the interpreter, and on the kernel, when it was
            last checked.
        hints: indices of the hints that were shown, in that order, a tuple of int.
        fitting: an int or None, index of the hint that fits the last mistake; None if none does.
    """

    pure: bool = False
    kernel: bool = False
    hints: tuple[int, ...] = ()
    fitting: int | None = None

    def after(self, verdict: Verdict) -> ExerciseProgress:
        """Return the ExerciseProgress after ``verdict``, a Verdict. If the kernel did not run, its
        last result stays."""
        pure = verdict.pure.state is StageState.PASSED
        kernel = verdict.kernel.state if verdict.kernel else StageState.NOT_RUN
        known = self.kernel if kernel is StageState.NOT_RUN else kernel is StageState.PASSED
        fitting = verdict.finding.hint if verdict.finding else None
        return ExerciseProgress(pure, pure and known, self.hints, fitting)

    def shown(self, hint: int) -> ExerciseProgress:
        """Return the ExerciseProgress after the hint of index ``hint``, an int, was shown."""
        return replace(self, hints=(*self.hints, hint))

    def next_hint(self, count: int) -> int | None:
        """Return the index, an int, of the hint to show next, of ``count`` hints; None if all were
        shown."""
        left = [each for each in range(count) if each not in self.hints]
        if self.fitting in left:
            return self.fitting
        return left[0] if left else None


class Progress:
    """The progress file of ``directory``, a path, a str."""

    def __init__(self, directory: str) -> None:
        """Read the file in ``directory``, a path. If it is damaged, print a warning and start with
        an empty one."""
        self._file = os.path.join(directory, FILE)
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
            say(f"{self._file} is damaged; the progress saved in it is lost")

    def of(self, name: str) -> ExerciseProgress:
        """Return the ExerciseProgress of the exercise ``name``, an empty one if there is none."""
        return self._exercises.get(name, ExerciseProgress())

    def set(self, name: str, standing: ExerciseProgress) -> None:
        """Set the progress with the exercise ``name`` to ``standing``, an ExerciseProgress."""
        self._exercises[name] = standing

    def save(self) -> None:
        """Write the file, or print why that is not possible."""
        found = {name: asdict(each) for name, each in self._exercises.items()}
        try:
            owner.replace(self._file, (json.dumps(found, indent=1) + "\n").encode())
        except OSError as error:
            say(f"cannot save your progress in {self._file}: {strerror(error)}")


def progress_of(found: Any) -> ExerciseProgress:
    """Return the ExerciseProgress of ``found``, any object, as read from JSON. Raises ValueError,
    TypeError, AttributeError."""
    hints, fitting = found.get("hints", []), found.get("fitting")
    if not all(isinstance(each, int) for each in (*hints, fitting or 0)):
        raise ValueError("a hint is a number")
    return ExerciseProgress(
        bool(found.get("pure")), bool(found.get("kernel")), tuple(hints), fitting
    )
