"""Text on a terminal of so many columns: measured, cut, wrapped, and in colour."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum

USUAL_ROWS = 24
USUAL, NARROWEST = 80, 20  # columns: of what is no terminal, and the fewest that are filled
DEEPEST = 4  # columns of indentation, before a head that has no room beside it


class Paint(Enum):
    """SGR parameters (ECMA-48)."""

    BAD = "1;31"
    STRONG = "1"
    FAINT = "2"
    GOOD = "32"
    NAME = "36"


def width_of(fd: int) -> int:
    """The columns of a terminal; 80 for what is none, or does not tell."""
    try:
        columns = os.get_terminal_size(fd).columns
    except OSError:
        columns = 0
    return max(columns or USUAL, NARROWEST)


def room(fd: int = 1) -> int | None:
    """The columns of a terminal that nothing may be wider than; None for what is no terminal."""
    return width_of(fd) if os.isatty(fd) else None


def prose(fd: int = 1) -> int:
    """The columns that sentences are wrapped to: 80, or as many as a narrower terminal has."""
    return min(width_of(fd), USUAL)


def moves_cursor(fd: int) -> bool:
    """Whether escape sequences mean something there: a terminal, and none that is dumb."""
    return os.isatty(fd) and os.environ.get("TERM", "dumb") != "dumb"


def height_of(fd: int) -> int:
    """The rows of a terminal; 24 for what is none, or does not tell."""
    try:
        rows = os.get_terminal_size(fd).lines
    except OSError:
        rows = 0
    return rows or USUAL_ROWS


def painted(text: str, paint: Paint, colour: bool) -> str:
    return f"\x1b[{paint.value}m{text}\x1b[m" if colour and text else text


def columns(text: str) -> int:
    """How many columns a visible text takes: of a wide character two, of a combining one none."""
    if text.isascii():
        return len(text)
    from wcwidth import wcwidth  # its tables take longer to import than all that most runs show

    return sum(max(wcwidth(each), 0) for each in text)


def padded(text: str, width: int) -> str:
    """A visible text, with blanks up to so many columns."""
    return text.ljust(width) if text.isascii() else text + " " * (width - columns(text))


def cut(text: str, width: int) -> str:
    """A visible text's beginning, with an ellipsis where that is not all of it."""
    return text if columns(text) <= width else beginning(text, width - 1).rstrip() + "…"


def beginning(text: str, width: int) -> str:
    """As much of a visible text as so many columns hold."""
    if text.isascii():
        return text[: max(width, 0)]
    from wcwidth import wcwidth

    taken = 0
    for at, each in enumerate(text):
        taken += max(wcwidth(each), 0)
        if taken > width:
            return text[:at]
    return text


def wrapped(text: str, width: int, rest: int | None = None) -> Iterator[str]:
    """A text in lines of so many columns, broken between words where that can be.

    ``rest`` is the width of all lines but the first.
    """
    line = ""
    for word in text.split():
        if line and columns(line) + 1 + columns(word) <= width:
            line += f" {word}"
            continue
        if line:
            yield line
            width = rest or width
        while columns(word) > width:
            yield (start := beginning(word, width) or word[0])
            word = word[len(start) :]
            width = rest or width
        line = word
    if line:
        yield line


def beside(head: str, text: str, width: int) -> Iterator[str]:
    """A head, and a text in lines beside it; below it, where fewer than 20 columns are left."""
    if width - len(head) < NARROWEST:
        name = head.lstrip()
        indented = min(len(head) - len(name), DEEPEST)
        if name:
            yield " " * indented + name.rstrip()
        head = " " * (indented + 2)
    for line in wrapped(text, width - len(head)):
        yield head + line
        head = " " * len(head)


def wrapped_help(text: str, width: int) -> Iterator[str]:
    """The lines of a help text; where one is too wide, all are wrapped anew.

    What stands behind a gap of two blanks or more is wrapped beside what is before it, with the
    lines below that begin there.
    """
    lines = text.splitlines()
    if all(columns(each) <= width for each in lines):
        yield from lines
        return
    parts: list[tuple[str, str]] = []  # what stands before the gap, and behind it
    for line in lines:
        indented = len(line) - len(line.lstrip())
        gap = line.find("  ", indented)
        start = indented if gap < 0 else len(line) - len(line[gap:].lstrip())
        head, rest = parts[-1] if parts else ("", "")
        goes_on = gap < 0 and bool(line and rest) and len(head) == indented and not head.isspace()
        if goes_on:
            parts[-1] = head, f"{rest} {line}"
        else:
            parts.append((line[:start], line[start:]))
    for head, rest in parts:
        yield from beside(head, rest, width) if rest else ("",)
