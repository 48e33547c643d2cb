"""``--path``: which paths are meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import translate
from functools import lru_cache
from os.path import abspath, normpath, realpath

MAGIC = frozenset("*?[")
CACHED = 4096
DELETED = " (deleted)"  # what a file's path ends with whose name is gone


def matcher(pattern: str) -> Callable[[bytes], bool]:
    """Return a function that takes a path, bytes, and returns whether ``pattern``, a str, means it.

    Without ``*``, ``?`` and ``[`` it is a file, or a directory with all that is below it. With one
    of them, it is like the whole path if it has a slash, and else like the name alone. A ``*``
    stands for slashes, too.

    Symbolic links in the directories in front of these characters are followed. A relative pattern
    begins in the working directory, but one that begins with ``*`` anywhere.
    """
    by_name = "/" not in pattern and not MAGIC.isdisjoint(pattern)
    like = re.compile(translate(pattern) if by_name else of_whole_path(pattern))

    @lru_cache(CACHED)
    def means(path: bytes) -> bool:
        return any(
            like.match(each.rpartition("/")[2] if by_name else each) for each in written(path)
        )

    return means


def written(path: bytes) -> Iterator[str]:
    """Yield what ``path``, bytes, may be written as in a pattern, str."""
    text = path.decode("utf-8", "surrogateescape")
    text = text.rstrip("/") or text
    yield text
    if "/.." in text:
        yield normpath(text)
    if text.endswith(DELETED):
        yield text.removesuffix(DELETED)


def of_whole_path(pattern: str) -> str:
    """Return the regular expression, a str, of the paths that ``pattern``, a str, means: one of
    files by their whole paths."""
    if pattern.startswith("*"):
        return translate(pattern)
    names = (pattern.rstrip("/") or "/").split("/")
    first = next((at for at, each in enumerate(names) if not MAGIC.isdisjoint(each)), len(names))
    fixed = "/".join(names[:first]) or ("/" if pattern.startswith("/") else ".")
    # Not in the order of a set, as that differs from run to run.
    roots = dict.fromkeys(each.rstrip("/") for each in (abspath(fixed), realpath(fixed)))
    begin = f"(?:{'|'.join(map(re.escape, roots))})"
    if first == len(names):
        return rf"(?s:{begin}(?:/.*)?)\Z"
    return f"{begin}/{translate('/'.join(names[first:]))}"
