"""Networks to test in: namespaces, and pairs of veth between them, gone when a test is done.

What shall be in a namespace is made by ``namespace.run``: a socket stays in it, and a process that
is started there runs in it.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pace import LIMIT
from pyroute2 import IPRoute, netns
from pyroute2.netlink.exceptions import NetlinkError

from tuxscope.programs.net.sockets import Namespace

CLONE_NEWNET = 0x40000000
MNT_DETACH = 2
NODAD = 0x02  # IFA_F_NODAD: an IPv6 address is there at once
NAMED = "/run/netns"

_libc = ctypes.CDLL(None, use_errno=True)
_numbers = itertools.count()


@dataclass(frozen=True)
class End:
    """One end of a pair.

    Attributes:
        namespace: that it is in.
        name: of the interface.
        index: of the interface, in its namespace.
        v4, v6: its addresses.
    """

    namespace: Namespace
    name: str
    index: int
    v4: str
    v6: str


@contextmanager
def make_namespace() -> Iterator[Namespace]:
    """A namespace without a name, its loopback up; there for as long as it is held."""

    def unshare() -> int:
        if _libc.unshare(CLONE_NEWNET) < 0:
            raise OSError(ctypes.get_errno(), "unshare")
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    with ThreadPoolExecutor(max_workers=1) as thread:
        fd = thread.submit(unshare).result(LIMIT)
    try:
        namespace = Namespace(os.fstat(fd).st_ino, f"/proc/{os.getpid()}/fd/{fd}")
        namespace.run(loopback_up)
        yield namespace
    finally:
        os.close(fd)


@contextmanager
def make_named_namespace(name: str) -> Iterator[Namespace]:
    """One as ``ip netns add`` makes it, its loopback up."""
    new = not os.path.exists(NAMED)
    netns.create(name)
    try:
        path = f"{NAMED}/{name}"
        namespace = Namespace(os.stat(path).st_ino, path)
        namespace.run(loopback_up)
        yield namespace
    finally:
        netns.remove(name)
        if new and not os.listdir(NAMED):  # it was mounted for this one
            while _libc.umount2(NAMED.encode(), MNT_DETACH) == 0:
                pass
            with suppress(OSError):
                os.rmdir(NAMED)


@contextmanager
def process_in(namespace: Namespace) -> Iterator[int]:
    """The PID of a process that waits there."""
    process = namespace.run(lambda: subprocess.Popen(["sleep", "60"]))
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait(LIMIT)


@contextmanager
def make_veth(left: Namespace, right: Namespace) -> Iterator[tuple[End, End]]:
    """A pair of interfaces, one in each of two namespaces, up, with addresses of both families."""
    number = next(_numbers) % 250
    name = f"tux{number}"

    def link() -> None:
        peer = {"ifname": name, "address": mac(2), "net_ns_fd": right.path}
        with IPRoute() as ip:
            ip.link("add", ifname=name, address=mac(1), kind="veth", peer=peer)

    def mac(last: int) -> str:
        return f"02:00:00:00:{number:02x}:{last:02x}"

    def v4(last: int) -> str:
        return f"10.213.{number}.{last}"

    def v6(last: int) -> str:
        return f"fd00:213:0:{number:x}::{last}"

    def end(namespace: Namespace, mine: int, other: int) -> End:
        def up() -> End:
            with IPRoute() as ip:
                (index,) = ip.link_lookup(ifname=name)
                ip.link("set", index=index, state="up")
                ip.addr("add", index=index, address=v4(mine), prefixlen=24)
                ip.addr("add", index=index, address=v6(mine), prefixlen=64, flags=NODAD)
                # IPv6 would take a second to learn that the other end is up.
                for dst in v4(other), v6(other):
                    ip.neigh("add", ifindex=index, dst=dst, lladdr=mac(other), state="permanent")
            return End(namespace, name, index, v4(mine), v6(mine))

        return namespace.run(up)

    def unlink() -> None:
        # The kernel may have taken it already, with the other namespace.
        with IPRoute() as ip, suppress(NetlinkError):
            for index in ip.link_lookup(ifname=name):
                ip.link("del", index=index)

    left.run(link)
    try:
        yield end(left, 1, 2), end(right, 2, 1)
    finally:
        left.run(unlink)


def loopback_up() -> None:
    """In the namespace of the calling thread."""
    with IPRoute() as ip:
        (index,) = ip.link_lookup(ifname="lo")
        ip.link("set", index=index, state="up")
