"""Decisions out of random bytes: what Hypothesis draws once for each step of a program."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeVar

T = TypeVar("T")

# Where arithmetic goes wrong: around the limits of each width, signed and unsigned.
CORNERS = sorted(
    {
        sign * (1 << bits) + delta
        for bits in (0, 7, 8, 15, 16, 31, 32, 63, 64)
        for sign in (1, -1)
        for delta in (-2, -1, 0, 1, 2)
    },
    key=abs,
)


class Choices:
    """A number that each decision takes a digit off; 0 decides for what comes first."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "big")

    def below(self, count: int) -> int:
        """A number from 0 to ``count`` - 1, all as likely."""
        self._left, digit = divmod(self._left, count)
        return digit

    def pick(self, options: Sequence[T]) -> T:
        """One of them, all as likely."""
        return options[self.below(len(options))]

    def number(self, low: int, high: int) -> int:
        """A number from ``low`` to ``high``; mostly one at the edge of something."""
        if self.below(4) == 3:
            return low + self.below(high - low + 1)
        return self.pick(corners(low, high))


@cache
def corners(low: int, high: int) -> tuple[int, ...]:
    """The corners between two numbers, and the numbers themselves."""
    inside = [each for each in CORNERS if low <= each <= high]
    return tuple(sorted({*inside, low, high}, key=abs))
