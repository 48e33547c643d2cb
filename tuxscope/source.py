"""A line of source code: Python, C, or assembly text."""

from __future__ import annotations

import os

from tuxscope.lean_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A frozen dataclass: a line of source code.

    Attributes:
        file: a str, its path; empty if unknown, as in a verifier log.
        line: an int, counted from 1; 0 if unknown.
        text: a str, without indentation; empty if the source cannot be read.
        place: a str, a property.
    """

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return ": ".join(each for each in (self.place, self.code) if each)

    @property
    def place(self) -> str:
        """``hello.py:34``, the file alone, or nothing: a str with as much as is known."""
        return os.path.basename(self.file) + (f":{self.line}" if self.line else "")

    @property
    def code(self) -> str:
        """The text, a str, without a comment after it (as Python's formatters set it off) and a
        colon."""
        return self.text.partition("  #")[0].rstrip(": ")
