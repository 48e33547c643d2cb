"""The processes that /proc shows."""

from __future__ import annotations

import os

from tuxscope.errors import strerror
from tuxscope.programs.net.sockets.errors import SocketsError


def pids() -> list[int]:
    """Their numbers, the lowest first. Raises SocketsError where /proc is not mounted."""
    try:
        return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    except OSError as error:
        raise SocketsError(f"cannot read /proc: {strerror(error)}") from error
