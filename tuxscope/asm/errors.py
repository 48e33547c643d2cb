"""What can go wrong while a program is assembled, each with the author's line."""

from __future__ import annotations

from tuxscope.errors import LocatedError
from tuxscope.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxscope.source import SourceLine


class AssemblyError(LocatedError, ValueError):
    """Base of the errors of this package."""


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


class CheckError(AssemblyError):
    """Base of what the checks find in a whole program: the verifier would refuse it.

    It always has a hint and a slot.
    """

    def __init__(self, problem: str, hint: str, slot: int, source: SourceLine | None) -> None:
        super().__init__(problem, source, hint=hint, slot=slot)


class UninitialisedRegisterError(CheckError):
    """A register is read that nothing was ever put into."""


class ClobberedRegisterError(UninitialisedRegisterError):
    """One of r1 to r5 is read after a call, which used it up."""


class MissingResultError(UninitialisedRegisterError):
    """An exit without a result in r0."""


class ArgumentError(CheckError):
    """A helper is called with what it does not take."""


class UninitialisedStackError(CheckError):
    """Stack bytes leave the program that nothing was ever stored in."""


class StackAccessError(CheckError):
    """A load or store outside of the function's 512 bytes of stack."""


class AlignmentError(CheckError):
    """A load or store of the stack at an offset that is no multiple of its size."""


class MapValueAccessError(CheckError):
    """A load or store outside of a map's value."""


class NullCheckError(CheckError):
    """The result of a lookup is used as an address before it is compared with 0."""


class NotAPointerError(CheckError):
    """A load or store at an address that is a plain number."""


class ContextAccessError(CheckError):
    """A load or store that the context of this program type does not allow."""


class PointerArithmeticError(CheckError):
    """What must not be computed with a pointer."""


class FallThroughError(CheckError):
    """A function's last instruction goes on to nowhere."""


class UnreachableCodeError(CheckError):
    """Instructions that no path leads to."""


class EndlessLoopError(CheckError):
    """A loop that nothing ends."""


class JumpTargetError(CheckError):
    """A jump to where no instruction of this function begins."""


class LicenseError(CheckError):
    """A helper that only programs under the GPL may call."""


class HelperUnavailableError(CheckError):
    """A helper that programs of this type do not have."""


class UnreleasedReferenceError(CheckError):
    """The program ends with a ring buffer's record neither submitted nor discarded."""


class ReleasedRecordError(CheckError):
    """A ring buffer's record is used after it was submitted or discarded."""


class CallDepthError(CheckError):
    """Calls too many functions deep, or a function that calls itself."""


class TextError(AssemblyError):
    """Assembly text that cannot be read, or says what no instruction can.

    Attributes:
        file, line: as the source has them.
    """

    def __init__(self, problem: str, source: SourceLine, column: int) -> None:
        # A name in quotes may hold anything, and an error is one line.
        problem = "".join(each if each.isprintable() else repr(each)[1:-1] for each in problem)
        super().__init__(problem, source, column)
        self.file = source.file
        self.line = source.line

    @property
    def place(self) -> str:
        """``drop.s:3:9``."""
        return f"{super().place}:{self.column}"

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"
