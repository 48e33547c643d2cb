"""What the programs sent, as calls: the rows of the ring buffer, without their times."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tuxscope.abi.architecture import Abi, Architecture
from tuxscope.abi.names import names, syscall_name
from tuxscope.calls.decoding import EventHead, parts_of
from tuxscope.calls.events import CallHead, EventKind
from tuxscope.programs.syscall.arguments.call import Call, Part
from tuxscope.programs.syscall.arguments.declarations import Declaration, declaration

MOST_NUMBERS = 4096  # of calls, which programs may invent


def parts(declared: Declaration, data: bytes, at: int = 0) -> dict[tuple[int, int], list[Part]]:
    """Return what ``data``, bytes, has from ``at``, an int, on, of a call that is ``declared``, a
    Declaration: a dict of lists of Part by the keys of its reads, pairs of int.

    What is no part of it is left out.
    """
    found: dict[tuple[int, int], list[Part]] = {}
    plan = declared.plan
    for read, status, element, held in parts_of(data, at):
        if read < len(plan):
            found.setdefault(plan[read].key, []).append(Part(status, element, held))
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

    def called(self, head: EventHead) -> Called:
        """Return what is known of the number of ``head``, an EventHead, as a Called."""
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

    def call(self, head: EventHead, data: bytes, called: Called) -> Call:
        """Return the Call that ``data``, bytes of a CallEvent, tells: ``head``, an EventHead, is
        its beginning, ``called``, a Called, what is known of its number."""
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
            head.what == EventKind.CALL,
            parts(called.declared, data, CallHead.size),
            self._path,
            self._string_size,
        )


def name_of(abi: Abi, number: int) -> str:
    """Return the name of the call of ``abi``, an Abi, with ``number``, an int, without a suffix;
    ``syscall_9999`` for one that has none."""
    signed = number - (1 << 32) if number >> 31 else number
    return names(abi).get(number) or f"syscall_{signed}"
