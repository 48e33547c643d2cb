"""Names of network interfaces, by rtnetlink(7)."""

from __future__ import annotations

from tuxscope.programs.net.sockets.errors import SocketsError
from tuxscope.programs.net.sockets.namespaces import all_namespaces


class InterfaceNames:
    """A cache of interface names. It does not notice when an interface is renamed."""

    def __init__(self) -> None:
        self._known: dict[int, dict[int, str]] = {}  # by namespace and index

    def name(self, netns: int, index: int) -> str:
        """Return the name, a str, of interface ``index`` in the network namespace with inode
        ``netns``, both int.

        Returns the index as text if the namespace cannot be entered or has no such interface.
        """
        known = self._known.setdefault(netns, {})
        if index not in known:
            known.update(links(netns))
            known.setdefault(index, str(index))
        return known[index]


def links(netns: int) -> dict[int, str]:
    """Return the interface names in the network namespace with inode ``netns``, an int: a dict of
    str by index.

    It is empty if the namespace cannot be read.
    """
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
