"""Text on a terminal: width in columns, truncation, wrapping, colour."""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum

USUAL_ROWS = 24
USUAL, NARROWEST = 80, 20  # columns: of other files than terminals, and the minimum used
DEEPEST = 4  # maximum indentation of a head on its own line


class Paint(Enum):
    """An enum: colours, as SGR parameters (ECMA-48). Members: BAD = "1;31", STRONG = "1",
    FAINT = "2", GOOD = "32", NAME = "36"."""

    BAD = "1;31"
    STRONG = "1"
    FAINT = "2"
    GOOD = "32"
    NAME = "36"


def width_of(fd: int) -> int:
    """Return the width of terminal ``fd``, an int, in columns; 80 if it is no terminal or its width
    is unknown."""
    try:
        columns = os.get_terminal_size(fd).columns
    except OSError:
        columns = 0
    return max(columns or USUAL, NARROWEST)


def room(fd: int = 1) -> int | None:
    """Return the maximum width of lines on ``fd``, an int: that of the terminal, or None if it is
    no terminal."""
    return width_of(fd) if os.isatty(fd) else None


def prose(fd: int = 1) -> int:
    """Return the width to wrap sentences to on ``fd``, both int: 80, or less on a narrower
    terminal."""
    return min(width_of(fd), USUAL)


def moves_cursor(fd: int) -> bool:
    """Return whether ``fd``, an int, is a terminal that handles escape sequences (TERM is not
    dumb)."""
    return os.isatty(fd) and os.environ.get("TERM", "dumb") != "dumb"


def height_of(fd: int) -> int:
    """Return the number of rows of terminal ``fd``, an int,; 24 if it is no terminal or unknown."""
    try:
        rows = os.get_terminal_size(fd).lines
    except OSError:
        rows = 0
    return rows or USUAL_ROWS


def painted(text: str, paint: Paint, colour: bool) -> str:
    """Return ``text`` between SGR sequences for ``paint``, a Paint, if ``colour``, a bool, else
    unchanged."""
    return f"\x1b[{paint.value}m{text}\x1b[m" if colour and text else text


def columns(text: str) -> int:
    """Return the width of printable ``text`` in terminal columns: wide characters 2, combining ones
    0."""
    if text.isascii():
        return len(text)
    from wcwidth import wcwidth  # slow to import, and most text is ASCII

    return sum(max(wcwidth(each), 0) for each in text)


def padded(text: str, width: int) -> str:
    """Return printable ``text``, padded with spaces to ``width`` terminal columns."""
    return text.ljust(width) if text.isascii() else text + " " * (width - columns(text))


def cut(text: str, width: int) -> str:
    """Return printable ``text``, truncated to ``width`` terminal columns with an ellipsis."""
    return text if columns(text) <= width else beginning(text, width - 1).rstrip() + "…"


def cut_front(text: str, width: int) -> str:
    """Return the end of printable ``text``, of ``width`` terminal columns, with an ellipsis in
    front; all of it if it fits."""
    return text if columns(text) <= width else "…" + beginning(text[::-1], width - 1)[::-1]


def beginning(text: str, width: int) -> str:
    """Return the longest prefix of printable ``text`` that fits into ``width`` terminal columns."""
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
    """Yield the lines of ``text``, wrapped between words to ``width`` terminal columns, an int.

    ``rest``, an int or None, is the width of the second and later lines, if it differs. A longer
    word is split.
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
    """Yield lines of ``width`` columns: ``head`` with ``text``, both str, wrapped beside it, or
    below it in less than 20 columns."""
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
    """Yield the lines of ``text``, a help text, wrapped to ``width`` columns if one is wider.

    Text after a gap of two or more spaces is the second column: it is wrapped beside the first,
    together with the lines below that start in the same column.
    """
    lines = text.splitlines()
    if all(columns(each) <= width for each in lines):
        yield from lines
        return
    parts: list[tuple[str, str]] = []  # first and second column
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
