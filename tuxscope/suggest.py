"""The nearest name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 64  # no name is longer, and comparing takes the square of the length


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """``; did you mean timestamp_ns?``, or nothing where no known name is near."""
    if len(name) > LONGEST:
        return ""
    near = get_close_matches(name, list(known), 1)
    return f"; did you mean {prefix}{near[0]}?" if near else ""
