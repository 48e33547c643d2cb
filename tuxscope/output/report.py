"""An error as a person reads it: what is wrong, the line and its neighbours, what is known, and
what to type. Sixteen lines, as a rule, and none wider than the terminal."""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from tuxscope.errors import LocatedError
from tuxscope.explain.errors import ExplainedError
from tuxscope.explain.explanation import Explanation, RegisterNote
from tuxscope.output.colour import wanted
from tuxscope.output.screen import Paint, columns, cut, painted, width_of, wrapped
from tuxscope.output.sink import OutputError, Sink
from tuxscope.output.visible import visible
from tuxscope.source import SourceLine

NEIGHBOURS = 2  # lines shown before, and after
LABEL = 12  # columns that "verifier" and its like take, with their indentation
MOST = 4  # registers, and lines of the log that are shown
STATE = 34  # columns that are left to a register's state at least
LONGEST = 3  # lines of the sentence, and of one remark
LARGEST_FILE = 1 << 20  # bytes; no source is longer


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to show.

    Attributes:
        place: ``hello.py:34``; empty where it is unknown.
        sentence: what is wrong.
        source: the line to show.
        column: to point at, counted from 1; 0 for none.
        registers: those that it is about.
        remarks: label and text of what comes last.
    """

    place: str
    sentence: str
    source: SourceLine | None
    column: int = 0
    registers: tuple[RegisterNote, ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()


def print_error(error: Exception, verifier_log: bool | None = None) -> None:
    """Say on stderr what went wrong.

    ``verifier_log`` is the option --verifier-log: whether a verifier's log is printed before, and
    else the report says how to get it; None if the command has no such option.

    Where stderr is closed or full there is nobody to tell, and no harm done.
    """
    more = ""
    if isinstance(error, ExplainedError) and verifier_log is not None:
        if verifier_log:
            print_log(error.log)
        else:
            more = f"{error.log.count(chr(10))} lines; --verifier-log prints them"
    with suppress(OutputError):
        Sink(2).write(
            "".join(f"{each}\n" for each in shown(of_error(error, more), 2, "tuxscope: "))
        )


def print_log(log: str) -> None:
    """Print a verifier's log on stderr: on a terminal without what would move the cursor."""
    if os.isatty(2):
        log = "\n".join(map(visible, log.expandtabs().split("\n")))
    with suppress(OutputError):
        Sink(2).write(log)


def of_error(error: Exception, more: str = "") -> Report:
    """The report of an error; ``more`` is how to get the whole of a verifier's log."""
    if isinstance(error, ExplainedError):
        return of_explanation(error.explanation, more)
    if isinstance(error, LocatedError) and error.source:
        told = remarks(*error.remarks)
        return Report(error.place, error.problem, error.source, error.column, remarks=told)
    return Report("", str(error), None)  # one line, as say() has it


def of_explanation(explanation: Explanation, more: str = "") -> Report:
    """The report of a refused program."""
    said = explanation.objection if explanation.objection != explanation.sentence else ""
    slot = "" if explanation.slot is None else f" (slot {explanation.slot})"
    source = explanation.source
    return Report(
        source.place if source else "",
        explanation.sentence if source else f"{explanation.sentence}{slot}",
        source,
        registers=explanation.registers,
        remarks=remarks(
            ("verifier", f"{said}{slot if source else ''}" if said else ""),
            ("kernel", explanation.reason),
            ("advice", explanation.suggestion),
            ("hint", explanation.hint),
            ("log", more),
        ),
    )


