"""The generator itself: nothing of the table is forgotten."""

from __future__ import annotations

from random import Random

from tuxscope.asm.forms import FORMS
from vm.choices import Choices, corners
from vm.kernel import CONDITION
from vm.programs import case
from vm.rows import FRAME, LEFT_OUT, ROWS, Features

INT_MIN = -(1 << 63)


def test_all_rows_are_generated() -> None:
    random = Random(9669)
    programs = [case(random.randbytes, Features()).program for _ in range(300)]
    generated = {each.form for program in programs for each in program.instructions}
    assert [form.text for form in ROWS if form not in generated] == []
    assert {form.name for form in generated} == {form.name for form in FORMS} - LEFT_OUT


def test_each_row_alone_makes_programs_that_have_it() -> None:
    for form in ROWS:
        program = case(Random(0).randbytes, Features((CONDITION, form))).program
        assert form in {each.form for each in program.instructions}, form


def test_what_is_left_out_is_in_the_table() -> None:
    assert {form.name for form in FORMS} >= LEFT_OUT | FRAME


def test_no_bytes_make_the_simplest_choices() -> None:
    choices = Choices(bytes(16))
    assert choices.number(INT_MIN, -INT_MIN - 1) == 0
    assert choices.pick("ab") == "a"


def test_corners_are_those_of_the_range() -> None:
    edges = corners(-(1 << 31), (1 << 31) - 1)
    assert {0, 1, -1, 127, 128, -(1 << 31), (1 << 31) - 1} <= set(edges)
    assert 1 << 31 not in edges
    assert set(corners(0, 31)) == {0, 1, 2, 3, 31}
