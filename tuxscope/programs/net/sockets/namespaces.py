"""Network namespaces: list them, name them as ``ip netns`` does, run a function in one."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tuxscope.errors import strerror
from tuxscope.programs.net.sockets.errors import NamespaceError
from tuxscope.programs.net.sockets.processes import pids

NAMED = "/run/netns"  # where ip-netns(8) mounts named namespaces
OURS = "/proc/thread-self/ns/net"
CLONE_NEWNET = 0x40000000  # include/uapi/linux/sched.h

Answer = TypeVar("Answer")

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A frozen dataclass: a network namespace.

    Attributes:
        inode: an int, its inode number, equal to ``net->ns.inum`` in the kernel.
        path: a str, a file that refers to it (namespaces(7)), valid while that process or mount
            exists.
    """

    inode: int
    path: str

    def run(self, function: Callable[[], Answer]) -> Answer:
        """Call ``function``, without arguments, inside the namespace; return its result.

        It runs in a new thread, because setns(2) changes the calling thread. Raises NamespaceError,
        and what ``function`` raises.
        """
        from concurrent.futures import ThreadPoolExecutor

        def inside() -> Answer:
            self._enter()
            return function()

        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(inside).result()

    def _enter(self) -> None:
        """Move the calling thread into the namespace, by setns(2)."""
        try:
            if os.stat(OURS).st_ino == self.inode:  # that takes no privilege
                return
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                if os.fstat(fd).st_ino != self.inode:
                    raise NamespaceError(f"{self.path} now refers to another network namespace")
                if _libc.setns(fd, CLONE_NEWNET) < 0:  # os.setns came with Python 3.12
                    raise OSError(ctypes.get_errno(), "setns")
            finally:
                os.close(fd)
        except OSError as error:
            raise NamespaceError(
                f"cannot enter the network namespace {self.path}: {strerror(error)}"
            ) from error


def own_namespace() -> Namespace:
    """Return the Namespace of the calling thread. Raises NamespaceError if /proc is not mounted."""
    try:
        return Namespace(os.stat(OURS).st_ino, f"/proc/{os.readlink('/proc/thread-self')}/ns/net")
    except OSError as error:
        raise NamespaceError(f"cannot read {OURS}: {strerror(error)}; is /proc mounted?") from error


def names() -> dict[int, str]:
    """Return the names of ``ip netns``, a dict of str by inode; of several names the first one."""
    try:
        named = sorted(os.listdir(NAMED), reverse=True)
        namespaces = os.stat(OURS).st_dev
    except OSError:
        return {}
    found = {}
    for name in named:
        try:
            status = os.stat(f"{NAMED}/{name}")
        except OSError:  # deleted meanwhile
            continue
        if status.st_dev == namespaces:  # or nothing is mounted on the file
            found[status.st_ino] = name
    return found


def all_namespaces() -> list[Namespace]:
    """Return a list of the Namespaces of all processes and of ``ip netns``, each once, the own one
    first.

    Not listed are namespaces that may not be read (ptrace(2), "access mode checking"), and those
    that only a thread, an open file or another mount refers to. Raises NamespaceError if /proc is
    not mounted.
    """
    ours = own_namespace()
    found = {ours.inode: ours}
    for inode, name in names().items():
        found.setdefault(inode, Namespace(inode, f"{NAMED}/{name}"))
    # A process with a low PID is likely to live long.
    for pid in pids():
        path = f"/proc/{pid}/ns/net"
        try:
            inode = os.stat(path).st_ino
        except OSError:  # it may not be read, or the process ended
            continue
        found.setdefault(inode, Namespace(inode, path))
    return list(found.values())
