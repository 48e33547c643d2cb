"""The author's line: the line of Python that made an instruction."""

from __future__ import annotations

import sys

from tuxscope.source import SourceLine

# The lines of files that cache_lines() has read. linecache reads all others; it imports tokenize
# and re, which takes 3 ms.
_cached_lines: dict[str, list[str]] = {}

# Frames of these modules are internal; the first frame of another module is the author's.
OWN = ("tuxscope.asm.", "tuxscope.vm.", "tuxscope.lean_dataclasses", "dataclasses")


def author_line() -> SourceLine | None:
    """Return the author's SourceLine: the innermost frame outside of the assembler; None if there
    is none."""
    frame = sys._getframe(1)
    while str(frame.f_globals.get("__name__")).startswith(OWN):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    lines = _cached_lines.get(file)
    if lines is None:
        import linecache

        return SourceLine(file, line, linecache.getline(file, line, frame.f_globals).strip())
    return SourceLine(file, line, lines[line - 1].strip() if line <= len(lines) else "")


def cache_lines(file: str) -> None:
    """Read and cache the lines of ``file``, a path, before it runs, for :func:`author_line`.

    linecache reads a file with an encoding declaration (PEP 263), and one that cannot be read here.
    """
    _cached_lines.pop(file, None)
    try:
        with open(file, encoding="utf-8") as opened:
            lines = opened.readlines()
    except (OSError, UnicodeDecodeError):
        return
    if not any("coding" in line for line in lines[:2]):
        _cached_lines[file] = lines
