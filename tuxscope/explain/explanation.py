"""The explanation of a verifier log, as immutable data."""

from __future__ import annotations

from dataclasses import dataclass

from tuxscope.source import SourceLine


@dataclass(frozen=True, slots=True)
class RegisterNote:
    """A frozen dataclass: a register that the log or the instruction names.

    Attributes:
        name: a str, its name: ``r0``.
        state: a str, its state in the verifier's notation (``map_value_or_null(id=1,ks=4,vs=8)``);
            empty if the log does not show it.
        slot: an int or None, the slot of the last instruction that wrote it on this path, or None.
        source: that instruction's SourceLine, or None.
    """

    name: str
    state: str
    slot: int | None
    source: SourceLine | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A frozen dataclass: why the verifier refused a program.

    Attributes:
        cause: a str or None, the key of the row in :data:`tuxscope.explain.causes.CAUSES`; None if
            unknown.
        sentence: a str, the cause in words; if it is unknown, the last of the error lines.
        hint: a str, what to type, in Python or C as the source; empty if the cause is unknown.
        slot: an int or None, the slot at which the verifier stopped, or that it names; None if
            unknown.
        source: the SourceLine, of Python or C, that emitted the instruction there, or None.
        registers: a tuple of RegisterNote on the registers of the log and the instruction.
        telling: a tuple of the lines of the log that state the error, verbatim.
        reason, suggestion: each a str, the kernel's own diagnosis (since Linux 7.3); empty before.
        objection: a str, the error lines that match the cause, joined; if it is unknown, the last.
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
