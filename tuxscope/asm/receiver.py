"""The name by which an author's line calls its assembler: ``b``, in ``b.exit()``."""

from __future__ import annotations

from tuxscope.source import SourceLine

OWN = r"([^\W\d]\w*)\."
MADE = r"\s*(\w+)\s*(?::[^=]+)?=\s*(?:\w+\.)*Assembler\("
EXAMPLE = r"\ba\.(?=\w+\()"


def addressed(hint: str, source: SourceLine | None) -> str:
    """A hint with the author's own name of the assembler, where it has the usual ``a``."""
    import re  # it takes 2 ms, and nothing is wrong in most runs

    own = re.match(OWN, source.text) if source else None
    return re.sub(EXAMPLE, f"{own[1]}.", hint) if own else hint


def meant_for_another(ended: SourceLine | None, here: SourceLine | None) -> str:
    """``did you mean b.exit()?``, where another assembler was made after a line that ended the
    program which this line goes on with; else empty."""
    import linecache
    import re

    own = re.match(OWN, here.text) if here else None
    if not ended or not here or not own or ended.file != here.file:
        return ""
    for number in range(here.line - 1, ended.line, -1):
        if made := re.match(MADE, linecache.getline(here.file, number)):
            return f"did you mean {made[1]}.{here.code[own.end() :]}?" if made[1] != own[1] else ""
    return ""
