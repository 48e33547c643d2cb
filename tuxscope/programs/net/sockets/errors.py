"""Errors of listing sockets."""

from tuxscope.errors import TuxscopeError


class SocketsError(TuxscopeError):
    """The kernel does not list its TCP sockets, or /proc cannot be read."""


class NamespaceError(SocketsError):
    """A network namespace cannot be entered, or no longer exists."""
