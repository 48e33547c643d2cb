"""Whether a page is as it came with tuxscope: the tests have checked that one."""

from __future__ import annotations

import os
import sys

from tuxscope import programs

HOUSE = os.path.dirname(programs.__file__)


def is_shipped(file: str) -> bool:
    """Whether a page that was loaded, and what it imported of ``tuxscope.programs``, are as the
    tests have checked them: each file's CRC-32 is the recorded one (``make digests``).

    An edit that has the same one by chance is found by the verifier, as it is without checks.
    """
    if not os.path.abspath(file).startswith(HOUSE + os.sep):
        return False
    from zlib import crc32

    from tuxscope.programs.digests import DIGESTS

    imported = [
        each.__file__ or ""
        for name, each in sys.modules.items()
        if name.startswith(f"{programs.__name__}.")
    ]
    for each in {file, *imported}:
        name = os.path.relpath(each, HOUSE)
        if name == "digests.py":
            continue
        try:
            with open(each, "rb") as opened:
                if crc32(opened.read()) != DIGESTS.get(name):
                    return False
        except OSError:
            return False
    return True
