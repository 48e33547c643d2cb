"""The nearest name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

LONGEST = 64  # no name is longer, and comparing takes the square of the length


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the name of ``known``, an iterable of str, that is most similar to ``name``, a str;
    empty if none is similar.

    Of equally near ones, it is the one that begins and ends alike, above all begins: ``syscall`` is
    ``syscalls``, not ``vsyscall``. Case and hyphens count, unless nothing else is near.
    """
    if len(name) > LONGEST:
        return ""
    known = list(known)
    from difflib import SequenceMatcher, get_close_matches  # who mistypes nothing need not wait

    def nearness(other: str) -> tuple[float, int, int]:
        first = alike(name, other)
        ratio = SequenceMatcher(None, other, name).ratio()
        return ratio, first + alike(name[::-1], other[::-1]), first

    if near := get_close_matches(name, known):
        return max(near, key=nearness)
    return next((each for each in known if plain(each) == plain(name)), "")


def plain(name: str) -> str:
    """Return ``name`` in lower case, with hyphens."""
    return name.casefold().replace("_", "-")


def alike(first: str, second: str) -> int:
    """Return the length, an int, of the common prefix of two words, ``first`` and ``second``."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Return ``; did you mean timestamp_ns?`` with the name of ``known``, an iterable of str,
    nearest to ``name``, after ``prefix``, a str; empty if none is similar."""
    near = nearest(name, known)
    return f"; did you mean {prefix}{near}?" if near else ""
