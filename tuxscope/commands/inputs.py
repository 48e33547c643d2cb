"""What a user names as input: a file, or - for stdin."""

from __future__ import annotations

from tuxscope.errors import TuxscopeError, strerror

STDIN = "-"


class InputError(TuxscopeError):
    """An error, a TuxscopeError, for a file that cannot be read, or whose content is not what the
    command expects."""


def shown(name: str) -> str:
    """Return ``name``, a file's, for messages: ``<stdin>`` for ``-``."""
    return "<stdin>" if name == STDIN else name


def contents(name: str, largest: int, why: str) -> bytes:
    """Return the bytes of file ``name``, or of stdin (``-``).

    Raises InputError if it cannot be read, or has more than ``largest`` bytes, an int; ``why`` is
    the text that then explains the limit.
    """
    try:
        with open(0 if name == STDIN else name, "rb", closefd=name != STDIN) as file:
            data = file.read(largest + 1)
    except OSError as error:
        raise InputError(f"cannot read {shown(name)}: {strerror(error)}") from error
    if len(data) > largest:
        raise InputError(f"{shown(name)} has more than {largest >> 20} MiB; {why}")
    return data
