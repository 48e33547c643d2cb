"""Who holds which socket, as ``ss -p`` finds it: by the links in /proc/PID/fd."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass

from tuxscope.programs.net.sockets.processes import pids

PREFIX = "socket:["  # and the inode follows: net/socket.c, sockfs_dname()


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that holds a socket.

    Attributes:
        pid: as the PID namespace of our /proc counts.
        comm: the process's name, at most 15 bytes (PR_SET_NAME), as they are.
    """

    pid: int
    comm: bytes


def owners(inodes: Container[int]) -> dict[int, Owner]:
    """Who holds these sockets, by their inode, from one look at all processes.

    Where several processes hold one, as after fork(2), it is the one with the lowest PID. A
    socket is not in the answer where no process holds it, where it may not be told (ptrace(2),
    "access mode checking"), or where it came or went during the look.
    Raises SocketsError where /proc is not mounted.
    """
    found: dict[int, Owner] = {}
    for pid in pids():
        held = {inode for inode in _held(pid) if inode in inodes and inode not in found}
        comm = _comm(pid) if held else None
        if comm is not None:
            found.update(dict.fromkeys(held, Owner(pid, comm)))
    return found


def _held(pid: int) -> Iterator[int]:
    """The inodes of a process's sockets; none where it is gone or may not be looked at."""
    folder = f"/proc/{pid}/fd"
    try:
        fds = os.listdir(folder)
    except OSError:
        return
    for fd in fds:
        try:
            target = os.readlink(f"{folder}/{fd}")
        except OSError:  # closed meanwhile
            continue
        if target.startswith(PREFIX):
            yield int(target[len(PREFIX) : -1])


def _comm(pid: int) -> bytes | None:
    """The process's name; None where it ended meanwhile."""
    try:
        with open(f"/proc/{pid}/comm", "rb") as file:
            return file.read().removesuffix(b"\n")
    except OSError:
        return None
