"""Parse a verifier log into the instructions walked and the error lines.

The form is that of kernel/bpf/log.c and verifier.c, from Linux 5.8 to 7.3; older ones differ in
words alone.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import NamedTuple

from tuxscope.explain.failure import failure
from tuxscope.explain.unwrap import STATISTICS, unwrap
from tuxscope.source import SourceLine

# "7: (79) r0 = *(u64 *)(r0 +0)   ; R0_w=scalar()"; the part after the semicolon since 5.17
INSTRUCTION = re.compile(r"(\d{1,9}): (\([0-9a-f]{2}\) [^;]*)(?:; (.*))?")
# "6: (15) if r0 == 0x0 goto pc+2 9: R0=0 R10=fp0", "goto pc-8 infinite loop detected at insn 24":
# at level 1 the log of a path that ended well is rewound to its fork, and what is left of the
# newline there is a space; then the other path begins.
JOINED = re.compile(
    r"(\d{1,9}: \([0-9a-f]{2}\) [^;]*?(?:\bpc[+-]\d{1,9}|\bcall \w+#-?\d{1,9})) +(?=[^;\s])"
)
JOINED_STATE = re.compile(
    r"(\d{1,9}: \([0-9a-f]{2}\) [^;]*?) +(?=\d{1,9}: ?(?:frame\d{1,9}: ?)?R\d{1,2}(?:_\w{1,9})?=)"
)
STATE = re.compile(r"(?:frame\d+: *)?(?:R\d+(?:_\w+)?=|fp-\d+|refs=)")
STATE_BEFORE = re.compile(r"\d+: ?(.*)")
# Before it walks, Linux 7.x lists the functions at level 2, with what it found out of them.
LISTING = re.compile(r"(?:stack use/def )?subprog#\d")
# How it comes to know which registers matter, step by step back; a state behind is an older one.
BACKWARDS = re.compile(r"regs=|last_idx |mark_precise")
HEADING = re.compile(r"(?:caller|callee|to caller at \d+):$")
BRANCH = re.compile(r"from (\d{1,9}) to \d+(?: \([^)]*\))?:")
FRAME = re.compile(r"frame(\d{1,9}):")
PLACE = re.compile(r"(.+):(\d{1,9})")
# The trace of the walk: lines that are not error messages.
TRACE = re.compile(
    r"\d+: |;|from \d+ to|processed \d+ insn|verification time|stack depth|func#\d+ @|Func#\d+ |"
    r"mark_precise|propagating|frame \d+: propagating|Validating |last_idx|regs=|parent |"
    r"(?:caller|callee|returning from callee|to caller at \d+):|frame\d+: |(?:cur|old) state:|"
    r"(?:insn|Live regs|using SCC|SCC \w+ \(|force_precise: |falling back)|"
    r"\([\d,]+\) (?:live stack|frame \d)|topo_order\[|stack use/def |subprog#\d|"
    r"func '[^']*' arg\d+ has btf_id |-- BEGIN|-- END|\(\d+ line|$"
)
# A sentence that goes on in the next line: "..., or in", "while holding a lock,".
GOES_ON = re.compile(r"(?:,|\b(?:in|or|and|of|to|the|for|with))$")
# A line that says more about the one before it.
REMARK = re.compile(
    r"R\d+ (?:m(?:in|ax) value|offset) is outside of |Caller passes invalid args into func#|Note, |"
    r"[^:']{1,60} would lead to reference leak"
)
# Linux 7.3 then says it again, in sentences over many lines.
DIAGNOSIS = re.compile(r"^[ \t]*Verification failed: ", re.MULTILINE)
SECTION = re.compile(r"^(Reason|Suggestion|At|Causal path):\n((?:[ \t]+\S.*\n?)+)", re.MULTILINE)


EXIT = "(95)"
# The distance of a conditional jump, from the next slot.
GOTO = re.compile(r" goto (?:pc)?([+-]\d{1,9})")
LONGEST_TELLING = 40  # lines; what stands above them is about something else
LONGEST_LINE = 1000  # characters, of which a wording of the kernel's is made at most
MEMORY = (1, 2, 3)  # classes of instructions: LDX, ST, STX
START, UNKNOWN = -1, -2


class LoggedStep(NamedTuple):
    """A NamedTuple: an instruction in the verifier's log.

    Attributes:
        slot: an int, the slot of the instruction.
        text: a str, ``(79) r0 = *(u64 *)(r0 +0)``.
        before, after: each a str, the states of registers that the log shows before and after it;
            may be empty.
        all_registers: whether ``before`` has all initialised registers, not only the changed ones.
        parent: an int, the index of the previous step on the same path; START for the first,
            UNKNOWN if the log is truncated at the start.
        depth: an int, 0 in the program's own function, 1 in one that it calls.
        source: the SourceLine that the log shows for it, or None.
        calls_own, accesses_memory, exits, calls_another: each a bool, properties.
    """

    slot: int
    text: str
    before: str
    after: str
    all_registers: bool
    parent: int
    depth: int
    source: SourceLine | None

    @property
    def calls_own(self) -> bool:
        """Whether it calls a function of the program (a subprogram), a bool."""
        return self.text.startswith("(85) call pc")

    @property
    def accesses_memory(self) -> bool:
        """Whether it loads or stores, a bool."""
        return int(self.text[1:3], 16) & 7 in MEMORY

    @property
    def exits(self) -> bool:
        """Whether it is an exit, a bool."""
        return self.text.startswith(EXIT)

    @property
    def calls_another(self) -> bool:
        """Whether it calls a helper or a kfunc, a bool."""
        return self.text.startswith("(85)") and not self.calls_own


@dataclass(frozen=True, slots=True)
class Log:
    """A frozen dataclass: a parsed verifier log.

    Attributes:
        steps: a tuple of the LoggedSteps, all instructions that were walked, over all paths.
        telling: a tuple of the error lines: those after the last instruction that are not the
            walk's trace.
        reason, suggestion: each a str, the kernel's own diagnosis (Linux 7.3); empty before.
        certain: whether it is a verifier log: it has instructions or the statistics.
        ended: whether it has the statistics, which end a log.
        cut: whether it is truncated at the end (ENOSPC).
        stop: an int, the index of the step that the verifier stopped at; -1 if it is not shown.
    """

    steps: tuple[LoggedStep, ...]
    telling: tuple[str, ...]
    reason: str
    suggestion: str
    certain: bool
    ended: bool
    cut: bool
    stop: int

    def statements(self) -> list[str]:
        """Return a list of the last error lines; lines that continue a message are joined to it.

        If the log has its end, it is the last message alone, which is the reason of the failure.
        """
        found: list[str] = []
        for line in (each[:LONGEST_LINE] for each in self.telling[-LONGEST_TELLING:]):
            if found and GOES_ON.search(found[-1]):
                found[-1] += f" {line}"
            elif found and REMARK.match(line):
                found[-1] += f"\n{line}"
            else:
                found.append(line)
        return found[-1:] if self.ended else found


def read(text: str) -> Log:
    """Parse ``text``, a log of any loader, and return the Log. Takes time linear in its length.
    Never raises.

    Unknown lines become error lines (``telling``).
    """
    wrapped, text = text, unwrap(text)
    diagnosis = DIAGNOSIS.search(text)
    sections = {}
    if diagnosis:
        sections = {
            each[1]: " ".join(each[2].split()) for each in SECTION.finditer(text, diagnosis.end())
        }
        text = text[: diagnosis.start()]
    ended = STATISTICS.search(text) is not None
    walk = LogWalk()
    for line in filter(None, map(str.strip, text.splitlines())):
        for part in split_joined(line) if line[0].isdigit() else (line,):
            walk.line(part)
    return Log(
        tuple(walk.steps),
        tuple(walk.telling),
        sections.get("Reason", ""),
        sections.get("Suggestion", ""),
        certain=bool(walk.steps) or ended,
        ended=ended,
        cut=not ended and failure(wrapped) == errno.ENOSPC,
        stop=max(walk.at, -1),
    )


def split_joined(line: str) -> tuple[str, ...]:
    """Return ``line``, a str, as a tuple of the two lines that the kernel joined when it rewound
    the log; else of the one.

    Returns a tuple of str.
    """
    start = line[:LONGEST_LINE]
    joined = JOINED.match(start) or JOINED_STATE.match(start)
    return (joined[1], line[joined.end() :]) if joined else (line,)


class LogWalk:
    """Parser of the log, line by line.

    Attributes:
        steps: a list of LoggedStep, the tree of paths that the verifier walked.
        telling: a list of the error lines since the last instruction.
        at: the index of the step that it is at; START or UNKNOWN if there is none.
    """

    def __init__(self) -> None:
        self.steps: list[LoggedStep] = []
        self.telling: list[str] = []  # since the last instruction
        self._forks: dict[int, list[int]] = {}  # by slot, steps that may have a second way
        self._jumps: list[int] = []  # the conditional jumps among them, in the order of the walk
        self.at = UNKNOWN  # index of the step that it is at
        self._depth = 0
        self._before = ""  # the state that the next instruction begins with
        self._all_registers = False
        self._headed = False  # the line before said whose state comes
        self._backwards = False  # it looked back
        self._listed = False  # what comes is a listing
        self._source: SourceLine | None = None

    def line(self, line: str) -> None:
        """Parse ``line``, one line of the log without surrounding blanks."""
        headed, self._headed = self._headed, False
        backwards, self._backwards = self._backwards, False
        found = INSTRUCTION.match(line)
        if found and self._listed:
            return
        if found:
            self._instruction(int(found[1]), found[2].rstrip(), found[3] or "")
        elif line.startswith(";"):
            self._source_line(line)
        elif line.startswith("from ") and (branch := BRANCH.match(line)):
            self._branch(int(branch[1]))
            self._state(line[branch.end() :].strip())
        elif STATE.match(line):
            if headed or not (backwards or self._stopped_with(line)):
                self._state(line)
        elif line.startswith(("Validating ", "func#")):  # a function by itself
            self.at, self._depth = START, 0
        elif not TRACE.match(line):
            self.telling.append(line)
        elif HEADING.match(line):
            self._headed = True
        elif LISTING.match(line):
            self._listed = True
        elif BACKWARDS.match(line):
            self._backwards = True
        elif before := STATE_BEFORE.match(line):
            self._state(before[1], all_registers=not backwards)

    def _branch(self, slot: int) -> None:
        """Continue at the branch at ``slot`` with its other path, or after an exit's return."""
        last = self.steps[self.at] if self.at >= 0 else None
        if not (last and last.slot == slot and last.exits):
            forks = self._forks.get(slot)
            self.at = forks.pop() if forks else UNKNOWN
        self._depth = self.steps[self.at].depth if self.at >= 0 else 0

    def _return(self, slot: int) -> None:
        """Continue at the last jump that may lead to ``slot``.

        Before Linux 5.18, only the exit shows in a log of level 2 that a path ended.
        """
        self.at = UNKNOWN
        while self._jumps and self.at == UNKNOWN:
            index = self._jumps.pop()
            jump = self.steps[index]
            goes = GOTO.search(jump.text)
            if slot == jump.slot + 1 or (goes and slot == jump.slot + 1 + int(goes[1])):
                self.at = index

    def _stopped_with(self, line: str) -> bool:
        """Whether a state line without a slot is that of the last instruction; if so, record it.

        Before Linux 5.17 the state follows an instruction that accesses memory or calls a helper.
        """
        last = self.steps[self.at] if self.at >= 0 else None
        if last is None or not (last.accesses_memory or last.calls_another):
            return False
        frame = FRAME.match(line)
        if last.depth != (int(frame[1]) if frame else 0):
            return False
        self.steps[self.at] = last._replace(before=line, all_registers=True)
        return True

    def _state(self, text: str, all_registers: bool = True) -> None:
        if not STATE.match(text):
            return
        self._listed = False
        frame = FRAME.match(text)
        self._depth = int(frame[1]) if frame else 0
        # Since Linux 5.17 one in the middle of a path has no more than what changed: it is there
        # where the verifier looked back since the instruction.
        self._before, self._all_registers = text, all_registers and "R10=" in text

    def _source_line(self, line: str) -> None:
        code, at, place = line[1:].rpartition(" @ ")
        found = PLACE.fullmatch(place)
        if at and found:
            self._source = SourceLine(found[1], int(found[2]), code.strip())
        elif text := line[1:].strip():
            self._source = SourceLine("", 0, text)

    def _instruction(self, slot: int, text: str, after: str) -> None:
        self.telling.clear()
        last = self.steps[self.at] if self.at >= 0 else None
        if last and last.exits and not last.depth:
            self._return(slot)
            last = self.steps[self.at] if self.at >= 0 else None
        depth = self._depth
        if last and not self._before:
            depth = last.depth + follows(last)
        if frame := FRAME.match(after):
            depth = int(frame[1]) if not text.startswith(EXIT) else depth
        if last and last.text[5:8] == "if " and slot != last.slot + 1 and not self._before:
            # It could only go one way.
            forks = self._forks.get(last.slot)
            if forks and forks[-1] == self.at:
                forks.pop()
        parent = START if slot == 0 and last is None else self.at
        self.steps.append(
            LoggedStep(
                slot, text, self._before, after, self._all_registers, parent, depth, self._source
            )
        )
        self.at = len(self.steps) - 1
        self._depth, self._before, self._all_registers = depth, "", False
        if text[5:8] == "if ":
            self._jumps.append(self.at)
        if text[5:8] == "if " or text.startswith(("(85)", "(e5)")):
            self._forks.setdefault(slot, []).append(self.at)


def follows(step: LoggedStep) -> int:
    """Return the change of the call depth after ``step``, a LoggedStep: 1 for a local call, -1 for
    an exit.

    It is 0 for any other.
    """
    if step.calls_own:
        return 1
    return -1 if step.exits and step.depth else 0
