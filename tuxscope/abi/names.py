"""Names of system calls: the table syscalls.tsv, which ``make syscalls`` writes, and groups.tsv.

Both are read when a name is first asked for. A name may have numbers in several ABIs, and none in
others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

from tuxscope.abi.architecture import Abi, Architecture

HERE = os.path.dirname(__file__)


def lines_of(file: str) -> list[str]:
    """Return the lines of ``file``, a table in this directory, as a list of str."""
    with open(os.path.join(HERE, file), encoding="utf-8") as table:
        return table.read().rstrip().split("\n")


@cache
def numbers(abi: Abi) -> Mapping[str, int]:
    """Return the numbers of all calls of ``abi``, an Abi: a mapping of name to int. Cached."""
    head, *rows = (each.split("\t") for each in lines_of("syscalls.tsv"))
    column = head.index(abi.value)
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


@cache
def names(abi: Abi) -> Mapping[int, str]:
    """Return the names of all calls of ``abi``, an Abi: a mapping of number to str. Cached."""
    return {number: name for name, number in numbers(abi).items()}


@cache
def groups() -> Mapping[str, frozenset[str]]:
    """Return strace's classes of calls (file, network, ...; see strace(1)): a mapping of the
    class's name, without %, to a frozenset of the names of its calls. Cached."""
    rows = (each.split("\t") for each in lines_of("groups.tsv"))
    return {group: frozenset(members.split()) for group, members in rows}


def syscall_name(architecture: Architecture, compat: bool, number: int) -> str:
    """Return the name, a str, of call ``number``, an int, on ``architecture``, an Architecture;
    ``compat`` is a bool, whether the 32-bit test says so.

    It is ``openat``; ``getpid@32`` for an ABI other than the native one; ``syscall_9999`` for a
    number without a name. ``number`` is 32 bits of the register, signed or unsigned.
    """
    number &= 0xFFFFFFFF
    abi = architecture.abi(compat, number)
    signed = number - (1 << 32) if number >> 31 else number
    name = names(abi).get(number) or f"syscall_{signed}"
    return name + architecture.suffixes[abi]
