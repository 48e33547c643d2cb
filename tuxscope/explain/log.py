"""The verifier's log as data: what it walked through, and what it says in the end.

The form is that of kernel/bpf/log.c and verifier.c, from Linux 5.8 to 7.3; older ones differ in
words alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from tuxscope.asm.source import SourceLine
from tuxscope.explain.unwrap import STATISTICS, unwrap

# "7: (79) r0 = *(u64 *)(r0 +0)   ; R0_w=scalar()"; the part after the semicolon since 5.17
INSTRUCTION = re.compile(r"(\d{1,9}): (\([0-9a-f]{2}\) [^;]*)(?:; (.*))?")
STATE = re.compile(r"(?:frame\d+: *)?(?:R\d+(?:_\w+)?=|fp-\d+|refs=)")
STATE_BEFORE = re.compile(r"(?:\d+|from (\d+) to \d+(?: \([^)]*\))?): ?(.*)")
BRANCH = re.compile(r"from (\d{1,9}) to \d+(?: \([^)]*\))?:")
FRAME = re.compile(r"frame(\d{1,9}):")
PLACE = re.compile(r"(.+):(\d{1,9})")
# Lines that tell how the verifier got there, not what it objects to.
STORY = re.compile(
    r"\d+: |;|from \d+ to|processed \d+ insn|verification time|stack depth|func#\d+ @|Func#\d+ |"
    r"mark_precise|propagating|frame \d+: propagating|Validating |last_idx|regs=|parent |"
    r"(?:caller|callee|returning from callee|to caller at \d+):|frame\d+: |(?:cur|old) state:|"
    r"(?:insn|Live regs|using SCC|falling back)|\(\d+\) (?:live stack|frame \d)|"
    r"-- BEGIN|-- END|\(\d+ line|$"
)
# Linux 7.3 then says it again, in sentences over many lines.
DIAGNOSIS = re.compile(r"^\s*Verification failed: ", re.MULTILINE)
SECTION = re.compile(r"^(Reason|Suggestion|At|Causal path):\n((?:[ \t]+\S.*\n?)+)", re.MULTILINE)


START, UNKNOWN = -1, -2


class Step(NamedTuple):
    """An instruction that the verifier walked through.

    Attributes:
        slot: from the program's start.
        text: ``(79) r0 = *(u64 *)(r0 +0)``.
        before, after: what the log tells of the registers before and after it; mostly empty.
        whole: ``before`` tells of all registers that hold something.
        parent: index of the step before it on the same path; START for a first one, UNKNOWN
            where the log does not have it, as its beginning is cut off.
        depth: 0 in the program's own function, 1 in one that it calls.
        source: the line that the log shows for it.
    """

    slot: int
    text: str
    before: str
    after: str
    whole: bool
    parent: int
    depth: int
    source: SourceLine | None


@dataclass(frozen=True, slots=True)
class Log:
    """A log that was read.

    Attributes:
        steps: all instructions that were walked, over all paths.
        telling: the lines that are no part of the story, after the last instruction; all such
            lines where nothing follows it.
        reason, suggestion: the kernel's own (Linux 7.3); empty before.
        certain: it is a verifier's log: it shows instructions, or says how many were processed.
    """

    steps: tuple[Step, ...]
    telling: tuple[str, ...]
    reason: str
    suggestion: str
    certain: bool


def read(text: str) -> Log:
    """Read a log of any loader, in time linear in its length. Never raises: what it does not
    know is a telling line."""
    text = unwrap(text)
    diagnosis = DIAGNOSIS.search(text)
    sections = {}
    if diagnosis:
        sections = {
            each[1]: " ".join(each[2].split()) for each in SECTION.finditer(text, diagnosis.end())
        }
        text = text[: diagnosis.start()]
    walk = Walk()
    for line in text.splitlines():
        walk.line(line.strip())
    return Log(
        tuple(walk.steps),
        tuple(walk.telling or walk.earlier),
        sections.get("Reason", ""),
        sections.get("Suggestion", ""),
        bool(walk.steps) or STATISTICS.search(text) is not None,
    )


class Walk:
    """Follows the verifier from line to line: it goes down one path, and later back to where
    the path forked."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.telling: list[str] = []  # since the last instruction
        self.earlier: list[str] = []
        self._forks: dict[int, list[int]] = {}  # by slot, steps that may have a second way
        self._at = UNKNOWN
        self._depth = 0
        self._before = ""
        self._whole = False
        self._source: SourceLine | None = None

    def line(self, line: str) -> None:
        """Take one line, stripped."""
        found = INSTRUCTION.match(line)
        if found:
            self._instruction(int(found[1]), found[2].rstrip(), found[3] or "")
        elif line.startswith(";"):
            self._source_line(line)
        elif line.startswith("from ") and (branch := BRANCH.match(line)):
            forks = self._forks.get(int(branch[1]))
            self._at = forks.pop() if forks else UNKNOWN
            self._depth = self.steps[self._at].depth if self._at >= 0 else 0
            self._state(line[branch.end() :].strip(), whole=True)
        elif STATE.match(line):
            self._state(line, whole=True)
        elif line.startswith(("Validating ", "func#")):  # a function by itself
            self._at, self._depth = START, 0
        elif not STORY.match(line):
            self.telling.append(line)
        else:
            before = STATE_BEFORE.match(line)
            if before and STATE.match(before[2]):
                self._state(before[2], whole=True)

    def _state(self, text: str, whole: bool) -> None:
        if not STATE.match(text):
            return
        frame = FRAME.match(text)
        self._depth = int(frame[1]) if frame else 0
        self._before, self._whole = text, whole

    def _source_line(self, line: str) -> None:
        code, at, place = line[1:].rpartition(" @ ")
        found = PLACE.fullmatch(place)
        if at and found:
            self._source = SourceLine(found[1], int(found[2]), code.strip())
        elif text := line[1:].strip():
            self._source = SourceLine("", 0, text)

    def _instruction(self, slot: int, text: str, after: str) -> None:
        if self.telling:
            self.earlier += self.telling
            self.telling.clear()
        last = self.steps[self._at] if self._at >= 0 else None
        depth = self._depth
        if last and not self._before:
            depth = last.depth + follows(last)
        if frame := FRAME.match(after):
            depth = int(frame[1]) if not text.startswith("(95)") else depth
        if last and last.text[5:8] == "if " and slot != last.slot + 1 and not self._before:
            # It could only go one way.
            forks = self._forks.get(last.slot)
            if forks and forks[-1] == self._at:
                forks.pop()
        parent = START if slot == 0 and last is None else self._at
        self.steps.append(
            Step(slot, text, self._before, after, self._whole, parent, depth, self._source)
        )
        self._at = len(self.steps) - 1
        self._depth, self._before, self._whole = depth, "", False
        if text[5:8] == "if " or text.startswith(("(85)", "(e5)")):
            self._forks.setdefault(slot, []).append(self._at)


def follows(step: Step) -> int:
    """How much deeper the next step is: a call of the program's own goes down, an exit up."""
    if step.text.startswith("(85) call pc"):
        return 1
    return -1 if step.text.startswith("(95)") and step.depth else 0
