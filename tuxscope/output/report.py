"""Error reports: problem, source lines, registers, and a hint.

A report has about sixteen lines, none wider than the terminal.
"""

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

NEIGHBOURS = 2  # source lines shown before and after
LABEL = 12  # width of a label such as "verifier", with indentation
MOST = 4  # registers shown
STATE = 34  # minimum width of the state of a register
LONGEST = 3  # maximum lines of the sentence and of each remark
LARGEST_FILE = 1 << 20  # bytes; larger source files are not read


@dataclass(frozen=True, slots=True)
class Report:
    """A frozen dataclass: the contents of an error report.

    Attributes:
        place: a str, ``hello.py:34``; empty if unknown.
        sentence: a str, the problem.
        source: the SourceLine, or None.
        column: an int, the column to point at, from 1; 0 for none.
        registers: a tuple of RegisterNote on the registers involved.
        remarks: a tuple of pairs (label, text), one for each remark below the source.
    """

    place: str
    sentence: str
    source: SourceLine | None
    column: int = 0
    registers: tuple[RegisterNote, ...] = ()
    remarks: tuple[tuple[str, str], ...] = ()


def print_error(error: Exception, verifier_log: bool | None = None) -> None:
    """Print the report of ``error``, an Exception, on stderr; errors of write(2) are ignored.

    ``verifier_log`` is the value of --verifier-log: True prints the verifier log first, False adds
    a remark that the option exists. None if the command has no such option.
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
    """Print ``log``, a verifier log, on stderr; on a terminal, control characters are escaped."""
    if os.isatty(2):
        log = "\n".join(map(visible, log.expandtabs().split("\n")))
    with suppress(OutputError):
        Sink(2).write(log)


def of_error(error: Exception, more: str = "") -> Report:
    """Return the Report of ``error``, an Exception; ``more`` is the text of remark "log" for a
    verifier error."""
    if isinstance(error, ExplainedError):
        return of_explanation(error.explanation, more)
    if isinstance(error, LocatedError) and error.source:
        texts = remarks(*error.remarks)
        return Report(error.place, error.problem, error.source, error.column, remarks=texts)
    return Report("", str(error), None)  # one line, as say() prints it


def of_explanation(explanation: Explanation, more: str = "") -> Report:
    """Return the Report of ``explanation``, an Explanation of why the verifier refused a program;
    ``more`` is the text of remark "log"."""
    objection = explanation.objection if explanation.objection != explanation.sentence else ""
    slot = "" if explanation.slot is None else f" (slot {explanation.slot})"
    source = explanation.source
    return Report(
        source.place if source else "",
        explanation.sentence if source else f"{explanation.sentence}{slot}",
        source,
        registers=explanation.registers,
        remarks=remarks(
            ("verifier", f"{objection}{slot if source else ''}" if objection else ""),
            ("kernel", explanation.reason),
            ("advice", explanation.suggestion),
            ("hint", explanation.hint),
            ("log", more),
        ),
    )


def remarks(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Return a tuple of those of ``pairs``, each a pair (label, text), whose text is not empty."""
    return tuple((label, text) for label, text in pairs if text)


def shown(report: Report, fd: int, prefix: str = "") -> Iterator[str]:
    """Yield the lines of ``report``, a Report, for ``fd``, an int; the first begins with
    ``prefix``, a str.

    On a terminal, no line is wider than it, and the sentence takes at most three lines. Else the
    first line is the whole sentence, so that grep finds it, and the rest has 80 columns.
    """
    width, colour = width_of(fd), wanted(fd)
    yield from headline(report, prefix, width if os.isatty(fd) else None, colour)
    if report.source and report.source.text:
        yield from excerpt(report.source, report.column, width, colour)
    yield from registers(report.registers[:MOST], width, colour)
    for label, text in report.remarks:
        yield from remark(label, text, width, colour)


def headline(report: Report, prefix: str, width: int | None, colour: bool) -> Iterator[str]:
    """Yield lines with ``prefix``, a str, and the place and sentence of ``report``, a Report,
    ``width`` columns wide.

    They are painted if ``colour``, a bool. ``width``, an int, may be None: one line.
    """
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
    """Yield ``source``, a SourceLine, with its neighbours, or alone if the file cannot be read, in
    ``width`` columns, an int.

    A mark points at ``column``, from 1, or at none if 0. The lines are painted if ``colour``, a
    bool.
    """
    lines = neighbours(source)
    digits = len(str(max(lines)))
    for number, line in lines.items():
        this = number == source.line
        gutter = f"{'>' if this else ' '} {number or '?':>{digits}} | "
        room = width - len(gutter)
        code = visible(line.rstrip().expandtabs(4))
        at = columns(visible(line[: column - 1].expandtabs(4))) if this and column else 0
        pointed = bool(at) and len(lines) > 1
        if pointed and at > room * 3 // 4:  # keep the column that is pointed at visible
            code, at = "…" + code[at - room // 2 + 1 :], room // 2
        code = cut(code, room)
        if this:
            yield painted(gutter, Paint.BAD, colour) + painted(code, Paint.STRONG, colour)
        else:
            yield painted(f"{gutter}{code}".rstrip(), Paint.FAINT, colour)
        if pointed:
            yield " " * (len(gutter) + at) + painted("^", Paint.BAD, colour)


def neighbours(source: SourceLine) -> dict[int, str]:
    """Return a dict of str by line number: ``source``, a SourceLine, and its neighbours; only that
    line if the file has changed."""
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
    """Yield a row for each of ``notes``, a tuple of RegisterNote: the register's name, its state,
    and where it was last written.

    A row is at most ``width`` columns wide, an int, and painted if ``colour``, a bool.
    """
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
    """Return as a str where the register of ``note``, a RegisterNote, was last written: source line
    or slot; empty if unknown."""
    if note.source:
        return f"set at {visible(str(note.source))}"
    return "" if note.slot is None else f"set in slot {note.slot}"


def remark(label: str, text: str, width: int, colour: bool) -> Iterator[str]:
    """Yield the lines of ``label`` with ``text``, both str, wrapped to ``width`` columns and three
    lines at most; painted if ``colour``, a bool."""
    room = width - LABEL
    lines = shortened(list(wrapped(visible(" ".join(text.split())), room)), room)
    paint = Paint.GOOD if label == "hint" else Paint.NAME
    for number, line in enumerate(lines):
        yield f"{label_of('' if number else label, paint, colour)}{line}"


def shortened(lines: list[str], room: int) -> list[str]:
    """Return a list of the first three of ``lines``, a list of str; if there are more, the third is
    cut to ``room`` columns with an ellipsis."""
    if len(lines) <= LONGEST:
        return lines
    return [*lines[: LONGEST - 1], cut(f"{lines[LONGEST - 1]} {lines[LONGEST]}", room)]


def label_of(name: str, paint: Paint, colour: bool) -> str:
    """Return label ``name``, a str, painted with ``paint``, a Paint, if ``colour``, a bool, padded
    to LABEL columns."""
    return f"  {painted(name, paint, colour)}{' ' * max(LABEL - 2 - len(name), 1)}"
