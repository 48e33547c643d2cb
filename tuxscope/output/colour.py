"""Colour for listings and traces, where a person looks at a terminal."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, ClassVar

from tuxscope.output.screen import moves_cursor
from tuxscope.output.visible import visible


def wanted(fd: int = 1) -> bool:
    """Whether ``fd`` is a terminal that shows colour to somebody who wants it.

    NO_COLOR set to anything says no (no-color.org).
    """
    return not os.environ.get("NO_COLOR") and moves_cursor(fd)


def presented(text: str, fd: int = 1) -> str:
    """A listing or trace for where it goes: on a terminal without what would move the cursor, and
    in colour; elsewhere as it is."""
    if not os.isatty(fd):
        return text
    safe = "\n".join(visible(line) for line in text.split("\n"))
    return coloured(safe) if wanted(fd) else safe


def coloured(text: str) -> str:
    """A listing or trace with ANSI colours; imports pygments, which takes a while."""
    from pygments import highlight
    from pygments.formatters import TerminalFormatter

    return str(highlight(text, lexer(), TerminalFormatter()))


@cache
def lexer() -> Any:
    """What tells the pieces of a listing apart."""
    from pygments.lexer import RegexLexer, bygroups, using
    from pygments.lexers.python import PythonLexer
    from pygments.token import Comment, Keyword, Name, Number, Operator, Text

    class PseudoC(RegexLexer):  # type: ignore[misc]
        """Slots and bytes, pseudo-C, notes, lines of Python."""

        tokens: ClassVar = {
            "root": [
                (r"^ *\d+  (?:[0-9a-f]{2} ){7}[0-9a-f]{2}", Comment),
                (r"^.*:$", Name.Label),
                (r"^[A-Z ]+$", Keyword),
                (r"# .*?(?=  |$)", Comment),
                (
                    r"(\S+:\d+: )(.*)",
                    bygroups(Comment, using(PythonLexer)),
                ),
                (r"bpf_\w+", Name.Function),
                (r"\b(?:if|goto|gotol|gotox|may_goto|call|exit|lock|ll|ld_pseudo)\b", Keyword),
                (r"\b[us](?:8|16|32|64)\b", Keyword.Type),
                (r"\b[rw](?:10|[0-9])\b", Name.Variable),
                (r"\b(?:0x[0-9a-f]+|[0-9]+)\b", Number),
                (r"s?[-+*/|&%^<>=!]+", Operator),
                (r"\w+", Name),
                (r"[^\S\n]+|.|\n", Text),
            ]
        }

    # Lexers would drop blank lines at either end.
    return PseudoC(stripnl=False, ensurenl=False)
