"""The plans of all calls, as the kernel's side has them."""

from __future__ import annotations

from collections.abc import Iterator

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import names
from tuxscope.files.emitting import MOVES_FILES
from tuxscope.programs.syscall.arguments.declarations import Declaration, declaration
from tuxscope.programs.syscall.arguments.reads import (
    LONGEST_READ,
    MOST_READS,
    RESULT,
    STACK_POINTER,
    Read,
    What,
    When,
)
from tuxscope.programs.syscall.capture import ARGUMENT, COUNT, MOST, SIZE, THROUGH, WHEN
from tuxscope.programs.syscall.events import PLANNED, Entry, Plan

NOTHING = Plan()
ENDLESS = ("exit", "exit_group")


def plans(
    architecture: Architecture, string_size: int, endless: bool
) -> Iterator[tuple[int, Plan]]:
    """Yield the plans of those calls of ``architecture``, an Architecture, that need one: pairs of
    the index in PLANS, an int, and a Plan.

    Buffers are read up to ``string_size`` bytes, an int. ``endless``, a bool, is whether calls that
    never return are sent.
    """
    for abi in (architecture.native, architecture.compat):
        for number, name in names(abi).items():
            if number < PLANNED:
                made = plan(name, declaration(name, abi), string_size, endless)
                if made != NOTHING:
                    yield number + PLANNED * (abi is architecture.compat), made


def plan(name: str, declared: Declaration, string_size: int, endless: bool) -> Plan:
    """Return the Plan of the call ``name``, a str, which is ``declared``, a Declaration, so.
    ``string_size``, an int, and ``endless``, a bool, are as for :func:`plans`."""
    entry, argument = Entry(0), 0
    for each in declared.plan:
        if each.read.when & When.ENTRY:
            if each.read.what is What.FILE:
                entry |= Entry.FILE
                argument = each.read.argument
            else:
                entry |= Entry.RECORD
    if endless and name in ENDLESS:
        entry |= Entry.ENDLESS
    reads = [each.read for each in declared.plan]
    rest = [0] * (MOST_READS - len(reads))
    return Plan(
        codes=[code(each, string_size) for each in reads] + rest,
        places=[each.offset | each.through << THROUGH for each in reads] + rest,
        entry=int(entry),
        entry_argument=argument,
        moves=int(name in MOVES_FILES),
    )


def code(read: Read, string_size: int) -> int:
    """Return ``read``, a Read, as an int of ``Plan.codes``; of a buffer ``string_size`` bytes, an
    int, are read."""
    most = read.most
    if read.buffer:
        # A string has a NUL, and a byte more says that it is longer.
        most = min(most, string_size + 2 * (read.what in (What.STRING, What.STRINGS)))
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
