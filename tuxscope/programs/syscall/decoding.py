"""What the programs sent, as calls: the rows of the ring buffer, without their times."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tuxscope.abi.architecture import Abi, Architecture
from tuxscope.abi.names import names, syscall_name
from tuxscope.lean_typing import Any
from tuxscope.programs.syscall.arguments.call import Call, Part, Status
from tuxscope.programs.syscall.arguments.declarations import Declaration, declaration
from tuxscope.programs.syscall.arguments.reads import ARGUMENTS
from tuxscope.programs.syscall.events import BEGINS, PART, CallHead, What

PART_HEAD = struct.Struct("=BBHI")
CALL_HEAD = CallHead.raw
STARTED, DURATION, LENGTH, UNUSED, DATA = range(5)  # the columns of a CallEvent
ARGUMENT_WORDS = struct.Struct(f"={ARGUMENTS}Q")  # what a CallHead begins with
STATUSES = tuple(Status)
MOST_NUMBERS = 4096  # of calls, which programs may invent
NUMBER = slice(2, 4)  # of a Head


class Head(NamedTuple):
    """A NamedTuple: a CallHead, whose fields are plain values: this takes a tenth of the time of
    the record.

    Attributes:
        arguments: a tuple of six ints.
        result, nr, compat, pid, tid, what, slept: int, as in CallHead.
        comm: bytes with their NULs.
    """

    arguments: tuple[int, ...]
    result: int
    nr: int
    compat: int
    pid: int
    tid: int
    comm: bytes
    what: int
    slept: int


def head_of(data: bytes) -> Head:
    """Return the Head that ``data``, bytes of a CallEvent, begins with."""
    values = CALL_HEAD.unpack_from(data)
    return Head(values[:ARGUMENTS], *values[ARGUMENTS : ARGUMENTS + 8])


def parts(declared: Declaration, data: bytes, at: int = 0) -> dict[tuple[int, int], list[Part]]:
    """Return what ``data``, bytes, has from ``at``, an int, on, of a call that is ``declared``, a
    Declaration: a dict of lists of Part by the keys of its reads, pairs of int.

    What is no part of it is left out.
    """
    found: dict[tuple[int, int], list[Part]] = {}
    plan = declared.plan
    end = len(data) - PART
    while at <= end:
        read, status, element, length = PART_HEAD.unpack_from(data, at)
        at += PART
        if read < len(plan) and status <= Status.FAULT:
            part = Part(STATUSES[status], element, data[at : at + length])
            found.setdefault(plan[read].key, []).append(part)
        at += length + PART - 1 & -PART
    return found


class Called(NamedTuple):
    """A NamedTuple: what all calls of a number have.

    Attributes:
        name: without a suffix, a str.
        shown: the name as a line has it, ``getpid@32``, a str.
        abi: whose number it is, an Abi.
        declared: its Declaration.
    """

    name: str
    shown: str
    abi: Abi
    declared: Declaration


class Decoder:
    """Makes Calls of what the programs sent, on ``architecture``, an Architecture.

    ``path``, called with the id of a file, an int, returns its path, bytes; of buffers
    ``string_size`` bytes, an int, are shown.
    """

    def __init__(
        self, architecture: Architecture, path: Callable[[int], bytes], string_size: int
    ) -> None:
        self._architecture = architecture
        self._path = path
        self._string_size = string_size
        self._called: dict[tuple[int, int], Called] = {}  # by compat and number

    def called(self, head: Head) -> Called:
        """Return what is known of the number of ``head``, a Head, as a Called."""
        key = head.compat, head.nr
        found = self._called.get(key)
        if found is None:
            abi = self._architecture.abi(bool(head.compat), head.nr)
            name = name_of(abi, head.nr)
            shown = syscall_name(self._architecture, bool(head.compat), head.nr)
            if len(self._called) >= MOST_NUMBERS:
                self._called.clear()
            found = self._called[key] = Called(name, shown, abi, declaration(name, abi))
        return found

    def call(self, head: Head, data: bytes, called: Called) -> Call:
        """Return the Call that ``data``, bytes of a CallEvent, tells: ``head``, a Head, is its
        beginning, ``called``, a Called, what is known of its number."""
        result = head.result
        width = 32 if head.compat else 64
        result &= (1 << width) - 1
        result -= result >> width - 1 << width
        return Call(
            called.name,
            called.abi,
            self._architecture,
            head.arguments,
            result,
            head.what == What.CALL,
            parts(called.declared, data, CallHead.size),
            self._path,
            self._string_size,
        )


def name_of(abi: Abi, number: int) -> str:
    """Return the name of the call of ``abi``, an Abi, with ``number``, an int, without a suffix;
    ``syscall_9999`` for one that has none."""
    signed = number - (1 << 32) if number >> 31 else number
    return names(abi).get(number) or f"syscall_{signed}"


class Joined:
    """Joins what was sent at the beginning of a call to what was sent at its end.

    It keeps the beginnings of at most MOST calls.
    """

    MOST = 4096

    def __init__(self) -> None:
        self._begun: dict[int, bytes] = {}  # by thread

    def rows(self, columns: list[list[Any]]) -> list[list[Any]]:
        """Return those rows of ``columns``, lists that are the columns of a CallEvent, that have a
        line, as such lists again."""
        if BEGINS not in columns[DURATION] and not self._begun:
            return columns
        rows = list(self._joined(zip(*columns, strict=True)))
        return [list(each) for each in zip(*rows, strict=True)] if rows else [[] for _ in columns]

    def _joined(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            head = head_of(row[DATA])
            tid = head.tid
            if row[DURATION] == BEGINS:
                if len(self._begun) >= self.MOST:
                    self._begun.clear()  # their ends were lost
                self._begun[tid] = row[DATA]
            elif head.what in (What.CALL, What.UNFINISHED) and tid in self._begun:
                begun = self._begun.pop(tid)
                data = row[DATA]
                if head_of(begun)[NUMBER] == head[NUMBER]:
                    # After execve the registers are those of the new program.
                    data = begun[: ARGUMENT_WORDS.size] + data[ARGUMENT_WORDS.size :]
                    data += begun[CallHead.size :]
                yield (*row[:DATA], data)
            else:
                yield row
