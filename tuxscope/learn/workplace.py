"""Finds the exercise, and the student's page for it, from what was typed."""

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
    """A frozen dataclass: a student's page.

    Attributes:
        exercise: the Exercise that it answers.
        directory: a str, the path of its directory; empty for the current one.
        file: a str, its path.
    """

    exercise: Exercise
    directory: str

    @property
    def file(self) -> str:
        return os.path.join(self.directory, file_name(self.exercise.name))

    def command(self, action: str, *more: str) -> str:
        """Return the command line, a str, of ``action``, a word, with the words ``more``, each a
        str: ``tuxscope learn hint return-value``."""
        directory = [self.directory] if self.directory else []
        return shlex.join(["tuxscope", "learn", action, self.exercise.name, *directory, *more])


def workplace(name: str, directory: str | None) -> Workplace:
    """Return the Workplace that ``name`` means, an exercise or its file, in ``directory``, or the
    current one if None. Raises UsageError."""
    parent, file = os.path.split(name)
    own = exercise_name(name)
    if not own and parent and (own := exercise_name(file)):
        if directory is not None:
            raise UsageError(f"learn: {name} already names a directory; leave out {directory}")
        directory = parent
    if not own and name.endswith(".py"):
        near = did_you_mean(file, map(file_name, names()))
        raise UsageError(
            f"learn: {name} is not the page of an exercise, such as return_value.py{near}"
        )
    place = Workplace(exercise_named(own or name), directory or "")
    if directory and directory.endswith(".py"):
        if os.path.basename(directory) != os.path.basename(place.file):
            raise UsageError(
                f"learn: {directory} is not a directory, and the page of {own} is {file_name(own)}"
            )
        return Workplace(place.exercise, os.path.dirname(directory))
    return place


def is_exercise(word: str) -> bool:
    """Return whether ``word`` is the name of an exercise, or of its page."""
    return bool(exercise_name(os.path.basename(word)) or exercise_name(word))


def require(place: Workplace) -> None:
    """Raise UsageError if the page at ``place``, a Workplace, does not exist."""
    if not os.path.isfile(place.file):
        raise UsageError(f"learn: {place.file} does not exist; try: {place.command('start')}")
