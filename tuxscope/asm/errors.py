"""The errors of the assembler and the checks; each has the author's line."""

from __future__ import annotations

from tuxscope.errors import LocatedError
from tuxscope.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxscope.source import SourceLine


class AssemblyError(LocatedError, ValueError):
    """An error, a LocatedError and ValueError: base of all errors of the assembler and the
    checks."""


class OperandError(AssemblyError):
    """An error, an AssemblyError: an operand has the wrong type, or does not fit into its field."""


class RegisterError(OperandError):
    """An error, an OperandError: an operand is not a register, or a register is used as a Python
    value."""


class ReadOnlyRegisterError(RegisterError):
    """An error, a RegisterError: the instruction would write r10, the frame pointer, which is
    read-only."""


class DecodeError(AssemblyError):
    """An error, an AssemblyError: bytes do not encode an instruction of RFC 9669 or Linux."""


class LabelError(AssemblyError):
    """An error, an AssemblyError: a label or a function has an invalid name; base of the errors of
    labels."""


class UndefinedLabelError(LabelError):
    """An error, a LabelError: a jump or call to a name that is not defined."""


class DuplicateLabelError(LabelError):
    """An error, a LabelError: a label or a function is defined twice."""


class LabelOutOfReachError(LabelError):
    """An error, a LabelError: a jump whose distance does not fit into its field."""


class StackError(AssemblyError):
    """An error, an AssemblyError: a function needs more than 512 bytes of stack."""


class ProgramError(AssemblyError):
    """An error, an AssemblyError: a program, function or map has an argument that the kernel
    rejects."""


class CheckError(AssemblyError):
    """An AssemblyError, base of the errors of the checks: the verifier would refuse the program.

    Attributes:
        problem, hint: each a str, never empty.
        slot: an int, that of the instruction.
        source: the author's SourceLine, or None.
    """

    def __init__(self, problem: str, hint: str, slot: int, source: SourceLine | None) -> None:
        super().__init__(problem, source, hint=hint, slot=slot)


class UninitialisedRegisterError(CheckError):
    """An error, a CheckError: the program reads an uninitialised register."""


class ClobberedRegisterError(UninitialisedRegisterError):
    """An error, an UninitialisedRegisterError: the program reads one of r1 to r5 after a call,
    which clobbers them."""


class MissingResultError(UninitialisedRegisterError):
    """An error, an UninitialisedRegisterError: the program exits while r0 is uninitialised."""


class ArgumentError(CheckError):
    """An error, a CheckError: an argument of a helper has the wrong type."""


class UninitialisedStackError(CheckError):
    """An error, a CheckError: a helper reads uninitialised bytes of the stack."""


class StackAccessError(CheckError):
    """An error, a CheckError: an access outside of the function's 512 bytes of stack."""


class AlignmentError(CheckError):
    """An error, a CheckError: a stack access at an offset that is not a multiple of its size."""


class MapValueAccessError(CheckError):
    """An error, a CheckError: an access outside of a map's value, or of a reserved record."""


class NullCheckError(CheckError):
    """An error, a CheckError: a pointer that may be NULL is used before it is compared with 0."""


class NotAPointerError(CheckError):
    """An error, a CheckError: a load or store through a register that holds a scalar, not a
    pointer."""


class ContextAccessError(CheckError):
    """An error, a CheckError: a context access that this program type does not allow."""


class PointerArithmeticError(CheckError):
    """An error, a CheckError: arithmetic that the verifier prohibits on pointers."""


class FallThroughError(CheckError):
    """An error, a CheckError: control falls through past the last instruction."""


class UnreachableCodeError(CheckError):
    """An error, a CheckError: instructions that no path reaches."""


class EndlessLoopError(CheckError):
    """An error, a CheckError: an infinite loop."""


class JumpTargetError(CheckError):
    """An error, a CheckError: a jump or call to a slot where no instruction of the function, or no
    function, begins."""


class LicenseError(CheckError):
    """An error, a CheckError: a program without a GPL-compatible license calls a GPL-only
    helper."""


class HelperUnavailableError(CheckError):
    """An error, a CheckError: a helper that programs of this type cannot call."""


class UnreleasedReferenceError(CheckError):
    """An error, a CheckError: the program exits without submitting or discarding a reserved ring
    buffer record."""


class ReleasedRecordError(CheckError):
    """An error, a CheckError: a ring buffer record is used after it was submitted or discarded."""


class CallDepthError(CheckError):
    """An error, a CheckError: the call stack is too deep, or a function calls itself."""


class TextError(AssemblyError):
    """An error, an AssemblyError: a syntax error in assembly text, or an operand that does not fit.

    ``problem``, a str, says which, ``source`` is the SourceLine, ``column`` is an int, counted from
    1.

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
