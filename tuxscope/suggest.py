"""The nearest name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST = 64  # no name is longer, and comparing takes the square of the length


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """``; did you mean timestamp_ns?``, or nothing where no known name is near."""
    if len(name) > LONGEST:
        return ""
    from difflib import get_close_matches  # who mistypes nothing need not wait for it

    near = get_close_matches(name, list(known), 1)
    return f"; did you mean {prefix}{near[0]}?" if near else ""
