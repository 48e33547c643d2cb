"""System calls of the running machine's 64-bit programs."""

from __future__ import annotations

from collections.abc import Mapping

from tuxscope.abi.architecture import this_architecture
from tuxscope.abi.names import numbers, syscall_name


def native_name(number: int) -> str:
    """What a call is called: ``openat``; of a number that has no name, ``syscall_9999``."""
    return syscall_name(this_architecture(), False, number)


def native_numbers() -> Mapping[str, int]:
    """All calls, by name."""
    return numbers(this_architecture().native)
