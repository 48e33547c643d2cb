"""The declarations of calls: calls.tsv, a line each.

A line is the call's name, its arguments, and its result, separated by tabs. An argument is
``name:kind``, or ``name:kind(other,...)`` where the kind refers to other arguments. Without a
third column the result is a number. A line for ``name@abi`` is for calls of that ABI alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from tuxscope.abi.architecture import Abi
from tuxscope.calls.reads import MOST_READS, RESULT, Read
from tuxscope.programs.syscall.arguments.kind import Kind

FILE = os.path.join(os.path.dirname(__file__), "calls.tsv")
# Modules with a table ``KINDS``.
MODULES = (
    "basic", "results",
    "files", "status", "memory", "vectors", "descriptors", "fcntls", "polling", "mounts",
    "file_times", "ioctls",
    "capabilities", "clones", "futexes", "limits", "messages", "process_control", "processes",
    "scheduling", "signals", "socket_options", "sockets", "system", "times",
)  # fmt: skip
UNKNOWN = "arg0:hex arg1:hex arg2:hex arg3:hex arg4:hex arg5:hex"


@dataclass(frozen=True, slots=True)
class PlannedRead:
    """A frozen dataclass: a read of a call's plan, and whose it is.

    Attributes:
        read: the Read.
        key: the index of the argument, and the number of the read among its reads, a pair of int.
    """

    read: Read
    key: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Declaration:
    """A frozen dataclass: what a call takes and returns.

    Attributes:
        arguments: a mapping of Kind by name, in order.
        result: the Kind of what it returns.
        plan: what the kernel reads, a tuple of PlannedRead, at most MOST_READS.
    """

    arguments: Mapping[str, Kind]
    result: Kind
    plan: tuple[PlannedRead, ...]


@cache
def kinds() -> Mapping[str, Callable[..., Kind]]:
    """Return a mapping of what makes the Kinds, callables, by their names in calls.tsv."""
    found: dict[str, Callable[..., Kind]] = {}
    for each in MODULES:
        table = import_module(f"tuxscope.programs.syscall.arguments.{each}").KINDS
        assert not found.keys() & table.keys(), found.keys() & table.keys()
        found |= table
    return found


@cache
def lines() -> Mapping[str, tuple[str, ...]]:
    """Return the columns of calls.tsv behind the name, tuples of str, as a mapping by name."""
    with open(FILE, encoding="utf-8") as table:
        rows = (line.rstrip("\n").split("\t") for line in table if not line.startswith("#"))
        return {name: tuple(columns) for name, *columns in rows}


@cache
def declaration(name: str, abi: Abi | None = None) -> Declaration:
    """Return the Declaration of the call ``name``, a str, of ``abi``, an Abi, or None for all; of
    one that is not declared, six numbers."""
    found = (abi and lines().get(f"{name}@{abi.value}")) or lines().get(name, (UNKNOWN,))
    arguments, result, *_ = (*found, "number")
    return parsed(arguments, result)


def parsed(arguments: str, result: str) -> Declaration:
    """Return the Declaration that the columns ``arguments`` and ``result`` of a line, both str,
    say."""
    words = [each.partition(":")[::2] for each in arguments.split()]
    names = [name for name, _ in words]
    made = {name: kind_of(text, names) for name, text in words}
    returned = kind_of(result, names)
    reads: list[PlannedRead] = []
    for index, kind in (*enumerate(made.values()), (RESULT, returned)):
        own = kind.reads(index)
        reads += (PlannedRead(read, (index, at)) for at, read in enumerate(own))
    assert len(reads) <= MOST_READS, (arguments, len(reads))
    return Declaration(made, returned, tuple(reads))


def kind_of(text: str, names: list[str]) -> Kind:
    """Return the Kind that ``text`` names, as ``input(count)``; ``names``, a list of str, are the
    arguments'."""
    name, _, others = text.rstrip(")").partition("(")
    return kinds()[name](*(names.index(each) for each in others.split(",") if each))
