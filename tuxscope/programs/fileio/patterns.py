"""``--path``: which paths are meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from functools import lru_cache
from os import fsencode
from os.path import abspath

MAGIC = frozenset("*?[")
CACHED = 65536


def matcher(pattern: str) -> Callable[[bytes], bool]:
    """Return a function that takes a path, bytes, and returns whether ``pattern``, a str, means it.

    Without ``*``, ``?`` and ``[`` it is a file, or a directory with all that is below it. With one
    of them, it is like the whole path if it has a slash, and else like the name alone. A ``*``
    stands for slashes, too.
    """
    if MAGIC.isdisjoint(pattern):
        whole = fsencode(abspath(pattern))
        below = whole.rstrip(b"/") + b"/"
        return lambda path: path == whole or path.startswith(below)
    like = re.compile(fsencode(translate(pattern)), re.DOTALL)
    if "/" in pattern:
        return lru_cache(CACHED)(lambda path: bool(like.match(path)))
    return lru_cache(CACHED)(lambda path: bool(like.match(path.rpartition(b"/")[2])))
