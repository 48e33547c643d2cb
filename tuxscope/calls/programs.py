"""The programs that trace calls, with any outcome."""

from __future__ import annotations

from tuxscope.asm import Program
from tuxscope.calls.entry import entry
from tuxscope.calls.leave import leave
from tuxscope.calls.life import birth, end, new_program
from tuxscope.calls.outcome import CallOutcome
from tuxscope.calls.wanted import Wanted


def call_programs(wanted: Wanted, outcome: CallOutcome) -> list[Program]:
    """Return the Programs for ``wanted``, a Wanted, and ``outcome``, a CallOutcome: around each
    call, where a thread ends or becomes another program, and has a child, if these are followed.

    Those around calls come first, and are not there if no call is chosen.
    """
    programs = [end(wanted, outcome), new_program(wanted)]
    if wanted.chosen.numbers != frozenset():
        programs = [entry(wanted, outcome), leave(wanted, outcome), *programs]
    if wanted.chosen.follow:
        programs.append(birth(wanted))
    return programs
