"""What the programs sent, as calls: the rows of the ring buffer, without their times."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from tuxscope.abi.architecture import Abi, Architecture
from tuxscope.abi.names import names
from tuxscope.lean_typing import Any
from tuxscope.programs.syscall.arguments.call import Call, Piece, Status
from tuxscope.programs.syscall.arguments.declarations import Declaration, declaration
from tuxscope.programs.syscall.arguments.reads import ARGUMENTS
from tuxscope.programs.syscall.events import PIECE, CallEvent, What

HEAD = struct.Struct("=BBHI")  # a PieceHead
# The columns of a CallEvent.
STARTED, DURATION, VALUES = 0, 1, 2
RESULT = VALUES + ARGUMENTS
NUMBER, COMPAT, PID, TID, COMM, WHAT, SLEPT, LENGTH, UNUSED, DATA = range(RESULT + 1, RESULT + 11)
assert sum(each.type.width for each in CallEvent.fields.values()) == DATA + 1

Row = tuple[Any, ...]


def pieces(declared: Declaration, data: bytes) -> dict[tuple[int, int], list[Piece]]:
    """Return the pieces in ``data``, of a call that is ``declared`` so, by the keys of its reads.

    What is no piece of it is left out.
    """
    found: dict[tuple[int, int], list[Piece]] = {}
    at = 0
    while at + PIECE <= len(data):
        read, status, element, length = HEAD.unpack_from(data, at)
        at += PIECE
        if read < len(declared.plan) and status <= Status.FAULT:
            piece = Piece(Status(status), element, data[at : at + length])
            found.setdefault(declared.plan[read].key, []).append(piece)
        at += -(-length // PIECE) * PIECE
    return found


def call_of(
    row: Row, architecture: Architecture, path: Callable[[int], bytes], string_size: int
) -> Call:
    """Return the call that ``row`` tells, the columns of a CallEvent; see :class:`Call`."""
    abi = architecture.abi(bool(row[COMPAT]), row[NUMBER])
    name = name_of(abi, row[NUMBER])
    result = row[RESULT]
    width = 32 if row[COMPAT] else 64
    result &= (1 << width) - 1
    result -= result >> width - 1 << width
    return Call(
        name,
        abi,
        architecture,
        row[VALUES:RESULT],
        result,
        row[WHAT] == What.CALL,
        pieces(declaration(name), row[DATA]),
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
        self._begun: dict[int, Row] = {}  # by thread

    def rows(self, columns: list[list[Any]]) -> list[list[Any]]:
        """Return ``columns`` of finished calls, signals and ends of threads alone."""
        if What.BEGUN not in columns[WHAT] and not self._begun:
            return columns
        rows = list(self._joined(zip(*columns, strict=True)))
        return [list(each) for each in zip(*rows, strict=True)] if rows else [[] for _ in columns]

    def _joined(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if row[WHAT] == What.BEGUN:
                if len(self._begun) >= self.MOST:
                    self._begun.clear()  # their ends were lost
                self._begun[row[TID]] = row
                continue
            if row[WHAT] in (What.CALL, What.UNFINISHED) and row[TID] in self._begun:
                begun = self._begun.pop(row[TID])
                if begun[NUMBER] == row[NUMBER]:
                    # After execve the registers are those of the new program.
                    arguments, data = begun[VALUES:RESULT], begun[DATA] + row[DATA]
                    yield (*row[:VALUES], *arguments, *row[RESULT:DATA], data)
                    continue
            yield row
