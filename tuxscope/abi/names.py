"""Names of system calls: the table syscalls.tsv, which ``make syscalls`` writes, and groups.tsv.

Both are read when somebody asks. A name may have numbers in several ABIs, and none in others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from tuxscope.abi.architecture import Abi, Architecture

HERE = os.path.dirname(__file__)


def lines_of(file: str) -> list[str]:
    with open(os.path.join(HERE, file), encoding="utf-8") as table:
        return table.read().rstrip().split("\n")


@cache
def numbers(abi: Abi) -> Mapping[str, int]:
    """All calls of an ABI, by name."""
    head, *rows = (each.split("\t") for each in lines_of("syscalls.tsv"))
    column = head.index(abi.value)
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


@cache
def names(abi: Abi) -> Mapping[int, str]:
    """All calls of an ABI, by number."""
    return {number: name for name, number in numbers(abi).items()}


@cache
def groups() -> Mapping[str, frozenset[str]]:
    """strace's classes of calls, by name without %: file, network and so on; see strace(1)."""
    rows = (each.split("\t") for each in lines_of("groups.tsv"))
    return {group: frozenset(members.split()) for group, members in rows}


def syscall_name(architecture: Architecture, compat: bool, number: int) -> str:
    """What a call is called: ``openat``; ``getpid@32`` of another ABI than the native one; of a
    number that has no name, ``syscall_9999``.

    ``number`` is 32 bits of the register, without or with a sign.
    """
    number &= 0xFFFFFFFF
    abi = architecture.abi(compat, number)
    signed = number - (1 << 32) if number >> 31 else number
    name = names(abi).get(number) or f"syscall_{signed}"
    return name + architecture.suffixes[abi]
