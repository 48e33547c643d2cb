"""Messages to the user: single lines on stderr."""

from __future__ import annotations

import os
from contextlib import suppress

from tuxscope.output.screen import room, wrapped
from tuxscope.output.visible import visible


def say(message: str) -> None:
    """Print ``tuxscope: `` and ``message``, a str, on stderr, wrapped on a terminal. Errors of
    write(2) are ignored.

    It writes to fd 2, because ``print`` would fall back to stdout, which carries data only.
    """
    line = f"tuxscope: {visible(' '.join(message.split()))}"
    if columns := room(2):
        line = "\n  ".join(wrapped(line, columns, columns - 2))
    with suppress(OSError):
        os.write(2, f"{line}\n".encode("utf-8", "replace"))
