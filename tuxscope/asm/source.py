"""The author's line: which line of Python made an instruction."""

from __future__ import annotations

import linecache
import os
import sys

from tuxscope.lean_dataclasses import dataclass

# Frames of these are the assembler's own; the first one of another module is the author's.
OWN = ("tuxscope.asm.", "tuxscope.vm.", "tuxscope.lean_dataclasses", "dataclasses")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of Python.

    Attributes:
        file: path as Python knows it; empty where only the text is known, as from a log.
        line: counted from 1; 0 where it is not known.
        text: without indentation; empty where the source cannot be read.
    """

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return ": ".join(each for each in (self.place, self.code) if each)

    @property
    def place(self) -> str:
        """``hello.py:34``, the file alone, or nothing: as much as is known."""
        return os.path.basename(self.file) + (f":{self.line}" if self.line else "")

    @property
    def code(self) -> str:
        """The text without a comment after it (as Python's formatters set it off) and a colon."""
        return self.text.partition("  #")[0].rstrip(": ")


def author_line() -> SourceLine | None:
    """The line that called the assembler, however deep inside the assembler we are."""
    frame = sys._getframe(1)
    while str(frame.f_globals.get("__name__")).startswith(OWN):
        if frame.f_back is None:
            return None
        frame = frame.f_back
    file, line = frame.f_code.co_filename, frame.f_lineno
    return SourceLine(file, line, linecache.getline(file, line, frame.f_globals).strip())
