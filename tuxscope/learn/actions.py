"""The actions of ``tuxscope learn`` that do not grade: list, start, hint and solution."""

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
NOT_STARTED, STARTED = "-", "started"


class StartError(TuxscopeError):
    """An error, a TuxscopeError, for a starter page that cannot be written."""


def show_list(format: Style) -> int:
    """Print the exercises as ``format``, a Style, and the state of each in the current directory;
    return the exit status."""
    progress, sink = Progress(""), Sink()
    places = [Workplace(exercise_named(name), "") for name in names()]
    rows = [(each.exercise, state_of(each, progress)) for each in places]
    if format is Style.JSON:
        objects = ({"name": each.name, "state": state, "title": each.title} for each, state in rows)
        sink.write("".join(f"{COMPACT(each)}\n" for each in objects))
        return 0
    listed = [row for row in rows if row[0].name in LADDER or row[1] != NOT_STARTED]
    sink.write(table(listed, room()))
    repairs = ", ".join(each.name.partition("/")[2] for each, _ in rows if "/" in each.name)
    heading = "Programs that the kernel refuses, for you to fix (verifier/NAME):"
    sink.write("\n" + "".join(f"{line}\n" for line in wrapped(heading, prose())))
    repair_lines = wrapped(f"{repairs}.", prose() - len(INDENT))
    sink.write("".join(f"{INDENT}{line}\n" for line in repair_lines))
    say_next("", progress)
    return 0


def say_next(directory: str, progress: Progress) -> None:
    """Print the command for the first exercise that has not passed in ``directory``, by
    ``progress``, a Progress; nothing if all have."""
    for name in names():
        place = Workplace(exercise_named(name), directory)
        state = state_of(place, progress)
        if state in (NOT_STARTED, STARTED):
            say(f"next: {place.command('check' if state == STARTED else 'start')}")
            return


def table(rows: list[tuple[Exercise, str]], room: int | None) -> str:
    """Return ``rows``, a list of pairs of an Exercise and its state, a str, as a table: name, state
    and task, ``room`` columns wide, an int; None for as wide as it takes."""
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
    """Return the state of the exercise at ``place``, a Workplace, a str: ``-``, started, kernel
    left or passed. ``progress`` is the directory's Progress."""
    standing = progress.of(place.exercise.name)
    if standing.pure:
        whole = standing.kernel or place.exercise.grade_on_kernel is None
        return "passed" if whole else "kernel left"
    return STARTED if os.path.isfile(place.file) else NOT_STARTED


def start(name: str, directory: str | None) -> int:
    """Write the starter page of exercise ``name`` into ``directory``, or the current one if None;
    return the exit status. Raises UsageError, StartError."""
    place = workplace(name, directory)
    try:
        if place.directory and not os.path.isdir(place.directory):
            owner.make_directory(place.directory)
        owner.create(place.file, starter_text(place.exercise.name).encode())
    except FileExistsError:
        raise StartError(
            f"{place.file} exists already and was not changed; remove it to start again, or check "
            f"it: {place.command('check')}"
        ) from None
    except OSError as error:
        raise StartError(f"cannot write {place.file}: {strerror(error)}") from error
    Sink().write(
        f"{place.file}: {place.exercise.title}\n{INDENT}Edit it, then: {place.command('check')}\n"
    )
    return 0


def hint(name: str, directory: str | None) -> int:
    """Print one more hint for exercise ``name`` in ``directory``, a str (None: the current one):
    the one that fits the last mistake, or else the next one; return the exit status."""
    place = workplace(name, directory)
    progress, hints = Progress(place.directory), place.exercise.hints
    standing = progress.of(place.exercise.name)
    index = standing.next_hint(len(hints))
    if index is None:
        shown = standing.hints
        say(f"there are no more hints; to see the solution: {place.command('solution')}")
    else:
        shown = (index,)
        progress.set(place.exercise.name, standing.shown(index))
        progress.save()
    text = ""
    for each in shown:
        hint_lines = wrapped(hints[each], prose() - len(INDENT))
        text += f"{place.exercise.name}, hint {each + 1} of {len(hints)}:\n"
        text += "".join(f"{INDENT}{line}\n" for line in hint_lines)
    Sink().write(text)
    return 0


def solution(name: str, directory: str | None, yes: bool) -> int:
    """Print the solution of exercise ``name``, once the student has confirmed, or at once with
    ``yes``, a bool; return the exit status.

    ``directory`` is that of the page, a str, or None for the current one. Raises UsageError.
    """
    place = workplace(name, directory)
    if not (yes or confirmed(place.exercise.name)):
        say("the solution is not shown")
        return 1
    Sink().write(solution_text(place.exercise.name))
    return 0


def confirmed(name: str) -> bool:
    """Ask on the terminal whether to print the solution of exercise ``name``; return the answer, a
    bool. Raises UsageError if stdin is not a terminal."""
    if not os.isatty(0):
        raise UsageError("learn: solution asks first, and stdin is not a terminal; add --yes")
    os.write(2, f"Show the solution of {name}? [y/N] ".encode())
    return sys.stdin.readline().strip().lower() in ("y", "yes")
