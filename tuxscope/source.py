"""A line that an author wrote: of Python, of C, or of assembly text."""

from __future__ import annotations

import os

from tuxscope.lean_dataclasses import dataclass


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
