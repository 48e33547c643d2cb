"""What a user can meet who asks for sockets."""

from tuxscope.errors import TuxscopeError


class SocketsError(TuxscopeError):
    """The kernel does not tell of its TCP sockets, or of who holds them."""


class NamespaceError(SocketsError):
    """A network namespace may not be entered, or is there no more."""
