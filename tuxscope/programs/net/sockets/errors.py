"""Errors of listing sockets."""

from tuxscope.errors import TuxscopeError


class SocketsError(TuxscopeError):
    """An error, a TuxscopeError: the kernel does not list its TCP sockets, or /proc cannot be
    read."""


class NamespaceError(SocketsError):
    """An error, a SocketsError: a network namespace cannot be entered, or no longer exists."""
