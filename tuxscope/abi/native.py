"""System calls of the running machine's 64-bit programs."""

from __future__ import annotations

from collections.abc import Mapping

from tuxscope.abi.architecture import this_architecture
from tuxscope.abi.names import numbers, syscall_name


def native_name(number: int) -> str:
    """Return the name of the machine's 64-bit call ``number``, an int, as ``openat``;
    ``syscall_9999`` if it has no name."""
    return syscall_name(this_architecture(), False, number)


def native_numbers() -> Mapping[str, int]:
    """Return the numbers of the machine's 64-bit calls, a mapping of name to int."""
    return numbers(this_architecture().native)
