"""Tells whether a page ships with tuxscope and is unedited: the tests have checked that one."""

from __future__ import annotations

import os
import sys

import tuxscope

PACKAGE = os.path.dirname(tuxscope.__file__)
PROGRAMS = os.path.join(PACKAGE, "programs")
# The modules that emit instructions for pages; all of programs/ may.
EMITTING = ("tuxscope.programs.", "tuxscope.page.emitting", "tuxscope.page.pid_namespace")

# The largest prime of 64 bits. A remainder takes 2 us; to load zlib for its CRC-32, 0.3 ms.
PRIME = (1 << 64) - 59


def digest(data: bytes) -> int:
    """Return 64 bits, an integer, of ``data``, bytes. Any edit within 8 bytes changes them, and
    nearly all other edits."""
    return int.from_bytes(data + b"\1", "little") % PRIME


def is_shipped(file: str) -> bool:
    """Return whether the loaded page ``file``, a path, and what it imported of ``EMITTING``, are as
    the tests have checked them: each file's digest is the recorded one (``make digests``).

    An edit with the same digest is possible; the verifier still checks that program.
    """
    if not os.path.abspath(file).startswith(PROGRAMS + os.sep):
        return False
    from tuxscope.page.digests import DIGESTS

    imported = [
        each.__file__ or "" for name, each in sys.modules.items() if name.startswith(EMITTING)
    ]
    for each in {file, *imported}:
        name = os.path.relpath(each, PACKAGE)
        try:
            with open(each, "rb") as opened:
                if digest(opened.read()) != DIGESTS.get(name):
                    return False
        except OSError:
            return False
    return True
