"""The process of --pid: it has to exist, and to be a process, not a thread."""

from __future__ import annotations

import errno
import os

from tuxscope.errors import TuxscopeError
from tuxscope.loader.fd import Fd


class TargetError(TuxscopeError):
    """An error, a TuxscopeError: --pid is not a process that can be traced."""


def open_process(pid: int) -> Fd:
    """Return the Fd, a pidfd, of process ``pid``, an int, readable once it has ended. Raises
    TargetError."""
    leader = thread_group(pid)
    if leader is not None and leader != pid:
        raise TargetError(f"{pid} is a thread of process {leader}; try --pid {leader}")
    try:
        return Fd(os.pidfd_open(pid))
    except (ProcessLookupError, OverflowError):
        raise TargetError(f"there is no process {pid}; ps -e lists them") from None
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOENT):  # the latter since Linux 6.15
            raise TargetError(f"{pid} is a thread, not a process") from None
        raise TargetError(f"cannot watch process {pid}: {os.strerror(error.errno or 0)}") from error


def thread_group(pid: int) -> int | None:
    """Return the PID, an int, of the process (``Tgid``) of ``pid``, an int, the id of a process or
    thread.

    None if /proc does not have it.
    """
    try:
        if os.readlink("/proc/self") != str(os.getpid()):
            return None  # it is mounted for another PID namespace, with other numbers
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("Tgid:")), None)
    except OSError:
        return None
