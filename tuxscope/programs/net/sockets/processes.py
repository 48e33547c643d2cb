"""The processes in /proc."""

from __future__ import annotations

import os

from tuxscope.errors import strerror
from tuxscope.programs.net.sockets.errors import SocketsError


def pids() -> list[int]:
    """Return the PIDs in /proc, a sorted list of int. Raises SocketsError if /proc is not
    mounted."""
    try:
        return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    except OSError as error:
        raise SocketsError(f"cannot read /proc: {strerror(error)}; is it mounted?") from error
