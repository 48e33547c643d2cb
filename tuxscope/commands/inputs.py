"""What a user names as input: a file, or - for stdin."""

from __future__ import annotations

from tuxscope.errors import TuxscopeError, strerror

STDIN = "-"


class InputError(TuxscopeError):
    """A file that cannot be read, or does not hold what it should."""


def shown(name: str) -> str:
    return "<stdin>" if name == STDIN else name


def contents(name: str, largest: int, why: str) -> bytes:
    """What is in a file, or on stdin: ``largest`` bytes at most, as ``why`` says.

    Raises InputError.
    """
    try:
        with open(0 if name == STDIN else name, "rb", closefd=name != STDIN) as file:
            data = file.read(largest + 1)
    except OSError as error:
        raise InputError(f"cannot read {shown(name)}: {strerror(error)}") from error
    if len(data) > largest:
        raise InputError(f"{shown(name)} has more than {largest >> 20} MiB; {why}")
    return data
