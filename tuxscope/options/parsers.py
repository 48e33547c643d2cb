"""Parsers for option values: ``parse(flag, text)`` returns the value or raises UsageError."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from tuxscope.errors import UsageError
from tuxscope.lean_typing import Any

# Longest first: "ms" ends with "s".
UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST = 1e9  # seconds (32 years): within the limits of poll(2) and setitimer(2)


def given(text: str) -> str:
    """Return ``repr(text)`` of ``text``, a str, for an error message; "nothing" for Fire's 'True'
    (a flag without a value)."""
    return "nothing" if text == "True" else repr(text)


def integer(what: str, example: int, least: int = 1) -> Callable[[str, str], int]:
    """Return a function that takes a flag and a text, both str, and returns an int >= ``least``, an
    int. ``what``, a str, and ``example``, an int, are for the error."""

    def parse(flag: str, text: str) -> int:
        if not is_integer(text, least):
            raise UsageError(f"{flag} takes {what}, as in {flag} {example}, not {given(text)}")
        return int(text)

    return parse


def integers(what: str, example: str, most: int) -> Callable[[str, str], tuple[int, ...]]:
    """Return a function that takes a flag and a text, both str, and returns a tuple of int: a
    comma-separated list of up to ``most`` positive integers.

    The tuple has no duplicates. ``what`` and ``example``, both str, are for the error.
    """

    def parse(flag: str, text: str) -> tuple[int, ...]:
        parts = text.split(",", most)
        if wrong := [each for each in parts[:most] if not is_integer(each)]:
            raise UsageError(f"{flag} takes {what}, as in {flag} {example}, not {given(wrong[0])}")
        if len(parts) > most:
            raise UsageError(f"{flag} takes at most {most} {what}, for example: {flag} {example}")
        return tuple(dict.fromkeys(map(int, parts)))

    return parse


def is_integer(text: str, least: int = 1) -> bool:
    """Return whether ``text``, a str, is a decimal integer >= ``least`` of less than 20 digits."""
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) >= least


def seconds(example: float) -> Callable[[str, str], float]:
    """Return a function that takes a flag and a text, both str, and returns a duration in seconds,
    a float. It accepts ``2.5``, ``10ms``, ``1m``.

    ``example``, in seconds, a float, is for the error.
    """

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
    """Return a function that takes a flag and a text, both str, and returns the member of ``kind``,
    an Enum class, with that value, or the text, one of ``kind``, a sequence of str.

    With ``some``, each a member of the enum, only these are accepted.
    """
    members = some or (tuple(kind) if isinstance(kind, type) else kind)
    values = {each.value if isinstance(each, Enum) else each: each for each in members}
    *most, last = values
    known = f"{', '.join(most)} or {last}"

    def parse(flag: str, text: str) -> Any:
        if text not in values:
            raise UsageError(f"{flag} is {known}, not {given(text)}")
        return values[text]

    return parse


process_id = integer("a process ID", 1842)
seed_number = integer("an integer", 7, least=0)
