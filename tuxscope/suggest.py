"""The nearest name to a misspelt one."""

from __future__ import annotations

import os
from collections.abc import Iterable

LONGEST = 64  # no name is longer, and comparing takes the square of the length


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is meant; empty where none is near.

    One that differs in case and hyphens alone is meant. Of equally near ones, it is the one that
    begins alike: ``syscall`` is ``syscalls``, not ``vsyscall``.
    """
    known = list(known)
    if same := next((each for each in known if plain(each) == plain(name)), ""):
        return same
    if len(name) > LONGEST:
        return ""
    from difflib import SequenceMatcher, get_close_matches  # who mistypes nothing need not wait

    def nearness(other: str) -> tuple[float, int]:
        ratio = SequenceMatcher(None, other, name).ratio()
        return ratio, len(os.path.commonprefix((name, other)))

    return max(get_close_matches(name, known), key=nearness, default="")


def plain(name: str) -> str:
    """A name in lower case, with hyphens."""
    return name.casefold().replace("_", "-")


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """``; did you mean timestamp_ns?``, or nothing where no known name is near."""
    near = nearest(name, known)
    return f"; did you mean {prefix}{near}?" if near else ""
