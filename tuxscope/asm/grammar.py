"""What an instruction may read like: an automaton made of the templates in the table.

Each template of each row is a path from the start. A step is a literal piece (``goto``, ``+=``) or
a slot (a register, a number, a name); where a path ends stand the rows that it spells. What the
text holds in the slots is known only there: until then rows with different fields share a path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from string import Formatter
from typing import NamedTuple

from tuxscope.asm.errors import AssemblyError
from tuxscope.asm.forms import FORMS, Form
from tuxscope.asm.lexer import PLAIN, Kind, Token, quoted, tokens
from tuxscope.suggest import did_you_mean

REGISTER = re.compile(r"([rw])(10|[0-9])")


class Slot(Enum):
    """What the text may hold in a template's place; the value is how an error calls it."""

    REGISTER = "a register"
    HALF = "a 32-bit register"
    NUMBER = "a number"
    OFFSET = "'+' or '-' and a number"
    NAME = "a name"


SLOTS = {
    "dst": Slot.REGISTER, "src": Slot.REGISTER, "wdst": Slot.HALF, "wsrc": Slot.HALF,
    "off": Slot.OFFSET, "imm_off": Slot.OFFSET, "jump": Slot.NUMBER, "long_jump": Slot.NUMBER,
    "imm": Slot.NUMBER, "next_imm": Slot.NUMBER, "imm64": Slot.NUMBER,
    "label": Slot.NAME, "helper": Slot.NAME, "function": Slot.NAME, "map": Slot.NAME,
}  # fmt: skip


@dataclass(slots=True)
class Node:
    """A place in the automaton.

    Attributes:
        literals: where each literal piece leads.
        slots: where each kind of slot leads.
        spelled: the rows that end here, each with what is in its slots: a placeholder, or a
            register that it has to be.
    """

    literals: dict[str, Node] = field(default_factory=dict)
    slots: dict[Slot, Node] = field(default_factory=dict)
    spelled: list[tuple[Form, tuple[str, ...]]] = field(default_factory=list)


class Operand(NamedTuple):
    """What the text holds in a slot.

    Attributes:
        value: a register's number, a number, or a name.
        token: as it is written; a sign and its number are one.
    """

    value: int | str
    token: Token


class Match(NamedTuple):
    """An instruction that was read.

    Attributes:
        spelled: the rows that it may be; only names leave more than one.
        operands: what is in the slots.
        end: the index of the token after it.
    """

    spelled: Sequence[tuple[Form, tuple[str, ...]]]
    operands: tuple[Operand, ...]
    end: int


class MismatchError(AssemblyError):
    """Text that is no instruction, at a token; the parser knows the line."""

    def __init__(self, problem: str, token: Token) -> None:
        super().__init__(problem, column=token.column)


def pieces(template: str) -> Iterator[tuple[Slot | None, str]]:
    """A template taken apart: a slot and its placeholder (or the register that it has to be), or
    None and a literal piece."""
    for literal, placeholder, _, _ in Formatter().parse(template):
        for token in tokens(literal):
            if register := REGISTER.fullmatch(token.text):
                yield (Slot.REGISTER if register[1] == "r" else Slot.HALF), token.text
            elif token.kind is not Kind.END:
                yield None, token.text
        if placeholder:
            yield SLOTS[placeholder], placeholder


@cache
def automaton() -> Node:
    """All templates of the table as one automaton; made once somebody reads a text."""
    start = Node()
    for form in FORMS:
        for template in filter(None, (form.text, form.named, *form.also)):
            node = start
            names = []
            for slot, text in pieces(template):
                if slot is None:
                    node = node.literals.setdefault(text, Node())
                else:
                    names.append(text)
                    node = node.slots.setdefault(slot, Node())
            node.spelled.append((form, tuple(names)))
    return start


@cache
def keywords() -> frozenset[str]:
    """The words that instructions are written with."""
    written = " ".join(re.sub(r"\{\w+\}", " ", form.text) for form in FORMS)
    return frozenset(PLAIN.findall(written))


def spelling(name: str) -> str:
    """A name as it stands in text: in quotes where it is no plain word, or a word of our own."""
    plain = PLAIN.fullmatch(name) and name not in keywords() and not REGISTER.fullmatch(name)
    return name if plain and name != "." else quoted(name)


def match(line: Sequence[Token], index: int) -> Match:
    """Read the instruction that begins at ``index``. Raises MismatchError.

    Each step takes one token, or a sign and its number.
    """
    node = automaton()
    before: tuple[Node, Token] | None = None  # where the last step was a word taken for a name
    operands: list[Operand] = []
    while True:
        token = line[index]
        key = str(token.number) if token.kind is Kind.NUMBER else token.text
        if step := operand(node, line, index):
            slot, found, taken = step
            operands.append(found)
            before = (node, token) if slot is Slot.NAME else None
            node = node.slots[slot]
            index += taken
        elif key in node.literals and token.kind is not Kind.NAME:
            node = node.literals[key]
            before = None
            index += 1
        elif node.spelled and (token.kind is Kind.END or token.is_sign(";")):
            return Match(node.spelled, tuple(operands), index)
        else:
            if before and near(*before):
                node, token = before
            raise MismatchError(
                f"expected {expected(node)}, found {token}{near(node, token)}", token
            )


def operand(node: Node, line: Sequence[Token], index: int) -> tuple[Slot, Operand, int] | None:
    """The operand that the text holds at a node with slots, and how many tokens it takes.

    Raises MismatchError for a sign that no number follows where nothing else begins with it.
    """
    token = line[index]
    register = token.kind is Kind.WORD and REGISTER.fullmatch(token.text)
    if register:
        slot = Slot.REGISTER if register[1] == "r" else Slot.HALF
        return (slot, Operand(int(register[2]), token), 1) if slot in node.slots else None
    if token.kind is Kind.NUMBER and Slot.NUMBER in node.slots:
        return Slot.NUMBER, Operand(token.number, token), 1
    if token.is_sign("+-"):
        signed = next((each for each in (Slot.NUMBER, Slot.OFFSET) if each in node.slots), None)
        after = line[index + 1]
        if signed and after.kind is Kind.NUMBER:
            value = -after.number if token.text == "-" else after.number
            return (
                signed,
                Operand(value, Token(Kind.NUMBER, token.text + after.text, token.column)),
                2,
            )
        if signed and token.text not in node.literals:
            raise MismatchError(f"expected a number, found {after}", after)
    if Slot.NAME in node.slots and (
        token.kind is Kind.NAME or (token.kind is Kind.WORD and token.text not in node.literals)
    ):
        return Slot.NAME, Operand(token.name, token), 1
    return None


def expected(node: Node) -> str:
    """What may stand at a node, for an error."""
    if node is automaton():
        return "an instruction"
    words = [text for text in node.literals if PLAIN.fullmatch(text)]
    signs = [repr(text) for text in node.literals if text not in words]
    # The first words will do where there are many.
    kinds = [
        *(slot.value for slot in node.slots),
        *signs,
        *map(repr, words[: len(words) if len(words) <= 8 else 1]),
        *["the end of the line"] * bool(node.spelled),
    ]
    *most, last = kinds
    return f"{', '.join(most)} or {last}" if most else last


def near(node: Node, token: Token) -> str:
    """The nearest word that may stand at a node instead of the one that does."""
    words = [*filter(PLAIN.fullmatch, node.literals)]
    for slot, letter in ((Slot.REGISTER, "r"), (Slot.HALF, "w")):
        words += [f"{letter}{number}" for number in range(11)] * (slot in node.slots)
    return did_you_mean(token.text, words) if token.kind is Kind.WORD else ""
