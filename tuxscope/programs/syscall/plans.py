"""The plans of all calls, as the kernel's side has them."""

from __future__ import annotations

from collections.abc import Iterator

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import names
from tuxscope.files.emitting import MOVES_FILES
from tuxscope.programs.syscall.arguments.declarations import Declaration, declaration
from tuxscope.programs.syscall.arguments.reads import LONGEST_READ, Read, What, When
from tuxscope.programs.syscall.capture import ARGUMENT, COUNT, MOST, SIZE, WHEN
from tuxscope.programs.syscall.events import PLANNED, Entry, Plan, Step

ENDLESS = ("exit", "exit_group")


def plans(
    architecture: Architecture, string_size: int, endless: bool
) -> Iterator[tuple[int, Plan]]:
    """Yield the plans of the calls of ``architecture``, with their indexes in PLANS.

    Buffers are read up to ``string_size`` bytes. ``endless`` is whether calls that never return
    are sent.
    """
    for abi in (architecture.native, architecture.compat):
        for number, name in names(abi).items():
            if number < PLANNED:
                index = number + PLANNED * (abi is architecture.compat)
                yield index, plan(name, declaration(name), string_size, endless)


def plan(name: str, declared: Declaration, string_size: int, endless: bool) -> Plan:
    """Return the plan of the call ``name``, which is ``declared`` so; see :func:`plans`."""
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
    steps = [step(each.read, string_size) for each in declared.plan]
    return Plan(
        steps=steps + [Step()] * (len(Plan().steps) - len(steps)),
        entry=entry,
        entry_argument=argument,
        moves=name in MOVES_FILES,
    )


def step(read: Read, string_size: int) -> Step:
    """Return ``read`` as numbers."""
    most = read.most
    if read.buffer:
        most = min(most, string_size + (read.what in (What.STRING, What.STRINGS)))
    return Step(
        code=read.what
        | read.argument << ARGUMENT
        | read.when << WHEN
        | read.count << COUNT
        | read.size << SIZE
        | min(most, LONGEST_READ) << MOST,
        offset=read.offset,
    )
