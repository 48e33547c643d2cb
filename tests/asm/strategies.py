"""Hypothesis strategies for instructions, drawn from the table that defines them.

Fields are drawn as the keyword arguments of :class:`~tuxscope.asm.Instruction`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from tuxscope.asm import (
    Array,
    Assembler,
    Instruction,
    PerfEventArray,
    Program,
    RawTracepoint,
    r2,
    r3,
)
from tuxscope.asm.forms import BY_OPCODE, FORMS, IMM, Const, Form, Range, Reg, Rule
from tuxscope.record import Record, u32, u64

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
        case Range(wider=True):
            spans = [(low, IMM.low - 1), (IMM.high + 1, high)]
        case Range(first, last, zero):
            spans = [(low, first - 1), (last + 1, high)] + [(0, 0)] * (not zero)
    return [(first, last) for first, last in spans if first <= last]


def allowed(rule: Rule) -> st.SearchStrategy[int]:
    """What a rule accepts and Linux takes, its limits more often than chance has it."""
    match rule:
        case Const(only):
            return st.just(only)
        case Reg(written=written):
            return st.integers(0, 9 if written else 10)
        case Range(low, high, zero):
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


class Event(Record):
    pid = u32


# Names that are plain words, words of the assembly's own, or only something in quotes.
MAPS = (
    PerfEventArray("EVENTS", Event),
    PerfEventArray("r1", Event),
    PerfEventArray("9.p", Event),
    Array("COUNTS", value=u64[4], max_entries=1),
    Array("other", value=u64[4], max_entries=1),
)
FUNCTIONS = ("other", "r1", "goto", "out", "bpf_ktime_get_ns", "bpf_loop", "EVENTS", "be16")
WORDS = (
    *FUNCTIONS,
    "page",
    "L1",
    ".L2",
    ".",
    "$x",
    "w9",
    "exit",
    "ll",
    "s",
    "pc",
    "u64",
    'a"b',
    "a\\",
)
LABELS = st.sampled_from(WORDS) | st.text(min_size=1, max_size=5)
JUMPS = [form for form in FORMS if form.jumps]
KINDS = ("row", "row", "jump", "call", "ld_func", "helper", "map", "value")


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Rows of the table in functions, with labels, jumps, calls, maps and names of all kinds."""
    others = draw(st.lists(st.sampled_from(FUNCTIONS), unique=True, max_size=3))
    functions = st.sampled_from(["page", *others])
    a = Assembler("page", attach=RawTracepoint())
    for name in (None, *others):
        if name:
            a.function(name)
        labels = draw(st.lists(LABELS, unique=True, max_size=4))
        for index in range(draw(st.integers(len(labels), 8))):
            if index < len(labels):
                a.label(labels[index])
            match draw(st.sampled_from(KINDS)):
                case "jump" if labels:
                    fields = draw(valid_fields(JUMPS))[1]
                    label = draw(st.sampled_from(labels))
                    a._jump(fields["opcode"], label, fields["dst"], fields["src"], fields["imm"])
                case "call":
                    a.call(draw(functions))
                case "ld_func":
                    a.ld_func(r3, draw(functions))
                case "helper":
                    a.emit(Instruction(0x85, imm=draw(st.integers(1, 220) | st.just(5))))
                case "map":
                    a.ld_map(r2, draw(st.sampled_from(MAPS)))
                case "value":
                    a.ld_map_value(r2, draw(st.sampled_from(MAPS[3:])), draw(st.integers(0, 31)))
                case _:
                    a.emit(draw(valid_instructions()))
        a.exit()
    return a.program(check=False)
