"""Calls that have not returned when the run ends: /proc has their arguments."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from tuxscope.abi.architecture import Architecture
from tuxscope.calls.events import TIMELESS, CallHead, EventKind, PartHead
from tuxscope.calls.filters import Chosen
from tuxscope.calls.reads import ARGUMENTS, Status
from tuxscope.calls.reads import ReadKind as Reads
from tuxscope.calls.records import Thread, ThreadState
from tuxscope.programs.syscall.arguments.declarations import declaration
from tuxscope.programs.syscall.decoding import name_of
from tuxscope.programs.syscall.plans import ENDLESS

FIRST_ID = 1 << 63  # no file that the kernel's side found has such an id


class Unfinished:
    """Finds these calls; ``architecture`` is the machine's Architecture.

    Attributes:
        paths: a dict of the paths of their descriptors' files, bytes, by ids of ours, int.
    """

    def __init__(self, architecture: Architecture) -> None:
        self.paths: dict[int, bytes] = {}
        self._architecture = architecture

    def rows(
        self, threads: Iterable[tuple[int, Thread]], chosen: Chosen
    ) -> list[tuple[int, int, int, int, bytes]]:
        """Return a list of tuples, the values of a CallEvent, for those of ``threads``, an iterable
        of pairs of a thread ID and its Thread, in a call that ``chosen``, a Chosen, includes.

        The oldest come first: those that were blocked before the start.
        """
        if chosen.failed or chosen.errors:
            return []
        now = time.monotonic_ns()
        found = []
        for _, thread in threads:
            call: Any = thread.call
            if thread.state < ThreadState.INSIDE or now - call.started_ns < chosen.least_ns:
                continue
            if data := self._data(thread):
                duration = TIMELESS if call.started_ns else now
                found.append((call.started_ns, duration, len(data), 0, data))
        return sorted(found)

    def _data(self, thread: Thread) -> bytes:
        """What the kernel's side would have sent of its call; empty if it has returned."""
        call: Any = thread.call
        who: Any = thread.who
        number = call.number
        abi = self._architecture.abi(bool(number.compat), number.nr)
        name = name_of(abi, number.nr)
        arguments = arguments_of(who.pid, who.tid, number.nr)
        if arguments is None or name in ENDLESS:
            return b""
        head = CallHead(
            values=[*arguments, 0], number=number, who=who, what=int(EventKind.UNFINISHED)
        )
        data = bytes(head)
        for at, each in enumerate(declaration(name, abi).plan):
            if each.read.what is Reads.FILE and each.read.argument < ARGUMENTS:
                data += self._file(at, who.pid, arguments[each.read.argument])
        return data

    def _file(self, read: int, pid: int, descriptor: int) -> bytes:
        """The part of a descriptor's file; empty if it has none."""
        number = descriptor & 0xFFFFFFFF
        with suppress(OSError):
            link = "cwd" if number >> 31 else f"fd/{number}"
            path = os.readlink(os.fsencode(f"/proc/{pid}/{link}"))
            id = FIRST_ID + len(self.paths)
            self.paths[id] = path
            head = PartHead(read=read, status=int(Status.WHOLE), element=0, length=8)
            return bytes(head) + id.to_bytes(8, sys.byteorder)
        return b""


def arguments_of(pid: int, tid: int, number: int) -> list[int] | None:
    """Return the arguments of the call of that ``number`` which thread ``tid`` of process ``pid``
    is in, as a list of int; None if it is in none."""
    try:
        with open(f"/proc/{pid}/task/{tid}/syscall", encoding="ascii") as file:
            words = file.read().split()
        if len(words) <= ARGUMENTS or int(words[0]) != number:
            return None
        return [int(each, 16) for each in words[1 : ARGUMENTS + 1]]
    except (OSError, ValueError):
        return None
