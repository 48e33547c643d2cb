"""What can go wrong while a program is assembled, each with the author's line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tuxscope.errors import TuxscopeError

if TYPE_CHECKING:
    from tuxscope.asm.source import SourceLine


class AssemblyError(TuxscopeError, ValueError):
    """Base of the errors of this package.

    Attributes:
        problem: what is wrong, without the place.
        source: the author's line, where it is known.
    """

    def __init__(self, problem: str, source: SourceLine | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.source = source

    def __str__(self) -> str:
        return f"{self.source}: {self.problem}" if self.source else self.problem


class OperandError(AssemblyError):
    """An operand that the instruction's field cannot hold."""


class RegisterError(OperandError):
    """Something that is no register, or a register used as what it is not."""


class ReadOnlyRegisterError(RegisterError):
    """r10, the frame pointer, would be written."""


class DecodeError(AssemblyError):
    """Bytes that are no instruction."""


class LabelError(AssemblyError):
    """Base of the three label errors."""


class UndefinedLabelError(LabelError):
    """A jump or call to a name that is nowhere."""


class DuplicateLabelError(LabelError):
    """A name that is taken."""


class LabelOutOfReachError(LabelError):
    """A jump farther than its field can say."""


class StackError(AssemblyError):
    """More stack than a function has."""


class ProgramError(AssemblyError):
    """A program, function or map that the kernel could not take by its very form."""


class TextError(AssemblyError):
    """Assembly text that cannot be read, or says what no instruction can.

    Attributes:
        file, line: as the source has them.
        column: counted from 1, as lines are.
    """

    def __init__(self, problem: str, source: SourceLine, column: int) -> None:
        # A name in quotes may hold anything, and an error is one line.
        problem = "".join(each if each.isprintable() else repr(each)[1:-1] for each in problem)
        super().__init__(problem, source)
        self.file = source.file
        self.line = source.line
        self.column = column

    def __str__(self) -> str:
        return f"{os.path.basename(self.file)}:{self.line}:{self.column}: {self.problem}"
