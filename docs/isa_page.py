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
# Methods whose name differs from their row's.
METHODS = {"or": "or_", "and": "and_", "call_local": "call", "ld_map_fd": "ld_map"}
# The text of placeholders whose name is not shown.
SIGNED = {"off": "+ offset", "imm_off": " + imm", "jump": "+offset", "long_jump": "+imm"}
SPELT = {slot: SIGNED.get(slot, slot) for slot in SLOTS}

HEAD = """\
# Instructions

`make docs` writes this page from the table in `tuxscope/asm/forms.py`. The encoder, the decoder,
the listing and the parser use the same table. Sections are those of RFC 9669.

{layout}

In the tables below:

- **fields** lists the values of each field: a register that is read (r0 to r10), a register that is
  written (r0 to r9), any integer that fits, or a range. Fields that are not listed are 0. For "any
  (Linux: 0 to 63)" the decoder, the listing and the interpreter accept all values, as the RFC says:
  a shift is masked, a division by 0 gives 0. Linux refuses the others, and so the assembler rejects
  them.
- **text** is the pseudo-C of the listing and the parser: `dst` stands for a register (`r1`), `wdst`
  for its low 32 bits (`w1`), other words for the values of fields. The distance of a jump is in
  slots from the next instruction. imm64 has imm as its low and next_imm as its high half. The
  second spelling has a name instead of the number.
- **method** is the assembler's method. **group** is the conformance group (section 2.4), or
  `linux`. **Linux** is the first version of Linux that accepts the instruction.
"""


def layout() -> str:
    """The encoding: the docstring of isa.py, in Markdown."""
    _, *paragraphs = (isa.__doc__ or "").strip().split("\n\n")
    return "\n\n".join(
        f"```\n{dedent(each.strip(chr(10)))}\n```"
        if each.startswith("    ")
        else each.replace("::", ":")
        for each in paragraphs
    )


def fields(form: Form) -> str:
    """The values of each field, in words."""
    rules = ((name, rule) for name, rule in form.rules() if rule != Const(0))
    return ", ".join(f"{name} {held(rule)}" for name, rule in rules)


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
    """The assembler's method, or ``""``."""
    name = METHODS.get(form.name, form.name)
    return f"`a.{name}`" if hasattr(Assembler, name) else ""


def row(form: Form) -> str:
    """A form as a row of a Markdown table."""
    texts = [each.format_map(SPELT) for each in (form.text, form.named) if each]
    text = "<br>".join(f"`{each}`" for each in texts).replace("|", r"\|")
    return (
        f"| `{form.opcode:#04x}` | {fields(form)} | {text} | {method(form)} | {form.group.value} "
        f"| {form.since[0]}.{form.since[1]} |"
    )


def section(form: Form) -> str:
    """The heading for a form: its section, with a title."""
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
