"""The author's line: which line of Python made an instruction."""

from __future__ import annotations

import sys

from tuxscope.source import SourceLine

# The lines of files that were read already. linecache has all others; it brings tokenize and re,
# which take 3 ms.
_at_hand: dict[str, list[str]] = {}

# Frames of these are the assembler's own; the first one of another module is the author's.
OWN = ("tuxscope.asm.", "tuxscope.vm.", "tuxscope.lean_dataclasses", "dataclasses")


def author_line() -> SourceLine | None:
    """The line that called the assembler, however deep inside the assembler we are."""
    frame = sys._getframe(1)
    while str(frame.f_globals.get("__name__")).startswith(OWN):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    lines = _at_hand.get(file)
    if lines is None:
        import linecache

        return SourceLine(file, line, linecache.getline(file, line, frame.f_globals).strip())
    return SourceLine(file, line, lines[line - 1].strip() if line <= len(lines) else "")


def keep_lines(file: str) -> None:
    """Read the lines of a file that is about to be run, for :func:`author_line`.

    One that is not plain UTF-8 is left to linecache (PEP 263: it says so in its first two lines).
    """
    _at_hand.pop(file, None)
    try:
        with open(file, encoding="utf-8") as opened:
            lines = opened.readlines()
    except (OSError, UnicodeDecodeError):
        return
    if not any("coding" in line for line in lines[:2]):
        _at_hand[file] = lines
