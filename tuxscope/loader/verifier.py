"""Programs that the kernel does not take, and why."""

from __future__ import annotations

from tuxscope.asm.program import Program
from tuxscope.errors import TuxscopeError
from tuxscope.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxscope.explain.explanation import Explanation


class LoadError(TuxscopeError):
    """The kernel refused a program without the verifier having a say."""


class VerifierError(LoadError):
    """The verifier refused a program.

    Attributes:
        program: the program.
        explanation: all there is to say of it, the registers and the kernel's own words too.
        cause: key of the cause (docs/verifier.md); None where it is unknown.
        slot: where it stopped, in slots from the program's start; None where it does not say.
        source: the Python line that made the instruction there.
        log: what the verifier said. Of more than a megabyte the end, where the kernel gives that
            (Linux 6.4) and :func:`~tuxscope.loader.load` was not asked for a log.
    """

    def __init__(self, program: Program, log: str, explanation: Explanation) -> None:
        self.program = program
        self.explanation = explanation
        self.cause = explanation.cause
        self.slot = explanation.slot
        self.source = explanation.source
        self.log = log
        place = f"{self.source}: " if self.source else ""
        said = (
            f"{explanation.sentence}; {explanation.hint}"
            if explanation.hint
            else f"the verifier says: {explanation.sentence}"
        )
        slot = "" if self.slot is None else f", slot {self.slot}"
        super().__init__(f"{place}{said} (program {program.name}{slot})")
