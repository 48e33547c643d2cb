"""Split a line of assembly text into tokens, by LLVM's rules.

``#`` and ``//`` begin a comment, ``;`` ends a statement. A name that is not a plain word is in
double quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

# No alternative backtracks over text that it has matched, so the time is linear in the line's
# length.
TOKEN = re.compile(
    r"""
    (?P<blank> [ \t\r\f\v]++ | \#.* | //.*
             | <[^<>]*+> (?=[ \t\r]*+ (?:$|[;#]|//)) )         # llvm-objdump: goto +0x1 <main+0x88>
  | (?P<name>  "(?: [^"\\]++ | \\. )*+" )
  | (?P<number>(?: 0[xX][0-9a-fA-F]++ | 0 | [1-9][0-9]*+ ) (?![A-Za-z0-9_.$]) )
  | (?P<bad>   " | [0-9][A-Za-z0-9_.$]*+ )                     # an unclosed quote, 12ab
  | (?P<word>  kernel-function\# | [A-Za-z_.$][A-Za-z0-9_.$]*+ )
  | (?P<sign>  (?: <<|>>|[-+*/|&%^<>=!] )= | . )
    """,
    re.VERBOSE | re.DOTALL,
)
PLAIN = re.compile(r"[A-Za-z_.][A-Za-z0-9_.$]*")
TOO_LARGE = 1 << 256  # too large for any field; int() rejects decimals of more than 4300 digits


class TokenKind(Enum):
    """An enum: the kind of a token. Members: WORD = "word", NAME = "name", NUMBER = "number",
    SIGN = "sign", BAD = "bad", END = "end"."""

    WORD = "word"
    NAME = "name"  # in quotes
    NUMBER = "number"
    SIGN = "sign"
    BAD = "bad"
    END = "end"  # of the line


class Token(NamedTuple):
    """A NamedTuple: a token of assembly text.

    Attributes:
        kind: its TokenKind.
        text: its text, with the quotes of a NAME.
        column: an int, the column of its first character, counted from 1.
        name: a str, a property.
        number: an int, a property.
    """

    kind: TokenKind
    text: str
    column: int

    @property
    def name(self) -> str:
        """The name, a str: a WORD's text, or a NAME's text without quotes and escapes."""
        return unquoted(self.text) if self.kind is TokenKind.NAME else self.text

    @property
    def number(self) -> int:
        """The value of a NUMBER, decimal or hexadecimal, an int."""
        if len(self.text) > len(str(TOO_LARGE)):
            return TOO_LARGE
        return int(self.text, 16 if self.text[:2] in ("0x", "0X") else 10)

    def is_sign(self, signs: str) -> bool:
        """Return whether it is a SIGN, and one of the characters of ``signs``, a str."""
        return self.kind is TokenKind.SIGN and self.text in signs

    def __str__(self) -> str:
        """The token as errors show it, in quotes, at most 40 characters."""
        if self.kind is TokenKind.END:
            return "the end of the line"
        if self.text == '"' and self.kind is TokenKind.BAD:
            return "an unclosed quote"
        shown = self.text if len(self.text) <= 40 else self.text[:37] + "..."
        return repr(shown)


def tokens(line: str) -> Iterator[Token]:
    """Yield the Tokens of ``line``, a str, without blanks and comments; the last one is END."""
    position = 0
    while match := TOKEN.match(line, position):
        group = match.lastgroup
        if group != "blank":
            token = Token(TokenKind(group), match[0], position + 1)
            yield token
            if token.kind is TokenKind.BAD:  # the rest of the line cannot be split
                break
        position = match.end()
    yield Token(TokenKind.END, "", position + 1)


def quoted(name: str) -> str:
    """Return ``name`` in double quotes, with backslash escapes."""
    escaped = name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'


def unquoted(text: str) -> str:
    """Return the name in ``text``, without its double quotes and backslash escapes."""
    return re.sub(r"\\(.)", lambda match: match[1].replace("n", "\n"), text[1:-1], flags=re.DOTALL)
