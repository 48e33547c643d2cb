"""The base of errors that have a verifier log and its explanation."""

from __future__ import annotations

from tuxscope.errors import LocatedError
from tuxscope.lean_typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuxscope.explain.explanation import Explanation


class ExplainedError(LocatedError):
    """An error, a LocatedError: a verifier refused a program. The problem, line, hint and slot are
    the explanation's.

    Attributes:
        explanation: the explanation of the log, an Explanation.
        cause: key of the cause (docs/verifier.md), a str; None if it is unknown.
        log: the verifier's log, a str.
    """

    def __init__(self, explanation: Explanation, log: str) -> None:
        super().__init__(
            explanation.sentence, explanation.source, hint=explanation.hint, slot=explanation.slot
        )
        self.explanation = explanation
        self.cause = explanation.cause
        self.log = log
