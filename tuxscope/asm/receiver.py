"""The receiver in an author's line: the name of its assembler, such as ``b`` in ``b.exit()``."""

from __future__ import annotations

from tuxscope.source import SourceLine

OWN = r"([^\W\d]\w*)\."
MADE = r"\s*(\w+)\s*(?::[^=]+)?=\s*(?:\w+\.)*Assembler\("
EXAMPLE = r"\ba\.(?=\w+\()"


def with_receiver(hint: str, source: SourceLine | None) -> str:
    """Return ``hint`` with ``a.`` replaced by the name of the assembler in ``source``, a SourceLine
    or None, which leaves it as it is."""
    import re  # importing it takes 2 ms; needed for errors alone

    own = re.match(OWN, source.text) if source else None
    return re.sub(EXAMPLE, f"{own[1]}.", hint) if own else hint


def other_assembler_hint(ended: SourceLine | None, here: SourceLine | None) -> str:
    """Return the hint ``did you mean b.exit()?``, a str, or ``""``.

    It is for a line ``here``, a SourceLine or None, that extends an assembler after its exit (or
    label) at line ``ended``, a SourceLine or None, if the author made another assembler in between.
    """
    import linecache
    import re

    own = re.match(OWN, here.text) if here else None
    if not ended or not here or not own or ended.file != here.file:
        return ""
    for number in range(here.line - 1, ended.line, -1):
        if made := re.match(MADE, linecache.getline(here.file, number)):
            return f"did you mean {made[1]}.{here.code[own.end() :]}?" if made[1] != own[1] else ""
    return ""
