"""Which exercise is meant, and where the student's page is."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass

from tuxscope.errors import UsageError
from tuxscope.learn.catalogue import exercise_named, exercise_of_file, file_name
from tuxscope.learn.exercise import Exercise


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
    if not name.endswith(".py"):
        return Workplace(exercise_named(name), folder or "")
    if folder is not None:
        raise UsageError(f"learn: {name} says which folder it is in; leave out {folder}")
    directory, file = os.path.split(name)
    return Workplace(exercise_named(exercise_of_file(file)), directory)


def require(place: Workplace) -> None:
    """Raises UsageError where the page is not there."""
    if not os.path.isfile(place.file):
        raise UsageError(f"learn: there is no {place.file}; try: {place.command('start')}")
