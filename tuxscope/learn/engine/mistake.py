"""What a grader says of an answer that is not right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuxscope.errors import Portable

if TYPE_CHECKING:
    from tuxscope.asm import SourceLine


class Mistake(Portable, Exception):  # noqa: N818  # what a student makes
    """An answer is not right.

    Attributes:
        expected: what a right one does, with the inputs that were tried.
        came: what this one did.
        source: the page's line that is to blame, where one is.
        hint: index of the hint that fits, from 0; None where none does.
    """

    def __init__(
        self, expected: str, came: str, source: SourceLine | None = None, hint: int | None = 0
    ) -> None:
        super().__init__(f"expected {expected}, came {came}")
        self.expected = expected
        self.came = came
        self.source = source
        self.hint = hint
