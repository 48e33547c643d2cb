"""Text on a terminal of so many columns: measured, cut, wrapped, and in colour."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from unicodedata import combining, east_asian_width

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
    """How many columns a visible text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1
               for each in text)  # fmt: skip


def cut(text: str, width: int) -> str:
    """A text's beginning, with an ellipsis where that is not all of it."""
    if columns(text) <= width:
        return text
    end = min(len(text), width)
    while end and columns(text[:end]) > width - 1:
        end -= 1
    return text[:end].rstrip() + "…"


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
            end = width
            while columns(word[:end]) > width:
                end -= 1
            yield word[:end]
            word = word[end:]
            width = rest or width
        line = word
    if line:
        yield line
