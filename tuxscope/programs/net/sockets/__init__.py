"""The existing TCP sockets (sock_diag(7)), their processes and network namespaces."""

from tuxscope.programs.net.sockets.errors import NamespaceError, SocketsError
from tuxscope.programs.net.sockets.existing import Socket, all_sockets, existing_sockets
from tuxscope.programs.net.sockets.interfaces import InterfaceNames
from tuxscope.programs.net.sockets.namespaces import Namespace, all_namespaces, names, own_namespace
from tuxscope.programs.net.sockets.owners import Owner, owners

__all__ = [
    "InterfaceNames", "Namespace", "NamespaceError", "Owner", "Socket", "SocketsError",
    "all_namespaces", "all_sockets", "existing_sockets", "names", "own_namespace", "owners",
]  # fmt: skip
