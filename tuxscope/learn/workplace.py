"""Which exercise is exercise_name, and where the student's page is."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass

from tuxscope.errors import UsageError
from tuxscope.learn.content.catalogue import exercise_name, exercise_named, file_name, names
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Workplace:
    """A student's page.

    Attributes:
        exercise: what it is to answer.
        folder: where it is; empty for the current one.
    """

    exercise: Exercise
    folder: str

    @property
    def file(self) -> str:
        return os.path.join(self.folder, file_name(self.exercise.name))

    def command(self, action: str, *more: str) -> str:
        """What to type for it: ``tuxscope learn hint return-value``."""
        folder = [self.folder] if self.folder else []
        return shlex.join(["tuxscope", "learn", action, self.exercise.name, *folder, *more])


def workplace(name: str, folder: str | None) -> Workplace:
    """What a student means by a name, or by a page's file. Raises UsageError."""
    directory, file = os.path.split(name)
    own = exercise_name(name)
    if not own and directory and (own := exercise_name(file)):
        if folder is not None:
            raise UsageError(f"learn: {name} says which folder it is in; leave out {folder}")
        folder = directory
    if not own and name.endswith(".py"):
        near = did_you_mean(file, map(file_name, names()))
        raise UsageError(
            f"learn: {name} is not named after an exercise, as return_value.py is{near}"
        )
    place = Workplace(exercise_named(own or name), folder or "")
    if folder and folder.endswith(".py"):
        if os.path.basename(folder) != os.path.basename(place.file):
            raise UsageError(
                f"learn: {folder} is no folder; the page of {own} is {file_name(own)}, in whatever "
                "folder"
            )
        return Workplace(place.exercise, os.path.dirname(folder))
    return place


def is_exercise(word: str) -> bool:
    """Whether a word is the name of an exercise, or of its page."""
    return bool(exercise_name(os.path.basename(word)) or exercise_name(word))


def require(place: Workplace) -> None:
    """Raises UsageError where the page is not there."""
    if not os.path.isfile(place.file):
        raise UsageError(f"learn: there is no {place.file}; try: {place.command('start')}")
