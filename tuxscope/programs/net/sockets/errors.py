"""Errors of listing sockets."""

from tuxscope.errors import TuxscopeError


class SocketsError(TuxscopeError):
    """An error: the kernel does not list its TCP sockets, or /proc cannot be read."""


class NamespaceError(SocketsError):
    """An error: a network namespace cannot be entered, or no longer exists."""
