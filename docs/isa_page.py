"""Writes docs/isa.md, the table of all instructions: ``make docs``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from textwrap import dedent

from tuxscope.asm import Assembler, isa
from tuxscope.asm.forms import FORMS, Const, Form, Range, Reg, Rule
from tuxscope.asm.grammar import SLOTS
from tuxscope.asm.isa import Group

TITLES = {
    "4.1": "Arithmetic",
    "4.2": "Byte swaps",
    "4.3": "Jumps",
    "4.3.1": "Calls of helpers and kernel functions",
    "4.3.2": "Calls within the program",
    "5.1": "Loads and stores",
    "5.2": "Sign-extending loads",
    "5.3": "Atomics",
    "5.4": "Constants of 64 bits, maps and functions",
    "5.5": "Packet loads (deprecated)",
}
# Methods that are not called as their row is.
METHODS = {"or": "or_", "and": "and_", "call_local": "call", "ld_map_fd": "ld_map"}
# What stands for a placeholder of the templates; the others are called as they are.
SIGNED = {"off": "+ offset", "imm_off": " + imm", "jump": "+offset", "long_jump": "+imm"}
SPELT = {slot: SIGNED.get(slot, slot) for slot in SLOTS}

HEAD = """\
# Instructions

Written by `make docs` from the table in `tuxscope/asm/forms.py`, which the encoder, the decoder,
the listing and the text parser work from. Sections are those of RFC 9669.

{layout}

In the tables below:

- **fields** says what each field holds: a register that is read (r0 to r10), one that is written
  (r0 to r9), any number that fits, or a range. A field that is not mentioned is 0. Of "any (Linux:
  0 to 63)" all numbers are decoded, listed and interpreted as the RFC says (a shift is
  masked, a division by 0 gives 0); Linux refuses some, and the assembler does not write those.
- **text** is what the listing writes and the parser reads: `dst` stands for a register (`r1`),
  `wdst` for its low 32 bits (`w1`), the other words for what is in the fields. A jump's distance
  counts slots from the next instruction; imm64 is imm with next_imm above it. The second spelling
  has a name instead of the number.
- **method** is the assembler's; **group** the conformance group (section 2.4), or `linux`;
  **Linux** the first kernel that takes it.
"""


def layout() -> str:
    """How the bits lie: what isa.py says, in Markdown."""
    _, *paragraphs = (isa.__doc__ or "").strip().split("\n\n")
    return "\n\n".join(
        f"```\n{dedent(each.strip(chr(10)))}\n```"
        if each.startswith("    ")
        else each.replace("::", ":")
        for each in paragraphs
    )


def fields(form: Form) -> str:
    """What each field may hold."""
    told = ((name, rule) for name, rule in form.rules() if rule != Const(0))
    return ", ".join(f"{name} {held(rule)}" for name, rule in told)


def held(rule: Rule) -> str:
    """One field's rule in words."""
    match rule:
        case Const(value):
            return f"= {value}"
        case Reg(written=False):
            return "read"
        case Reg(read=read):
            return "read and written" if read else "written"
        case Range(low, high, zero, wider):
            taken = ("any" if low < 0 else f"{low} to {high}") + ("" if zero else " but 0")
            return f"any (Linux: {taken})" if wider else taken


def method(form: Form) -> str:
    """The assembler's method, if it has one."""
    name = METHODS.get(form.name, form.name)
    return f"`a.{name}`" if hasattr(Assembler, name) else ""


def row(form: Form) -> str:
    """A line of a table."""
    texts = [each.format_map(SPELT) for each in (form.text, form.named) if each]
    text = "<br>".join(f"`{each}`" for each in texts).replace("|", r"\|")
    return (
        f"| `{form.opcode:#04x}` | {fields(form)} | {text} | {method(form)} | {form.group.value} "
        f"| {form.since[0]}.{form.since[1]} |"
    )


def section(form: Form) -> str:
    """The heading that a row stands under."""
    return form.section if form.group is Group.LINUX else f"{form.section} {TITLES[form.section]}"


def page() -> Iterator[str]:
    """The page's lines."""
    yield HEAD.format(layout=layout())
    rows = sorted(FORMS, key=lambda form: (form.group is Group.LINUX, form.section))
    for heading, forms in groupby(rows, section):
        yield f"## {heading}\n"
        yield "| opcode | fields | text | method | group | Linux |"
        yield "| --- | --- | --- | --- | --- | --- |"
        yield from map(row, forms)
        yield ""


if __name__ == "__main__":
    print("\n".join(page()).rstrip())
