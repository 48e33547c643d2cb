"""What is said to the user beside the data: single lines on stderr."""

from __future__ import annotations

import os
from contextlib import suppress

from tuxscope.output.visible import visible


def say(message: str) -> None:
    """Say one line. Where stderr is closed or full there is nobody to tell, and no harm done.

    It goes to the file descriptor itself: without stderr, Python's ``print`` would fall back to
    stdout, where data goes and nothing else.
    """
    line = f"tuxscope: {visible(' '.join(message.split()))}\n"
    with suppress(OSError):
        os.write(2, line.encode("utf-8", "replace"))
