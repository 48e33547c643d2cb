"""What there is to say of a refused program: plain data, made of the verifier's log."""

from __future__ import annotations

from dataclasses import dataclass

from tuxscope.source import SourceLine


@dataclass(frozen=True, slots=True)
class RegisterNote:
    """A register that the verifier talks about.

    Attributes:
        name: as programs have it: ``r0``.
        state: what the verifier knew of it, in its own words
            (``map_value_or_null(id=1,ks=4,vs=8)``); empty where the log does not tell.
        slot: of the instruction that wrote it last on this path; None where nothing did.
        source: that instruction's line.
    """

    name: str
    state: str
    slot: int | None
    source: SourceLine | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the verifier refused a program.

    Attributes:
        cause: key of the row in :data:`tuxscope.explain.causes.CAUSES`; None where it is unknown.
        sentence: the cause in plain words; where it is unknown, the last of the telling lines.
        hint: what to type, in the language of the source; empty where the cause is unknown.
        slot: where the verifier stopped, in slots from the program's start.
        source: the line of Python or C that made the instruction there.
        registers: those it talks about, in its order.
        telling: the lines of the log that are no part of the story, as they are.
        reason, suggestion: the kernel's own, which it adds since Linux 7.x; empty before.
        objection: those of the telling lines that the cause was found in, as one; where it is
            unknown, the last.
    """

    cause: str | None
    sentence: str
    hint: str
    slot: int | None
    source: SourceLine | None
    registers: tuple[RegisterNote, ...]
    telling: tuple[str, ...]
    reason: str = ""
    suggestion: str = ""
    objection: str = ""
