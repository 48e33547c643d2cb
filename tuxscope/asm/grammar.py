"""The grammar of instructions: an automaton made of the templates in the table.

Each template of each row is a path from the start node. An edge is a literal (``goto``, ``+=``) or
a placeholder (a register, a number, a name). The node at the end of a path has the rows with that
template. Rows whose fields differ share a path up to there.
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
from tuxscope.asm.lexer import PLAIN, Token, TokenKind, quoted, tokens
from tuxscope.suggest import did_you_mean

REGISTER = re.compile(r"([rw])(10|[0-9])")


class Slot(Enum):
    """An enum: the kind of a placeholder; the value is its name in errors.

    Members: REGISTER = "a register", HALF = "a 32-bit register", NUMBER = "a number", OFFSET = "'+'
    or '-' and a number", NAME = "a name".
    """

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
    """A dataclass: a node of the automaton.

    Attributes:
        literals: a dict of the next Node by literal, a str.
        slots: a dict of the next Node by Slot, the kind of a placeholder.
        forms: a list of pairs: a Form whose template ends here, and a tuple of the names of its
            placeholders, in order; a fixed register (``r0``) counts as one.
    """

    literals: dict[str, Node] = field(default_factory=dict)
    slots: dict[Slot, Node] = field(default_factory=dict)
    forms: list[tuple[Form, tuple[str, ...]]] = field(default_factory=list)


class Operand(NamedTuple):
    """A NamedTuple: the text of a placeholder.

    Attributes:
        value: an int or a str, a register's number, an integer, or a name.
        token: its Token; a sign and the number after it are one token.
    """

    value: int | str
    token: Token


class Match(NamedTuple):
    """A NamedTuple: the result of parsing one instruction.

    Attributes:
        forms: a sequence of pairs, each a Form that matches and a tuple of its placeholders; only a
            name leaves more than one.
        operands: a tuple of the Operands, in the order of the text.
        end: an int, the index of the token after the instruction.
    """

    forms: Sequence[tuple[Form, tuple[str, ...]]]
    operands: tuple[Operand, ...]
    end: int


class MismatchError(AssemblyError):
    """An error, an AssemblyError: a syntax error, ``problem``, a str, at ``token``, a Token; the
    parser adds the line."""

    def __init__(self, problem: str, token: Token) -> None:
        super().__init__(problem, column=token.column)


def parts(template: str) -> Iterator[tuple[Slot | None, str]]:
    """Yield the parts of ``template``: pairs: (Slot, name) for a placeholder, (None, text) for a
    literal.

    A fixed register is a placeholder whose name is the register: (REGISTER, ``r0``).
    """
    for literal, placeholder, _, _ in Formatter().parse(template):
        for token in tokens(literal):
            if register := REGISTER.fullmatch(token.text):
                yield (Slot.REGISTER if register[1] == "r" else Slot.HALF), token.text
            elif token.kind is not TokenKind.END:
                yield None, token.text
        if placeholder:
            yield SLOTS[placeholder], placeholder


@cache
def automaton() -> Node:
    """Return the start Node of the automaton of all templates; built at the first call, cached."""
    start = Node()
    for form in FORMS:
        for template in filter(None, (form.text, form.named, *form.also)):
            node = start
            names = []
            for slot, text in parts(template):
                if slot is None:
                    node = node.literals.setdefault(text, Node())
                else:
                    names.append(text)
                    node = node.slots.setdefault(slot, Node())
            node.forms.append((form, tuple(names)))
    return start


@cache
def keywords() -> frozenset[str]:
    """Return all words of the templates, a frozenset, such as ``goto`` and ``if``. Cached."""
    written = " ".join(re.sub(r"\{\w+\}", " ", form.text) for form in FORMS)
    return frozenset(PLAIN.findall(written))


def spelling(name: str) -> str:
    """Return ``name`` as assembly text: in quotes unless it is a plain word and not a keyword."""
    plain = PLAIN.fullmatch(name) and name not in keywords() and not REGISTER.fullmatch(name)
    return name if plain and name != "." else quoted(name)


def match(line: Sequence[Token], index: int) -> Match:
    """Return the Match of the instruction that begins at token ``index``, an int, of ``line``, a
    sequence of Token.

    Each step consumes one token, or a sign and its number. Raises MismatchError.
    """
    node = automaton()
    before: tuple[Node, Token] | None = None  # if the last token was a word that was read as a name
    operands: list[Operand] = []
    while True:
        token = line[index]
        key = str(token.number) if token.kind is TokenKind.NUMBER else token.text
        if step := operand(node, line, index):
            slot, found, taken = step
            operands.append(found)
            before = (node, token) if slot is Slot.NAME else None
            node = node.slots[slot]
            index += taken
        elif key in node.literals and token.kind is not TokenKind.NAME:
            node = node.literals[key]
            before = None
            index += 1
        elif node.forms and (token.kind is TokenKind.END or token.is_sign(";")):
            return Match(node.forms, tuple(operands), index)
        else:
            if before and nearest_word(*before):
                node, token = before
            raise MismatchError(
                f"expected {expected(node)}, found {token}{nearest_word(node, token)}", token
            )


def operand(node: Node, line: Sequence[Token], index: int) -> tuple[Slot, Operand, int] | None:
    """Return the operand at token ``index``, an int, of ``line``, a sequence of Token, if a
    placeholder at ``node``, a Node, fits.

    The result is a triple, (Slot, Operand, number of tokens), or None. Raises MismatchError for a
    sign without a number after it.
    """
    token = line[index]
    register = token.kind is TokenKind.WORD and REGISTER.fullmatch(token.text)
    if register:
        slot = Slot.REGISTER if register[1] == "r" else Slot.HALF
        return (slot, Operand(int(register[2]), token), 1) if slot in node.slots else None
    if token.kind is TokenKind.NUMBER and Slot.NUMBER in node.slots:
        return Slot.NUMBER, Operand(token.number, token), 1
    if token.is_sign("+-"):
        signed = next((each for each in (Slot.NUMBER, Slot.OFFSET) if each in node.slots), None)
        after = line[index + 1]
        if signed and after.kind is TokenKind.NUMBER:
            value = -after.number if token.text == "-" else after.number
            return (
                signed,
                Operand(value, Token(TokenKind.NUMBER, token.text + after.text, token.column)),
                2,
            )
        if signed and token.text not in node.literals:
            raise MismatchError(f"expected a number, found {after}", after)
    if Slot.NAME in node.slots and (
        token.kind is TokenKind.NAME
        or (token.kind is TokenKind.WORD and token.text not in node.literals)
    ):
        return Slot.NAME, Operand(token.name, token), 1
    return None


def expected(node: Node) -> str:
    """Return what the grammar allows at ``node``, a Node, in words, for an error."""
    if node is automaton():
        return "an instruction"
    words = [text for text in node.literals if PLAIN.fullmatch(text)]
    signs = [repr(text) for text in node.literals if text not in words]
    # If there are many words, name the first one alone.
    kinds = [
        *(slot.value for slot in node.slots),
        *signs,
        *map(repr, words[: len(words) if len(words) <= 8 else 1]),
        *["the end of the line"] * bool(node.forms),
    ]
    *most, last = kinds
    return f"{', '.join(most)} or {last}" if most else last


def nearest_word(node: Node, token: Token) -> str:
    """Return a hint with the word allowed at ``node``, a Node, that is nearest to ``token``, a
    Token, or ``""``."""
    words = [*filter(PLAIN.fullmatch, node.literals)]
    for slot, letter in ((Slot.REGISTER, "r"), (Slot.HALF, "w")):
        words += [f"{letter}{number}" for number in range(11)] * (slot in node.slots)
    return did_you_mean(token.text, words) if token.kind is TokenKind.WORD else ""
