"""The base of errors that have a verifier's log, and what it says in plain words."""

from __future__ import annotations

from tuxscope.errors import LocatedError
from tuxscope.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxscope.explain.explanation import Explanation


class ExplainedError(LocatedError):
    """A verifier refused a program. The problem, line, hint and slot are the explanation's.

    Attributes:
        explanation: all there is to say of it, the registers and the kernel's own words too.
        cause: key of the cause (docs/verifier.md); None where it is unknown.
        log: what the verifier said.
    """

    def __init__(self, explanation: Explanation, log: str) -> None:
        super().__init__(
            explanation.sentence, explanation.source, hint=explanation.hint, slot=explanation.slot
        )
        self.explanation = explanation
        self.cause = explanation.cause
        self.log = log
