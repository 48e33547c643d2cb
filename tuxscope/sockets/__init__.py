"""The TCP sockets that exist already: what the kernel tells of them, and who holds them."""

from tuxscope.sockets.errors import NamespaceError, SocketsError
from tuxscope.sockets.existing import Socket, all_sockets, existing_sockets
from tuxscope.sockets.interfaces import InterfaceNames
from tuxscope.sockets.namespaces import Namespace, all_namespaces, names, own_namespace
from tuxscope.sockets.owners import Owner, owners

__all__ = [
    "InterfaceNames", "Namespace", "NamespaceError", "Owner", "Socket", "SocketsError",
    "all_namespaces", "all_sockets", "existing_sockets", "names", "own_namespace", "owners",
]  # fmt: skip
