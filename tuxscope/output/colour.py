"""Colour for listings and traces on a terminal."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, ClassVar

from tuxscope.output.screen import moves_cursor
from tuxscope.output.visible import visible


def wanted(fd: int = 1) -> bool:
    """Return whether to colour text on ``fd``, an int: a terminal, not dumb, and NO_COLOR is unset
    or empty.

    Source: no-color.org.
    """
    return not os.environ.get("NO_COLOR") and moves_cursor(fd)


def presented(text: str, fd: int = 1) -> str:
    """Return ``text``, a listing or trace, as ``fd``, an int, should show it.

    On a terminal, control characters are escaped and the text is coloured; else it is unchanged.
    """
    if not os.isatty(fd):
        return text
    safe = "\n".join(visible(line) for line in text.split("\n"))
    return coloured(safe) if wanted(fd) else safe


def coloured(text: str) -> str:
    """Return ``text``, a listing or trace, a str, with ANSI colours. Imports pygments, which is
    slow."""
    from pygments import highlight
    from pygments.formatters import TerminalFormatter

    return str(highlight(text, lexer(), TerminalFormatter()))


@cache
def lexer() -> Any:
    """Return the pygments lexer for listings and traces. Cached."""
    from pygments.lexer import RegexLexer, bygroups, using
    from pygments.lexers.python import PythonLexer
    from pygments.token import Comment, Keyword, Name, Number, Operator, Text

    class PseudoC(RegexLexer):  # type: ignore[misc]
        """Tokens of a listing: slots, bytes, pseudo-C, notes, Python source."""

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

    # By default, lexers strip blank lines at both ends.
    return PseudoC(stripnl=False, ensurenl=False)
