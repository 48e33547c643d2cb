"""Finds the process of a socket by the links in /proc/PID/fd, as ``ss -p`` does."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator
from dataclasses import dataclass

from tuxscope.programs.net.sockets.processes import pids

PREFIX = "socket:["  # and the inode follows: net/socket.c, sockfs_dname()


@dataclass(frozen=True, slots=True)
class Owner:
    """A frozen dataclass: a process that holds a socket.

    Attributes:
        pid: an int, in the PID namespace of /proc.
        comm: the name of the process, at most 15 raw bytes (PR_SET_NAME).
    """

    pid: int
    comm: bytes


def owners(inodes: Container[int]) -> dict[int, Owner]:
    """Return the processes of the sockets ``inodes``, a container of int, as a dict of Owner by
    inode.

    Reads /proc once. If several processes hold a socket, as after fork(2), the lowest PID counts. A
    socket is missing if no process holds it, if /proc/PID/fd may not be read (ptrace(2), "access
    mode checking"), or if it was opened or closed meanwhile. Raises SocketsError if /proc is not
    mounted.
    """
    found: dict[int, Owner] = {}
    for pid in pids():
        held = {inode for inode in _held(pid) if inode in inodes and inode not in found}
        comm = _comm(pid) if held else None
        if comm is not None:
            found.update(dict.fromkeys(held, Owner(pid, comm)))
    return found


def _held(pid: int) -> Iterator[int]:
    """The inodes of a process's sockets; nothing if it has exited or may not be read."""
    directory = f"/proc/{pid}/fd"
    try:
        fds = os.listdir(directory)
    except OSError:
        return
    for fd in fds:
        try:
            target = os.readlink(f"{directory}/{fd}")
        except OSError:  # closed meanwhile
            continue
        if target.startswith(PREFIX):
            yield int(target[len(PREFIX) : -1])


def _comm(pid: int) -> bytes | None:
    """The comm of a process; None if it has exited."""
    try:
        with open(f"/proc/{pid}/comm", "rb") as file:
            return file.read().removesuffix(b"\n")
    except OSError:
        return None
