"""The explanation of a verifier log, as immutable data."""

from __future__ import annotations

from dataclasses import dataclass

from tuxscope.source import SourceLine


@dataclass(frozen=True, slots=True)
class RegisterNote:
    """A register that the log or the instruction names.

    Attributes:
        name: its name: ``r0``.
        state: its state in the verifier's notation (``map_value_or_null(id=1,ks=4,vs=8)``); empty
            if the log does not show it.
        slot: the slot of the last instruction that wrote it on this path, or None.
        source: that instruction's SourceLine, or None.
    """

    name: str
    state: str
    slot: int | None
    source: SourceLine | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the verifier refused a program.

    Attributes:
        cause: the key of the row in :data:`tuxscope.explain.causes.CAUSES`; None if unknown.
        sentence: the cause in words; if it is unknown, the last of the error lines.
        hint: what to type, in Python or C as the source; empty if the cause is unknown.
        slot: the slot at which the verifier stopped, or that it names; None if unknown.
        source: the SourceLine, of Python or C, that emitted the instruction there, or None.
        registers: a tuple of RegisterNotes on the registers of the log and the instruction.
        telling: a tuple of the lines of the log that state the error, verbatim.
        reason, suggestion: the kernel's own diagnosis (since Linux 7.3); empty before.
        objection: the error lines that match the cause, joined; if it is unknown, the last.
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
