"""What the kernel's verifier says, in one line, with the author's."""

from __future__ import annotations

import re

from tuxscope.asm.program import Program
from tuxscope.asm.source import SourceLine
from tuxscope.errors import TuxscopeError

# "5: (bf) r1 = r3", the instruction that the verifier is at
INSTRUCTION = re.compile(r"(\d+): \([0-9a-f]{2}\) ")
# "unreachable insn 5", "jump out of range from insn 3 to 9": before any instruction is walked
NAMED_SLOT = re.compile(r"\binsn (?:#)?(\d+)")
# Lines that tell how the verifier got there, not what it objects to.
STORY = re.compile(
    r"\d+: |;|from \d+|processed \d+ insns|verification time|stack depth|func#|mark_precise|"
    r"Validating|last_idx|regs=|parent |R\d+(_\w+)?=|caller|callee|frame\d|(cur|old) state:|"
    r"-- BEGIN|-- END|$"
)
# Linux 7.3 then says it again, in sentences over many lines.
DIAGNOSIS = "\nVerification failed: "


class LoadError(TuxscopeError):
    """The kernel refused a program without the verifier having a say."""


class VerifierError(LoadError):
    """The verifier refused a program.

    Attributes:
        program: the program.
        cause: the line of the log that says why.
        slot: where it stopped, in slots from the program's start; None where it does not say.
        source: the Python line that made the instruction there.
        log: the whole log.
    """

    def __init__(self, program: Program, log: str, cause: str) -> None:
        self.program = program
        self.log = log
        self.cause = cause
        self.slot = slot_of(log, cause)
        self.source = source_at(program, self.slot)
        place = f"{self.source}: " if self.source else ""
        slot = "" if self.slot is None else f", slot {self.slot}"
        super().__init__(f"{place}the verifier says: {cause} (program {program.name}{slot})")


def cause_of(log: str) -> str | None:
    """The last line that is no part of the story; None where the verifier objects to nothing."""
    terse, _, _ = log.partition(DIAGNOSIS)
    telling = [line.strip() for line in terse.splitlines() if not STORY.match(line.strip())]
    return telling[-1] if telling else None


def slot_of(log: str, cause: str) -> int | None:
    """The slot that the verifier was at when it gave up."""
    named = NAMED_SLOT.search(cause)
    if named:
        return int(named[1])
    walked = [match for line in log.splitlines() if (match := INSTRUCTION.match(line))]
    return int(walked[-1][1]) if walked else None


def source_at(program: Program, slot: int | None) -> SourceLine | None:
    """The line of the instruction at a slot; the second half of a wide one counts as it."""
    if slot is None:
        return None
    instruction = program.by_slot.get(slot) or program.by_slot.get(slot - 1)
    return instruction.source if instruction else None
