"""The author's line: which line of Python made an instruction."""

from __future__ import annotations

import linecache
import sys

from tuxscope.source import SourceLine

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
    return SourceLine(file, line, linecache.getline(file, line, frame.f_globals).strip())
