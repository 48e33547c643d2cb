"""What is said to the user beside the data: single lines on stderr, which a terminal may wrap."""

from __future__ import annotations

import os
from contextlib import suppress

from tuxscope.output.screen import room, wrapped
from tuxscope.output.visible import visible


def say(message: str) -> None:
    """Say one line. Where stderr is closed or full there is nobody to tell, and no harm done.

    It goes to the file descriptor itself: without stderr, Python's ``print`` would fall back to
    stdout, where data goes and nothing else.
    """
    line = f"tuxscope: {visible(' '.join(message.split()))}"
    if columns := room(2):
        line = "\n  ".join(wrapped(line, columns, columns - 2))
    with suppress(OSError):
        os.write(2, f"{line}\n".encode("utf-8", "replace"))
