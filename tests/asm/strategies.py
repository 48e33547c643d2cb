"""Hypothesis strategies for instructions, drawn from the table that defines them.

Fields are drawn as the keyword arguments of :class:`~tuxscope.asm.Instruction`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tuxscope.asm import Instruction
from tuxscope.asm.forms import BY_OPCODE, FORMS, Const, Form, Number, Reg, Rule

Fields = dict[str, Any]
Span = tuple[int, int]

# What each field's bits can say, allowed or not.
WIDTHS: dict[str, Span] = {
    "dst": (0, 15),
    "src": (0, 15),
    "offset": (-(1 << 15), (1 << 15) - 1),
    "imm": (-(1 << 31), (1 << 31) - 1),
    "next_imm": (-(1 << 31), (1 << 31) - 1),
}
ANY_WIDTH = (-(1 << 70), 1 << 70)
NO_NUMBERS = st.sampled_from((None, False, True, 1.0, "1"))


def accepts(rule: Rule, value: int) -> bool:
    """Whether a rule lets a field hold a number."""
    return not any(low <= value <= high for low, high in refused(rule, ANY_WIDTH))


def refused(rule: Rule, width: Span) -> list[Span]:
    """The numbers within ``width`` that a rule refuses, from first to last."""
    low, high = width
    match rule:
        case Const(only):
            spans = [(low, only - 1), (only + 1, high)]
        case Reg(written=written):
            spans = [(low, -1), (10 if written else 11, high)]
        case Number(first, last, zero):
            spans = [(low, first - 1), (last + 1, high)] + [(0, 0)] * (not zero)
    return [(first, last) for first, last in spans if first <= last]


def allowed(rule: Rule) -> st.SearchStrategy[int]:
    """What a rule accepts, its limits more often than chance has it."""
    match rule:
        case Const(only):
            return st.just(only)
        case Reg(written=written):
            return st.integers(0, 9 if written else 10)
        case Number(low, high, zero):
            numbers = st.sampled_from((low, high)) | st.integers(low, high)
            return numbers if zero else numbers.filter(bool)


@st.composite
def valid_fields(draw: st.DrawFn, forms: Sequence[Form] = FORMS) -> tuple[Form, Fields]:
    """A row of the table, and fields that it accepts."""
    form = draw(st.sampled_from(forms))
    return form, {"opcode": form.opcode} | {n: draw(allowed(rule)) for n, rule in form.rules()}


def valid_instructions(forms: Sequence[Form] = FORMS) -> st.SearchStrategy[Instruction]:
    """An instruction of any row."""
    return valid_fields(forms).map(lambda drawn: Instruction(**drawn[1]))


@st.composite
def invalid_fields(draw: st.DrawFn, encodable: bool = False) -> Fields:
    """Fields of which exactly one breaks its row's rule, and which no other row accepts.

    The broken one may have any size and type; ``encodable`` ones fit the bits of the encoding.
    """
    form, fields = draw(valid_fields())
    rules = dict(form.rules())
    if encodable and form.slots == 1:
        del rules["next_imm"]  # has no bits there
    spans = {
        name: refused(rule, WIDTHS[name] if encodable else ANY_WIDTH)
        for name, rule in rules.items()
    }
    name = draw(st.sampled_from([name for name in spans if spans[name]]))
    broken = st.one_of(*(st.integers(*span) for span in spans[name]))
    value = draw(broken if encodable else broken | NO_NUMBERS)
    fields[name] = value
    assume(
        type(value) is not int
        or not any(
            all(accepts(rule, fields[field]) for field, rule in other.rules())
            for other in BY_OPCODE[form.opcode]
        )
    )
    return fields
