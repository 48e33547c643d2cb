"""What the programs sent, as calls: the rows of the ring buffer, without their times."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from tuxscope.abi.architecture import Abi, Architecture
from tuxscope.abi.names import names
from tuxscope.lean_typing import Any
from tuxscope.programs.syscall.arguments.call import Call, Part, Status
from tuxscope.programs.syscall.arguments.declarations import Declaration, declaration
from tuxscope.programs.syscall.arguments.reads import ARGUMENTS
from tuxscope.programs.syscall.events import BEGINS, PART, CallHead, What

HEAD = struct.Struct("=BBHI")  # a PartHead
STARTED, DURATION, LENGTH, UNUSED, DATA = range(5)  # the columns of a CallEvent
ARGUMENT_WORDS = struct.Struct(f"={ARGUMENTS}Q")  # what a CallHead begins with


def parts(declared: Declaration, data: bytes) -> dict[tuple[int, int], list[Part]]:
    """Return the parts in ``data``, of a call that is ``declared`` so, by the keys of its reads.

    What is no part of it is left out.
    """
    found: dict[tuple[int, int], list[Part]] = {}
    at = 0
    while at + PART <= len(data):
        read, status, element, length = HEAD.unpack_from(data, at)
        at += PART
        if read < len(declared.plan) and status <= Status.FAULT:
            part = Part(Status(status), element, data[at : at + length])
            found.setdefault(declared.plan[read].key, []).append(part)
        at += -(-length // PART) * PART
    return found


def call_of(
    head: CallHead,
    data: bytes,
    architecture: Architecture,
    path: Callable[[int], bytes],
    string_size: int,
) -> Call:
    """Return the Call that ``data``, of a CallEvent, tells, and whose ``head`` is a CallHead; the
    others are those of :class:`Call`."""
    number: Any = head.number
    abi = architecture.abi(bool(number.compat), number.nr)
    name = name_of(abi, number.nr)
    *arguments, result = head.values
    width = 32 if number.compat else 64
    result &= (1 << width) - 1
    result -= result >> width - 1 << width
    return Call(
        name,
        abi,
        architecture,
        tuple(arguments),
        result,
        head.what == What.CALL,
        parts(declaration(name), data[CallHead.size :]),
        path,
        string_size,
    )


def name_of(abi: Abi, number: int) -> str:
    """Return the name of a call of ``abi`` by its ``number``, without a suffix."""
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
        """Return those rows of ``columns``, the columns of a CallEvent, that have a line."""
        if BEGINS not in columns[DURATION] and not self._begun:
            return columns
        rows = list(self._joined(zip(*columns, strict=True)))
        return [list(each) for each in zip(*rows, strict=True)] if rows else [[] for _ in columns]

    def _joined(self, rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            head = head_of(row[DATA])
            tid = head.who.tid
            if row[DURATION] == BEGINS:
                if len(self._begun) >= self.MOST:
                    self._begun.clear()  # their ends were lost
                self._begun[tid] = row[DATA]
            elif head.what in (What.CALL, What.UNFINISHED) and tid in self._begun:
                begun = self._begun.pop(tid)
                data = row[DATA]
                if head_of(begun).number == head.number:
                    # After execve the registers are those of the new program.
                    data = begun[: ARGUMENT_WORDS.size] + data[ARGUMENT_WORDS.size :]
                    data += begun[CallHead.size :]
                yield (*row[:DATA], data)
            else:
                yield row


def head_of(data: bytes) -> Any:
    """Return the CallHead that ``data``, of a CallEvent, begins with."""
    return CallHead.unpack(data[: CallHead.size])
