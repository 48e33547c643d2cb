"""A listing and a trace in the columns of a terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tuxscope.asm.listing import lines
from tuxscope.commands.step_job import on_an_event
from tuxscope.options.step import StepOptions
from tuxscope.output.listing import table
from tuxscope.output.trace import Trace
from tuxscope.programs.hello import hello

Made = Callable[[int | None], list[str]]
PROGRAM = hello()
FIRST_LINE = "a.zero(event.padding)"


def listing(room: int | None) -> list[str]:
    return list(table(lines(PROGRAM), room))


def trace(room: int | None) -> list[str]:
    machine, shown = on_an_event(PROGRAM, StepOptions()), Trace(PROGRAM, room)
    text = shown.header
    while not machine.ended:
        text += shown.row(machine.step())
    return text.splitlines()


@pytest.mark.parametrize("made", [listing, trace])
def test_the_source_is_beside_its_instruction_where_there_is_room(made: Made) -> None:
    whole = made(None)
    assert made(max(map(len, whole)) + 20) == whole
    assert FIRST_LINE in whole[1]
    assert "r10 - 28" in whole[1]


@pytest.mark.parametrize("made", [listing, trace])
def test_the_source_is_above_its_instruction_where_there_is_none(made: Made) -> None:
    narrow = made(80)
    assert max(map(len, narrow)) <= 80
    at = next(at for at, line in enumerate(narrow) if FIRST_LINE in line)
    assert "r10 - 28" in narrow[at + 1]
    words = " ".join(narrow).split()
    assert sorted(words) == sorted(" ".join(made(None)).split())  # nothing is left out


def test_a_line_with_two_instructions_stands_above_the_first() -> None:
    assert sum("a.lea(r1, event.comm)" in line for line in listing(80)) == 1
