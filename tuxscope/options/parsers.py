"""Parsers of options: from a flag and what the user typed to a value, or a UsageError in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from tuxscope.errors import UsageError
from tuxscope.lean_typing import Any

# Longest first: "ms" ends with "s".
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST = 1e9  # seconds, which is 32 years: what poll(2) and setitimer(2) take on all machines


def given(text: str) -> str:
    """What the user gave, for an error; 'True' is Fire's word for a flag without a value."""
    return "nothing" if text == "True" else repr(text)


def whole_number(what: str, example: int, least: int = 1) -> Callable[[str, str], int]:
    """A parser of ``what``, a whole number from ``least`` on."""

    def parse(flag: str, text: str) -> int:
        if not is_whole(text, least):
            raise UsageError(f"{flag} takes {what}, as in {flag} {example}, not {given(text)}")
        return int(text)

    return parse


def whole_numbers(what: str, example: str, most: int) -> Callable[[str, str], tuple[int, ...]]:
    """A parser of ``what``, up to ``most`` whole numbers with commas between them; each is kept
    once."""

    def parse(flag: str, text: str) -> tuple[int, ...]:
        pieces = text.split(",", most)
        if wrong := [each for each in pieces[:most] if not is_whole(each)]:
            raise UsageError(f"{flag} takes {what}, as in {flag} {example}, not {given(wrong[0])}")
        if len(pieces) > most:
            raise UsageError(f"{flag} takes {what}, {most} at most")
        return tuple(dict.fromkeys(map(int, pieces)))

    return parse


def is_whole(text: str, least: int = 1) -> bool:
    """Whether it is a decimal number from ``least`` on, of less than 20 digits."""
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) >= least


def seconds(example: float) -> Callable[[str, str], float]:
    """A parser of a time, in seconds: ``2.5``, ``10ms``, ``1m``."""

    def parse(flag: str, text: str) -> float:
        unit = next((each for each in UNITS if text.endswith(each)), "")
        try:
            value = float(text.removesuffix(unit)) * UNITS.get(unit, 1.0)
        except ValueError:
            value = 0.0
        if not 0 < value <= LONGEST:
            raise UsageError(f"{flag} takes seconds, as in {flag} {example}, not {given(text)}")
        return value

    return parse


def choice(kind: type[Enum] | Sequence[str], *some: Enum) -> Callable[[str, str], Any]:
    """A parser of one of an enum's values (``some`` of them), or of words."""
    members = some or (tuple(kind) if isinstance(kind, type) else kind)
    values = {each.value if isinstance(each, Enum) else each: each for each in members}
    *most, last = values
    known = f"{', '.join(most)} or {last}"

    def parse(flag: str, text: str) -> Any:
        if text not in values:
            raise UsageError(f"{flag} is {known}, not {given(text)}")
        return values[text]

    return parse


process_id = whole_number("a process id", 1842)
seed_number = whole_number("a whole number", 7, least=0)
