"""A fixed piece of what ``make fuzz`` does at length."""

from __future__ import annotations

from pace import fewer

from asm.fuzz_words import fuzz


def test_random_words_are_instructions_or_none() -> None:
    count = fewer(20_000)
    outcomes = fuzz(count, seed=1)
    assert outcomes.total() == 2 * count
    assert min(outcomes.values()) > count / 20
