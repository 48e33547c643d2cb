"""What ``tuxscope learn`` does beside grading: the list, a starter, a hint, a solution."""

from __future__ import annotations

import os
import sys

from tuxscope.errors import TuxscopeError, UsageError, strerror
from tuxscope.learn import owner
from tuxscope.learn.content.catalogue import (
    LADDER,
    exercise_named,
    names,
    solution_text,
    starter_text,
)
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.progress import Progress
from tuxscope.learn.workplace import Workplace, workplace
from tuxscope.output.compact import COMPACT
from tuxscope.output.fitting import SHORTEST, Need, fit
from tuxscope.output.lines import Style
from tuxscope.output.messages import say
from tuxscope.output.screen import columns, cut, padded, prose, room, wrapped
from tuxscope.output.sink import Sink

INDENT = "  "
GAP = "  "  # between columns
HEADER = ("EXERCISE", "STATE", "TASK")
NOT_BEGUN, BEGUN = "-", "started"


class StartError(TuxscopeError):
    """A starter page that could not be written."""


def show_list(format: Style) -> int:
    """Print the exercises, and how far the student of this folder is."""
    progress, sink = Progress(""), Sink()
    places = [Workplace(exercise_named(name), "") for name in names()]
    rows = [(each.exercise, state_of(each, progress)) for each in places]
    if format is Style.JSON:
        objects = ({"name": each.name, "state": state, "title": each.title} for each, state in rows)
        sink.write("".join(f"{COMPACT(each)}\n" for each in objects))
        return 0
    listed = [row for row in rows if row[0].name in LADDER or row[1] != NOT_BEGUN]
    sink.write(table(listed, room()))
    repairs = ", ".join(each.name.partition("/")[2] for each, _ in rows if "/" in each.name)
    heading = "Programs that the kernel refuses, to be mended, as verifier/NAME:"
    sink.write("\n" + "".join(f"{line}\n" for line in wrapped(heading, prose())))
    told = wrapped(f"{repairs}.", prose() - len(INDENT))
    sink.write("".join(f"{INDENT}{line}\n" for line in told))
    say_next("", progress)
    return 0


def say_next(folder: str, progress: Progress) -> None:
    """Say what to type for the first exercise that is left to do, where there is one."""
    for name in names():
        place = Workplace(exercise_named(name), folder)
        state = state_of(place, progress)
        if state in (NOT_BEGUN, BEGUN):
            say(f"next: {place.command('check' if state == BEGUN else 'start')}")
            return


def table(rows: list[tuple[Exercise, str]], room: int | None) -> str:
    """Name, state and task, in columns; with None there is room for all."""
    cells = [HEADER, *((each.name, state, each.title) for each, state in rows)]
    name, state, task = (max(map(columns, column)) for column in zip(*cells, strict=True))
    widths: list[int | None] = [name, state, task]
    if room is not None:
        needs = Need(name, name), Need(state, state, 1), Need(min(task, SHORTEST), task, 2)
        widths = fit(needs, room, len(GAP))
    lines = (
        GAP.join(
            padded(cut(cell, width), width)
            for cell, width in zip(row, widths, strict=True)
            if width is not None
        )
        for row in cells
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def state_of(place: Workplace, progress: Progress) -> str:
    """How far the student is, in a word."""
    standing = progress.of(place.exercise.name)
    if standing.pure:
        whole = standing.kernel or place.exercise.grade_on_kernel is None
        return "passed" if whole else "kernel left"
    return BEGUN if os.path.isfile(place.file) else NOT_BEGUN


def start(name: str, folder: str | None) -> int:
    """Put a starter page where the student edits it. Raises UsageError, StartError."""
    place = workplace(name, folder)
    try:
        if place.folder and not os.path.isdir(place.folder):
            owner.make_folder(place.folder)
        owner.create(place.file, starter_text(place.exercise.name).encode())
    except FileExistsError:
        raise StartError(
            f"{place.file} is there already and stays as it is; remove it to begin anew, or go "
            f"on: {place.command('check')}"
        ) from None
    except OSError as error:
        raise StartError(f"cannot write {place.file}: {strerror(error)}") from error
    Sink().write(
        f"{place.file}: {place.exercise.title}\n{INDENT}Edit it, then: {place.command('check')}\n"
    )
    return 0


def hint(name: str, folder: str | None) -> int:
    """Show one more hint: the one that fits the last mistake, else the next."""
    place = workplace(name, folder)
    progress, hints = Progress(place.folder), place.exercise.hints
    standing = progress.of(place.exercise.name)
    index = standing.next_hint(len(hints))
    if index is None:
        shown = standing.hints
        say(f"these are all hints; the solution: {place.command('solution')}")
    else:
        shown = (index,)
        progress.set(place.exercise.name, standing.shown(index))
        progress.save()
    text = ""
    for each in shown:
        told = wrapped(hints[each], prose() - len(INDENT))
        text += f"{place.exercise.name}, hint {each + 1} of {len(hints)}:\n"
        text += "".join(f"{INDENT}{line}\n" for line in told)
    Sink().write(text)
    return 0


def solution(name: str, folder: str | None, yes: bool) -> int:
    """Print our page, once the student has said that this is meant. Raises UsageError."""
    place = workplace(name, folder)
    if not (yes or confirmed(place.exercise.name)):
        say("the solution stays where it is")
        return 1
    Sink().write(solution_text(place.exercise.name))
    return 0


def confirmed(name: str) -> bool:
    """Ask on the terminal. Raises UsageError where there is none."""
    if not os.isatty(0):
        raise UsageError("learn: solution asks before it shows one; without a terminal: --yes")
    os.write(2, f"Show the solution of {name}? [y/N] ".encode())
    return sys.stdin.readline().strip().lower() in ("y", "yes")