def remarks(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Those that have a text."""
    return tuple((label, text) for label, text in pairs if text)


def shown(report: Report, fd: int, prefix: str = "") -> Iterator[str]:
    """The lines of a report for where they go.

    On a terminal no line is wider than it, and the sentence ends after three. Elsewhere the first
    line is all of the sentence, for who looks for it, and the rest is for 80 columns.
    """
    width, colour = width_of(fd), wanted(fd)
    yield from headline(report, prefix, width if os.isatty(fd) else None, colour)
    if report.source and report.source.text:
        yield from excerpt(report.source, report.column, width, colour)
    yield from registers(report.registers[:MOST], width, colour)
    for label, text in report.remarks:
        yield from remark(label, text, width, colour)


def headline(report: Report, prefix: str, width: int | None, colour: bool) -> Iterator[str]:
    """Where and what."""
    place = visible(f"{report.place}: " if report.place else "")
    colour = colour and bool(place or report.remarks)
    sentence = visible(" ".join(report.sentence.split()))
    if width is None:
        yield f"{prefix}{place}{sentence}"
        return
    whole = list(wrapped(f"{prefix}{place}{sentence}", width, width - 2))
    first, *rest = shortened(whole, width - 2)
    start = f"{prefix}{place}"
    if first.startswith(start.rstrip()):
        bare = first[len(start) :]
        yield f"{prefix}{painted(place, Paint.STRONG, colour)}{painted(bare, Paint.BAD, colour)}"
    else:
        yield painted(first, Paint.BAD, colour)
    for line in rest:
        yield f"  {painted(line, Paint.BAD, colour)}"


def excerpt(source: SourceLine, column: int, width: int, colour: bool) -> Iterator[str]:
    """The line with its neighbours, or alone where the file cannot be read."""
    lines = neighbours(source)
    digits = len(str(max(lines)))
    for number, line in lines.items():
        this = number == source.line
        gutter = f"{'>' if this else ' '} {number or '?':>{digits}} | "
        room = width - len(gutter)
        code = visible(line.rstrip().expandtabs(4))
        at = columns(visible(line[: column - 1].expandtabs(4))) if this and column else 0
        pointed = bool(at) and len(lines) > 1
        if pointed and at > room * 3 // 4:  # what is pointed at may not be cut off
            code, at = "…" + code[at - room // 2 + 1 :], room // 2
        code = cut(code, room)
        if this:
            yield painted(gutter, Paint.BAD, colour) + painted(code, Paint.STRONG, colour)
        else:
            yield painted(f"{gutter}{code}".rstrip(), Paint.FAINT, colour)
        if pointed:
            yield " " * (len(gutter) + at) + painted("^", Paint.BAD, colour)


def neighbours(source: SourceLine) -> dict[int, str]:
    """The lines around one, by number; that one alone where the file is not what it was."""
    alone = {source.line: source.text}
    try:
        if not os.path.isfile(source.file) or os.path.getsize(source.file) > LARGEST_FILE:
            return alone
    except (OSError, ValueError):
        return alone
    lines = linecache.getlines(source.file)
    at = source.line - 1
    if not 0 <= at < len(lines) or lines[at].strip() != source.text.strip():
        return alone
    around = range(max(at - NEIGHBOURS, 0), min(at + NEIGHBOURS + 1, len(lines)))
    return {number + 1: lines[number] for number in around}


def registers(notes: tuple[RegisterNote, ...], width: int, colour: bool) -> Iterator[str]:
    """A row for each register: its name, what is known of it, and who wrote it last."""
    places = max((columns(written(note)) for note in notes), default=0)
    most = max(width - LABEL - 2 - places, STATE)
    states = [cut(visible(note.state), most) for note in notes]
    wide = max(map(columns, states), default=0)
    for note, state in zip(notes, states, strict=True):
        filled = state + " " * (wide - columns(state))
        row = cut(f"{filled}  {written(note)}".strip(), width - LABEL)
        if row:
            yield f"{label_of(visible(note.name), Paint.NAME, colour)}{row}"


def written(note: RegisterNote) -> str:
    """Where a register was written last."""
    if note.source:
        return f"set at {visible(str(note.source))}"
    return "" if note.slot is None else f"set in slot {note.slot}"


def remark(label: str, text: str, width: int, colour: bool) -> Iterator[str]:
    """A label, and beside it a text in as many lines as it takes (three at most)."""
    room = width - LABEL
    lines = shortened(list(wrapped(visible(" ".join(text.split())), room)), room)
    paint = Paint.GOOD if label == "hint" else Paint.NAME
    for number, line in enumerate(lines):
        yield f"{label_of('' if number else label, paint, colour)}{line}"


def shortened(lines: list[str], room: int) -> list[str]:
    """The lines, or the first three; the last of these shows that there is more."""
    if len(lines) <= LONGEST:
        return lines
    return [*lines[: LONGEST - 1], cut(f"{lines[LONGEST - 1]} {lines[LONGEST]}", room)]


def label_of(name: str, paint: Paint, colour: bool) -> str:
    """What stands before a row, as wide as all of them."""
    return f"  {painted(name, paint, colour)}{' ' * max(LABEL - 2 - len(name), 1)}"
