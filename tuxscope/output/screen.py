"""Text on a terminal of so many columns: measured, cut, wrapped, and in colour."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum

USUAL_ROWS = 24
USUAL, NARROWEST = 80, 20  # columns: of what is no terminal, and the fewest that are filled


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
