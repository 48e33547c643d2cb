"""The errors of the assembler and the checks; each has the author's line."""

from __future__ import annotations

from tuxscope.errors import LocatedError
from tuxscope.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxscope.source import SourceLine


class AssemblyError(LocatedError, ValueError):
    """Base of all errors of the assembler and the checks."""


class OperandError(AssemblyError):
    """An operand has the wrong type, or does not fit into its field."""


class RegisterError(OperandError):
    """An operand is not a register, or a register is used as a Python value."""


class ReadOnlyRegisterError(RegisterError):
    """The instruction would write r10, the frame pointer, which is read-only."""


class DecodeError(AssemblyError):
    """Bytes do not encode an instruction of RFC 9669 or Linux."""


class LabelError(AssemblyError):
    """A label or a function has an invalid name; base of the errors of labels."""


class UndefinedLabelError(LabelError):
    """A jump or call to a name that is not defined."""


class DuplicateLabelError(LabelError):
    """A label or a function is defined twice."""


class LabelOutOfReachError(LabelError):
    """A jump whose distance does not fit into its field."""


class StackError(AssemblyError):
    """A function needs more than 512 bytes of stack."""


class ProgramError(AssemblyError):
    """A program, function or map has an argument that the kernel rejects."""


class CheckError(AssemblyError):
    """Base of the errors of the checks: the verifier would refuse the program.

    A CheckError always has ``problem`` and ``hint``, texts, and ``slot``, that of the instruction;
    ``source`` is the author's SourceLine, or None.
    """

    def __init__(self, problem: str, hint: str, slot: int, source: SourceLine | None) -> None:
        super().__init__(problem, source, hint=hint, slot=slot)


class UninitialisedRegisterError(CheckError):
    """The program reads an uninitialised register."""


class ClobberedRegisterError(UninitialisedRegisterError):
    """The program reads one of r1 to r5 after a call, which clobbers them."""


class MissingResultError(UninitialisedRegisterError):
    """The program exits while r0 is uninitialised."""


class ArgumentError(CheckError):
    """An argument of a helper has the wrong type."""


class UninitialisedStackError(CheckError):
    """A helper reads uninitialised bytes of the stack."""


class StackAccessError(CheckError):
    """An access outside of the function's 512 bytes of stack."""


class AlignmentError(CheckError):
    """A stack access at an offset that is not a multiple of its size."""


class MapValueAccessError(CheckError):
    """An access outside of a map's value, or of a reserved record."""


class NullCheckError(CheckError):
    """A pointer that may be NULL is used before it is compared with 0."""


class NotAPointerError(CheckError):
    """A load or store through a register that holds a scalar, not a pointer."""


class ContextAccessError(CheckError):
    """A context access that this program type does not allow."""


class PointerArithmeticError(CheckError):
    """Arithmetic that the verifier prohibits on pointers."""


class FallThroughError(CheckError):
    """Control falls through past the last instruction."""


class UnreachableCodeError(CheckError):
    """Instructions that no path reaches."""


class EndlessLoopError(CheckError):
    """An infinite loop."""


class JumpTargetError(CheckError):
    """A jump or call to a slot where no instruction of the function, or no function, begins."""


class LicenseError(CheckError):
    """A program without a GPL-compatible license calls a GPL-only helper."""


class HelperUnavailableError(CheckError):
    """A helper that programs of this type cannot call."""


class UnreleasedReferenceError(CheckError):
    """The program exits without submitting or discarding a reserved ring buffer record."""


class ReleasedRecordError(CheckError):
    """A ring buffer record is used after it was submitted or discarded."""


class CallDepthError(CheckError):
    """The call stack is too deep, or a function calls itself."""


class TextError(AssemblyError):
    """A syntax error in assembly text, or an operand that does not fit.

    ``problem`` says which, ``source`` is the SourceLine, ``column`` is counted from 1.

    Attributes:
        file: the name of the text's file.
        line: the line, counted from 1.
    """

    def __init__(self, problem: str, source: SourceLine, column: int) -> None:
        # A name in quotes may hold anything, and an error is one line.
        problem = "".join(each if each.isprintable() else repr(each)[1:-1] for each in problem)
        super().__init__(problem, source, column)
        self.file = source.file
        self.line = source.line

    @property
    def place(self) -> str:
        """File, line and column as a str: ``drop.s:3:9``."""
        return f"{super().place}:{self.column}"

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"
