"""What a grader raises for an answer that is not right."""

from __future__ import annotations

from tuxscope.errors import LocatedError
from tuxscope.source import SourceLine


class Mistake(LocatedError):  # noqa: N818  # what a student makes
    """An error, a LocatedError, for an answer that is not right.

    ``source`` is the SourceLine that is wrong, or None; ``hint``, an int or None, becomes
    ``fitting_hint``.

    Attributes:
        expected: what a right answer does with the inputs that were tried, a str.
        came: what this one did, a str.
        fitting_hint: an int or None, index of the exercise's hint that fits, from 0; None if none
            does.
    """

    def __init__(
        self, expected: str, came: str, source: SourceLine | None = None, hint: int | None = 0
    ) -> None:
        super().__init__(f"expected {expected}, got {came}", source)
        self.expected = expected
        self.came = came
        self.fitting_hint = hint
