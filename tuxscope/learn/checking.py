"""``tuxscope learn check``: one page, all pages of a directory, or one whenever it changes."""

from __future__ import annotations

import os

from tuxscope.errors import UsageError
from tuxscope.learn.actions import say_next
from tuxscope.learn.content.catalogue import LADDER, exercise_named, names
from tuxscope.learn.engine.verdict import Stage, StageState, Verdict
from tuxscope.learn.examination import Interrupted, examined, fresh_seed
from tuxscope.learn.feedback import as_object, lines
from tuxscope.learn.progress import Progress
from tuxscope.learn.workplace import Workplace, require, workplace
from tuxscope.output.compact import COMPACT
from tuxscope.output.lines import Style
from tuxscope.output.sink import LiveSink
from tuxscope.run.interrupt import Interrupt
from tuxscope.run.watch import Watch

POLL = 0.2  # seconds between two looks at a page with --watch
INTERRUPTED = 130  # the exit status of a shell after Ctrl-C


class Checker:
    """Grades pages, prints the verdicts, and saves the progress.

    It prints as ``format``, a Style, and takes the random inputs from ``seed``, an int; None for a
    new seed each time. ``interrupt`` is the run's Interrupt.

    Attributes:
        watch: the Watch that waits between two looks at a page.
    """

    def __init__(self, format: Style, seed: int | None, interrupt: Interrupt) -> None:
        self._sink = LiveSink(interrupt)
        self.watch = Watch(self._sink, interrupt)
        self._format = format
        self._seed = seed
        self._interrupt = interrupt

    def grade(self, place: Workplace) -> Verdict:
        """Return the Verdict on the page at ``place``, a Workplace whose page exists. Raises
        Interrupted."""
        seed = fresh_seed() if self._seed is None else self._seed
        return examined(place.exercise.name, place.file, seed, self._interrupt)

    def check(self, place: Workplace, suggest_next: bool = False) -> bool:
        """Grade the page at ``place``, a Workplace, and print the verdict; return whether it
        passed. Raises Interrupted.

        With ``suggest_next``, a bool, print the command for the next exercise after a pass.
        """
        verdict = self.grade(place)
        self.print(verdict, place)
        progress = save(verdict, place)
        if suggest_next and verdict.passed and self._format is Style.TEXT:
            say_next(place.directory, progress)
        return verdict.passed

    def print(self, verdict: Verdict, place: Workplace) -> None:
        """Print ``verdict``, a Verdict on the page at ``place``, a Workplace. Raises
        OutputError."""
        if self._format is Style.JSON:
            self.write(f"{COMPACT(as_object(verdict, place))}\n")
        else:
            text = lines(verdict, place, self._sink.fileno())
            self.write("".join(f"{line}\n" for line in text))

    def write(self, text: str) -> None:
        """Write ``text``, a str, to stdout. Raises OutputError."""
        self._sink.write(text)
        if self._sink.error:
            raise self._sink.error


def check(name: str, directory: str | None, format: Style, seed: int | None) -> int:
    """Grade the page of exercise ``name`` in ``directory`` (None: the current one), print the
    verdict as ``format``, a Style; return the exit status.

    ``seed`` is that of the random inputs, an int, or None for a new one. Raises UsageError.
    """
    place = workplace(name, directory)
    require(place)
    with Interrupt() as interrupt:
        try:
            return 0 if Checker(format, seed, interrupt).check(place, suggest_next=True) else 1
        except Interrupted:
            return INTERRUPTED


def watch(name: str, directory: str | None, format: Style, seed: int | None) -> int:
    """Grade the page of exercise ``name`` in ``directory`` (None: the current one) whenever it
    changes, until Ctrl-C; return the exit status.

    ``format`` is a Style; ``seed`` is that of the random inputs, an int, or None for a new one each
    time.
    """
    place = workplace(name, directory)
    require(place)
    stamp: object = None
    graded: bytes | None = None
    with Interrupt() as interrupt:
        checker = Checker(format, seed, interrupt)
        while True:
            now = stamp_of(place.file)
            if now != stamp and (found := contents(place.file)) not in (None, graded):
                if graded is not None and format is Style.TEXT:
                    checker.write("\n")
                graded = found
                try:
                    checker.check(place, suggest_next=True)
                except Interrupted:
                    break
            stamp = now
            if not checker.watch.wait(POLL):
                break
    return 0


def stamp_of(file: str) -> object:
    """Return the modification time in ns, size and inode of ``file``, a path, as a tuple; None if
    it does not exist."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def contents(file: str) -> bytes | None:
    """Return the bytes of ``file``, a path; None if it cannot be read."""
    try:
        with open(file, "rb") as page:
            return page.read()
    except OSError:
        return None


def check_all(directory: str, format: Style, seed: int | None) -> int:
    """Grade all pages of ``directory``, a path, and print the verdicts as ``format``, a Style;
    return the exit status, 0 if all have passed.

    An exercise without a page has not passed. ``seed`` is that of the random inputs, an int, or
    None for a new one each time.
    """
    if not os.path.isdir(directory):
        raise UsageError(f"learn: there is no directory {directory}")
    everyone = (Workplace(exercise_named(name), directory) for name in names())
    # Of the gallery only those that were started count: it has too many.
    places = [
        each for each in everyone if each.exercise.name in LADDER or os.path.isfile(each.file)
    ]
    passed = 0
    with Interrupt() as interrupt:
        checker = Checker(format, seed, interrupt)
        for place in places:
            if not os.path.isfile(place.file):
                if format is Style.JSON:
                    checker.print(absent(place), place)
                continue
            try:
                passed += checker.check(place)
            except Interrupted:
                return INTERRUPTED
        if format is Style.TEXT:
            checker.write(f"{passed} of {len(places)} exercises passed\n")
    return 0 if passed == len(places) else 1


def absent(place: Workplace) -> Verdict:
    """Return the Verdict on the page at ``place``, a Workplace, if it does not exist."""
    none = Stage(StageState.NOT_RUN, f"{os.path.basename(place.file)} does not exist")
    kernel = none if place.exercise.grade_on_kernel else None
    return Verdict(place.exercise.name, 0, none, kernel)


def save(verdict: Verdict, place: Workplace) -> Progress:
    """Save ``verdict``, a Verdict on the page at ``place``, a Workplace, in the directory's
    progress file; return the Progress."""
    progress = Progress(place.directory)
    progress.set(verdict.name, progress.of(verdict.name).after(verdict))
    progress.save()
    return progress
