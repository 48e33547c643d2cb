"""What the programs sent: the rows of the ring buffer, and what their data begin with."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from tuxscope.calls.events import BEGINS, PART, CallHead, EventKind
from tuxscope.calls.reads import ARGUMENTS, Status
from tuxscope.lean_typing import Any

PART_HEAD = struct.Struct("=BBHI")
CALL_HEAD = CallHead.raw
STARTED, DURATION, LENGTH, UNUSED, DATA = range(5)  # the columns of a CallEvent
ARGUMENT_WORDS = struct.Struct(f"={ARGUMENTS}Q")  # what a CallHead begins with
STATUSES = tuple(Status)
NUMBER = slice(2, 4)  # of an EventHead


def parts_of(data: bytes, at: int) -> Iterator[tuple[int, Status, int, bytes]]:
    """Yield the parts that ``data``, bytes of a CallEvent, has from ``at``, an int, on: tuples of
    the number of the read in the call's plan, a Status, which element it is, and its bytes.

    What is no part is left out.
    """
    end = len(data) - PART
    while at <= end:
        read, status, element, length = PART_HEAD.unpack_from(data, at)
        at += PART
        if status <= Status.FAULT:
            yield read, STATUSES[status], element, data[at : at + length]
        at += length + PART - 1 & -PART


class EventHead(NamedTuple):
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


def head_of(data: bytes) -> EventHead:
    """Return the EventHead that ``data``, bytes of a CallEvent, begins with."""
    values = CALL_HEAD.unpack_from(data)
    return EventHead(values[:ARGUMENTS], *values[ARGUMENTS : ARGUMENTS + 8])


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
            elif head.what in (EventKind.CALL, EventKind.UNFINISHED) and tid in self._begun:
                begun = self._begun.pop(tid)
                data = row[DATA]
                if head_of(begun)[NUMBER] == head[NUMBER]:
                    # After execve the registers are those of the new program.
                    data = begun[: ARGUMENT_WORDS.size] + data[ARGUMENT_WORDS.size :]
                    data += begun[CallHead.size :]
                yield (*row[:DATA], data)
            else:
                yield row
