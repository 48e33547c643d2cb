"""What network interfaces are called, as rtnetlink(7) tells it."""

from __future__ import annotations

from tuxscope.programs.net.sockets.errors import SocketsError
from tuxscope.programs.net.sockets.namespaces import all_namespaces


class InterfaceNames:
    """Looked up when they are first asked for, and kept: one renamed later keeps its old name."""

    def __init__(self) -> None:
        self._known: dict[int, dict[int, str]] = {}  # by namespace and index

    def name(self, netns: int, index: int) -> str:
        """What the interface with this number is called in the namespace with this inode.

        It is the number itself where the namespace may not be entered, or has none such (any more).
        """
        known = self._known.setdefault(netns, {})
        if index not in known:
            known.update(links(netns))
            known.setdefault(index, str(index))
        return known[index]


def links(netns: int) -> dict[int, str]:
    """The names of all interfaces in a namespace by their index; empty where it tells none."""
    try:
        for namespace in all_namespaces():
            if namespace.inode == netns:
                return namespace.run(_ask)
    except (SocketsError, OSError):
        pass
    return {}


def _ask() -> dict[int, str]:
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with IPRoute() as kernel:
            return {link["index"]: link.get_attr("IFLA_IFNAME") for link in kernel.get_links()}
    except NetlinkError as error:
        raise SocketsError(f"the kernel does not list its interfaces: {error}") from error
