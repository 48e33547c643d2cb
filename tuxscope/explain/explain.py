"""Explain a verifier log: ``explain(log, program)``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tuxscope.asm.program import Program
from tuxscope.explain.cause import Case, Cause, ErrorContext
from tuxscope.explain.causes import CAUSES
from tuxscope.explain.causes.flow import FLOW
from tuxscope.explain.explanation import Explanation, RegisterNote
from tuxscope.explain.log import Log, read
from tuxscope.explain.path import Path
from tuxscope.source import SourceLine

# "unreachable insn 5", "jump out of range from insn 3 to 9": before any instruction is walked
NAMED_SLOT = re.compile(r"\binsn #?(\d{1,9})\b")
NAMED_REGISTER = re.compile(r"\bR(\d{1,2})\b")
# A line of Python that calls the assembler, where the log does not say what file it is of.
PYTHON_CALL = re.compile(r"\w+\.\w+\([^;]*\)(?:\s*#.*)?")
OF_AN_ARGUMENT = re.compile(
    r"R\d{1,2} type=\w* expected=(?:fp|\w*ptr_\b)|R\d{1,2} is not a (?:scalar|pointer)|arg#\d"
)
REGISTERS = 11
NOWHERE = Path(read(""))


class Found(NamedTuple):
    """A NamedTuple: the row of the table that matches a log.

    Attributes:
        cause: the row, a Cause.
        case: the Case of the row that matches.
        context: an ErrorContext: the match in the error line, and the path to it.
    """

    cause: Cause
    case: Case
    context: ErrorContext


def explain(log: str, program: Program | None = None) -> Explanation:
    """Explain why the verifier refused a program, from its ``log``, a str, as any loader prints it;
    return the Explanation.

    Source lines come from ``program`` if it is not None, else from the log. The time is linear in
    the log's length. Never raises.
    """
    parts = read(log)
    path = Path(parts)
    statements = [] if parts.cut else parts.statements()
    found = find(statements, path, re.search if parts.certain else re.match)
    line = found.context.found.string if found else statements[-1] if statements else ""
    slot = slot_of(line, NOWHERE if found and found.case.whole_program else path)
    if found and found.case.where:
        slot = found.case.where(found.context, program)
    lines = Lines(parts, program)
    source = lines.at(slot)
    objection = line.replace("\n", "; ")
    sentence, hint = objection, ""
    if found:
        words = found.context.words()
        python = program is not None or (source is not None and is_python(source))
        sentence = found.case.sentence.format_map(words)
        hint = (found.case.python if python else found.case.c).format_map(words)
    return Explanation(
        cause=found.cause.key if found else None,
        sentence=sentence,
        hint=hint,
        slot=slot,
        source=source,
        registers=tuple(notes(line, path if stopped_at(slot, found, path) else NOWHERE, lines)),
        telling=() if parts.cut else parts.telling,
        reason=parts.reason,
        suggestion=parts.suggestion,
        objection=objection,
    )


def find(
    statements: Sequence[str],
    path: Path,
    look: Callable[[str, str], re.Match[str] | None] = re.search,
) -> Found | None:
    """Return the Found, the row that matches the last of ``statements``, a sequence of str, with a
    match; None if none has one.

    ``path`` is the Path that the verifier walked. ``look``, called with a pattern and a text,
    returns a match or None: it is re.search, or re.match if it is not certain that this is a
    verifier log: other programs report a "div by zero", too.
    """
    for statement in reversed(statements):
        for cause in CAUSES:
            if is_remark(cause, statement, path):
                continue
            for case in cause.cases:
                match = look(case.pattern, statement)
                if match and case.when(ErrorContext(match, path)):
                    return Found(cause, case, ErrorContext(match, path))
    return None


def is_remark(cause: Cause, statement: str, path: Path) -> bool:
    """Return whether ``statement``, a str, is a remark at a call, not the reason why the verifier
    stopped.

    ``cause`` is the Cause that matches it, ``path`` is the Path that leads to the call. At a call
    of the program's own function the verifier compares the arguments with the function's BTF, and
    says where they differ (btf_check_subprog_call() in kernel/bpf/verifier.c). Yet it then checks a
    static function with what it is passed. The same goes for the entry function, before its first
    instruction.
    """
    if path.stop is None:
        return OF_AN_ARGUMENT.match(statement) is not None
    return path.stop.calls_own and cause not in FLOW


def stopped_at(slot: int | None, found: Found | None, path: Path) -> bool:
    """Return whether the error is about the last instruction of ``path``, a Path, at ``slot``, an
    int or None.

    It is not if ``found``, a Found or None, is about a loop or the whole program.
    """
    if found and found.case.whole_program:
        return False
    return path.stop is not None and path.stop.slot == slot


def slot_of(line: str, path: Path) -> int | None:
    """Return the slot, an int, that ``line``, a str, names, else the one at which ``path``, a Path,
    stops, or None."""
    named = NAMED_SLOT.search(line)
    if named:
        return int(named[1])
    return path.stop.slot if path.stop else None


class Lines:
    """The source lines of slots: those of ``program``, a Program, if it is not None, else those of
    ``log``, a Log."""

    def __init__(self, log: Log, program: Program | None) -> None:
        self._program = program
        self._shown = {step.slot: step.source for step in log.steps if step.source}

    def at(self, slot: int | None) -> SourceLine | None:
        """Return the SourceLine of ``slot``, an int or None: the program's, else the log's; None if
        unknown.

        ``slot`` may be None.
        """
        if slot is None:
            return None
        if self._program:
            by_slot = self._program.by_slot
            instruction = by_slot.get(slot) or by_slot.get(slot - 1)
            if instruction and instruction.source:
                return instruction.source
        return self._shown.get(slot)


def is_python(source: SourceLine) -> bool:
    """Return whether ``source``, a SourceLine, is Python of the assembler, instead of C."""
    if source.file:
        return source.file.endswith(".py")
    return PYTHON_CALL.fullmatch(source.text) is not None


def notes(line: str, path: Path, lines: Lines) -> Iterable[RegisterNote]:
    """Return an iterable of RegisterNote on the registers of the error ``line``, a str, and of the
    last instruction of ``path``, a Path.

    ``lines``, a Lines, has the source lines of the instructions that wrote them.
    """
    numbers = [int(each) for each in NAMED_REGISTER.findall(line)] + path.named()
    for number in dict.fromkeys(each for each in numbers if each < REGISTERS):
        writer = path.writer(number)
        slot = writer.step.slot if writer else None
        yield RegisterNote(f"r{number}", path.state(number), slot, lines.at(slot))
