"""How much slower this machine is than those that the tests' numbers are made for.

The guests of the kernel matrix are emulated: their tests count to less and wait for longer.
"""

from __future__ import annotations

import os

SLOWDOWN = int(os.environ.get("TUXSCOPE_SLOWDOWN") or 1)
# Seconds after which what a test waits for is held to hang: its process is killed, and it fails.
LIMIT = 60.0 if SLOWDOWN == 1 else 60.0 + 3 * SLOWDOWN


def fewer(count: int) -> int:
    """A number of events, or of events a second."""
    return max(1, count // SLOWDOWN)
