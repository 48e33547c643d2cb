"""The plans of all calls, as the kernel's side has them."""

from __future__ import annotations

from collections.abc import Iterator

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import names
from tuxscope.calls.events import PLANNED, Plan
from tuxscope.calls.plans import plan_of
from tuxscope.files.emitting import MOVES_FILES
from tuxscope.programs.syscall.arguments.declarations import Declaration, declaration

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
    reads = [each.read for each in declared.plan]
    return plan_of(reads, string_size, endless and name in ENDLESS, name in MOVES_FILES)
