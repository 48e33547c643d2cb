"""A line of assembly text as tokens, by LLVM's rules: ``#`` and ``//`` begin a comment, ``;`` ends
a statement, and a name that is no plain word stands in double quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

# Each alternative takes all that it has looked at, or looks no farther than the next line of its
# kind: the time to read a line is linear in its length.
TOKEN = re.compile(
    r"""
    (?P<blank> [ \t\r\f\v]++ | \#.* | //.*
             | <[^<>]*+> (?=[ \t\r]*+ (?:$|[;#]|//)) )         # llvm-objdump: goto +0x1 <main+0x88>
  | (?P<name>  "(?: [^"\\]++ | \\. )*+" )
  | (?P<number>(?: 0[xX][0-9a-fA-F]++ | 0 | [1-9][0-9]*+ ) (?![A-Za-z0-9_.$]) )
  | (?P<bad>   " | [0-9][A-Za-z0-9_.$]*+ )                     # an open quote, 12ab
  | (?P<word>  kernel-function\# | [A-Za-z_.$][A-Za-z0-9_.$]*+ )
  | (?P<sign>  (?: <<|>>|[-+*/|&%^<>=!] )= | . )
    """,
    re.VERBOSE | re.DOTALL,
)
PLAIN = re.compile(r"[A-Za-z_.][A-Za-z0-9_.$]*")
TOO_LARGE = 1 << 256  # for any field; int() refuses to read a decimal of more than 4300 digits


class TokenKind(Enum):
    """What a token is."""

    WORD = "word"
    NAME = "name"  # in quotes
    NUMBER = "number"
    SIGN = "sign"
    BAD = "bad"
    END = "end"  # of the line


class Token(NamedTuple):
    """A piece of text.

    Attributes:
        kind: what it is.
        text: as it is written.
        column: where it begins, counted from 1.
    """

    kind: TokenKind
    text: str
    column: int

    @property
    def name(self) -> str:
        """The name that a word is, or that stands in quotes."""
        return unquoted(self.text) if self.kind is TokenKind.NAME else self.text

    @property
    def number(self) -> int:
        """A number's value."""
        if len(self.text) > len(str(TOO_LARGE)):
            return TOO_LARGE
        return int(self.text, 16 if self.text[:2] in ("0x", "0X") else 10)

    def is_sign(self, signs: str) -> bool:
        """Whether it is one of these signs, of one character each."""
        return self.kind is TokenKind.SIGN and self.text in signs

    def __str__(self) -> str:
        """For errors: what was found."""
        if self.kind is TokenKind.END:
            return "the end of the line"
        if self.text == '"' and self.kind is TokenKind.BAD:
            return "a quote without an end"
        shown = self.text if len(self.text) <= 40 else self.text[:37] + "..."
        return repr(shown)


def tokens(line: str) -> Iterator[Token]:
    """The tokens of one line, blanks and comments left out, the last one END."""
    position = 0
    while match := TOKEN.match(line, position):
        group = match.lastgroup
        if group != "blank":
            token = Token(TokenKind(group), match[0], position + 1)
            yield token
            if token.kind is TokenKind.BAD:  # what follows it means nothing
                break
        position = match.end()
    yield Token(TokenKind.END, "", position + 1)


def quoted(name: str) -> str:
    """A name in quotes."""
    escaped = name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def unquoted(text: str) -> str:
    """The name that stands in quotes."""
    return re.sub(r"\\(.)", lambda match: match[1].replace("n", "\n"), text[1:-1], flags=re.DOTALL)
