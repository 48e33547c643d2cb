"""Errors of loading a program."""

from __future__ import annotations

from tuxscope.asm.program import Program
from tuxscope.errors import TuxscopeError
from tuxscope.explain.errors import ExplainedError
from tuxscope.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxscope.explain.explanation import Explanation


class LoadError(TuxscopeError):
    """An error, a TuxscopeError: the kernel refused a program, for another reason than the
    verifier."""


class VerifierError(LoadError, ExplainedError):
    """An error, a LoadError and ExplainedError: the verifier refused a program.

    Attributes:
        program: the Program.
        program_name: its name, which a process that cannot have the program knows as well.
        explanation: an Explanation: all there is to say of it, the registers and the kernel's own
            words too.
        cause: key of the cause (docs/verifier.md); None where it is unknown.
        slot: where it stopped, in slots from the program's start; None where it does not say.
        source: the Python line that made the instruction there.
        log: a str, what the verifier said. Of more than a megabyte the end, where the kernel gives
            that (Linux 6.4) and :func:`~tuxscope.loader.load` was not asked for a log.
    """

    def __init__(self, program: Program, log: str, explanation: Explanation) -> None:
        super().__init__(explanation, log)
        self.program = program
        self.program_name = program.name

    def __str__(self) -> str:
        place = f"{self.source}: " if self.source else ""
        said = super().__str__() if self.hint else f"{place}the verifier says: {self.problem}"
        slot = "" if self.slot is None else f", slot {self.slot}"
        return f"{said} (program {self.program_name}{slot})"
