"""``tuxscope learn check``: once, for all exercises, or again and again while a page is edited."""

from __future__ import annotations

import os

from tuxscope.errors import UsageError
from tuxscope.learn.actions import say_next
from tuxscope.learn.catalogue import LADDER, exercise_named, names
from tuxscope.learn.examination import Interrupted, examined, fresh_seed
from tuxscope.learn.feedback import as_object, lines
from tuxscope.learn.progress import Progress
from tuxscope.learn.verdict import Stage, StageState, Verdict
from tuxscope.learn.workplace import Workplace, require, workplace
from tuxscope.output.compact import COMPACT
from tuxscope.output.lines import Style
from tuxscope.output.sink import LiveSink
from tuxscope.run.interrupt import Interrupt
from tuxscope.run.watch import Watch

POLL = 0.2  # seconds between two looks at a page that is watched
INTERRUPTED = 130  # as a shell has it


class Checker:
    """Grades pages, prints what is to be said of them, and keeps it."""

    def __init__(self, format: Style, seed: int | None, interrupt: Interrupt) -> None:
        self._sink = LiveSink(interrupt)
        self.watch = Watch(self._sink, interrupt)
        self._format = format
        self._seed = seed
        self._interrupt = interrupt

    def grade(self, place: Workplace) -> Verdict:
        """The verdict on a page that is there. Raises Interrupted."""
        seed = fresh_seed() if self._seed is None else self._seed
        return examined(place.exercise.name, place.file, seed, self._interrupt)

    def check(self, place: Workplace, leads_on: bool = False) -> bool:
        """Grade a page, and tell; returns whether it passed. Raises Interrupted.

        ``leads_on``: say what comes next after one that has.
        """
        verdict = self.grade(place)
        self.tell(verdict, place)
        progress = keep(verdict, place)
        if leads_on and verdict.passed and self._format is Style.TEXT:
            say_next(place.folder, progress)
        return verdict.passed

    def tell(self, verdict: Verdict, place: Workplace) -> None:
        if self._format is Style.JSON:
            self.write(f"{COMPACT(as_object(verdict, place))}\n")
        else:
            told = lines(verdict, place, self._sink.fileno())
            self.write("".join(f"{line}\n" for line in told))

    def write(self, text: str) -> None:
        """Raises OutputError."""
        self._sink.write(text)
        if self._sink.error:
            raise self._sink.error


def check(name: str, folder: str | None, format: Style, seed: int | None) -> int:
    """Grade one page; returns the exit status. Raises UsageError."""
    place = workplace(name, folder)
    require(place)
    with Interrupt() as interrupt:
        try:
            return 0 if Checker(format, seed, interrupt).check(place, leads_on=True) else 1
        except Interrupted:
            return INTERRUPTED


def watch(name: str, folder: str | None, format: Style, seed: int | None) -> int:
    """Grade a page each time that it is another, until the user has had enough."""
    place = workplace(name, folder)
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
                    checker.check(place, leads_on=True)
                except Interrupted:
                    break
            stamp = now
            if not checker.watch.wait(POLL):
                break
    return 0


def stamp_of(file: str) -> object:
    """What is another once a file was written; None where there is none just now."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def contents(file: str) -> bytes | None:
    try:
        with open(file, "rb") as page:
            return page.read()
    except OSError:
        return None


def check_all(folder: str, format: Style, seed: int | None) -> int:
    """Grade all exercises of a folder; those that are not there have not passed."""
    if not os.path.isdir(folder):
        raise UsageError(f"learn: there is no folder {folder}")
    everyone = (Workplace(exercise_named(name), folder) for name in names())
    # Of the gallery there are too many to miss those that were not begun.
    places = [
        each for each in everyone if each.exercise.name in LADDER or os.path.isfile(each.file)
    ]
    passed = 0
    with Interrupt() as interrupt:
        checker = Checker(format, seed, interrupt)
        for place in places:
            if not os.path.isfile(place.file):
                if format is Style.JSON:
                    checker.tell(absent(place), place)
                continue
            try:
                passed += checker.check(place)
            except Interrupted:
                return INTERRUPTED
        if format is Style.TEXT:
            checker.write(f"{passed} of {len(places)} exercises passed\n")
    return 0 if passed == len(places) else 1


def absent(place: Workplace) -> Verdict:
    """The verdict on a page that is not there."""
    none = Stage(StageState.NOT_RUN, f"there is no {os.path.basename(place.file)}")
    kernel = none if place.exercise.grade_on_kernel else None
    return Verdict(place.exercise.name, 0, none, kernel)


def keep(verdict: Verdict, place: Workplace) -> Progress:
    """Note beside the page how it went; returns how far the student is now."""
    progress = Progress(place.folder)
    progress.set(verdict.name, progress.of(verdict.name).after(verdict))
    progress.save()
    return progress
