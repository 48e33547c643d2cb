"""What is read of a call, as the kernel's side has it: a Plan of the Reads of a tool."""

from __future__ import annotations

from collections.abc import Sequence

from tuxscope.calls.events import EntryAction, Plan
from tuxscope.calls.parts import ARGUMENT, COUNT, MOST, SIZE, THROUGH, WHEN
from tuxscope.calls.reads import (
    LONGEST_READ,
    MOST_READS,
    RESULT,
    STACK_POINTER,
    Read,
    ReadKind,
    When,
)


def plan_of(
    reads: Sequence[Read],
    string_size: int,
    endless: bool = False,
    moves: bool = False,
    wanted_when: When = When.EXIT,
) -> Plan:
    """Return the Plan with ``reads``, up to MOST_READS of them; of buffers ``string_size`` bytes,
    an int, are read.

    ``endless``, a bool, is whether the call is sent when it begins, as it never returns, ``moves``
    whether it moves files, and
    ``wanted_when``, a When, is as in Plan.
    """
    entry, argument = EntryAction(0), 0
    for each in reads:
        if each.when & When.ENTRY:
            if each.what is ReadKind.FILE:
                entry |= EntryAction.FILE
                argument = each.argument
            else:
                entry |= EntryAction.RECORD
    if endless:
        entry |= EntryAction.ENDLESS
    rest = [0] * (MOST_READS - len(reads))
    return Plan(
        codes=[code(each, string_size) for each in reads] + rest,
        places=[each.offset | each.through << THROUGH for each in reads] + rest,
        entry=int(entry),
        entry_argument=argument,
        moves=int(moves),
        wanted_when=int(wanted_when),
    )


def code(read: Read, string_size: int) -> int:
    """Return ``read``, a Read, as an int of ``Plan.codes``; of a buffer ``string_size`` bytes, an
    int, are read."""
    most = read.most
    if read.buffer:
        # A string has a NUL, and a byte more says that it is longer.
        most = min(most, string_size + 2 * (read.what in (ReadKind.STRING, ReadKind.STRINGS)))
    # At the entry its place has the stack pointer.
    argument = RESULT if read.argument == STACK_POINTER else read.argument
    return (
        read.what
        | argument << ARGUMENT
        | read.when << WHEN
        | read.count << COUNT
        | read.size << SIZE
        | min(most, LONGEST_READ) << MOST
    )
