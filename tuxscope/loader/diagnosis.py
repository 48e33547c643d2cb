"""Why a load failed: it is tried again with a log, until one has the reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tuxscope.asm.program import Program
from tuxscope.errors import TuxscopeError
from tuxscope.explain.explain import explain
from tuxscope.loader.fd import Fd
from tuxscope.loader.refusal import refusal
from tuxscope.loader.verification import LoadRefused, LogLevel, load_with_log, load_without_log
from tuxscope.loader.verifier import VerifierError

# How lines of a log begin.
WALK, REGISTERS, LAST_LINE = r"(?m)^0: \(", r"(?m)^0: R1=", r"(?m)^processed \d+ insns"


@dataclass(frozen=True)
class Rung:
    """One more load of a refused program, with a log.

    Attributes:
        level: of the log.
        reason: why the program is loaded again.
        is_needed: whether it is, by what is known so far.
        grow: whether the log's buffer grows until all of it is there.
    """

    level: LogLevel
    reason: str
    is_needed: Callable[[LoadRefused], bool]
    grow: bool = True


def shows_path(level: LogLevel) -> bool:
    """Whether a log of this level has the path to the instruction that was refused."""
    return bool(level & (LogLevel.LEVEL1 | LogLevel.LEVEL2))


def has_whole_path(refused: LoadRefused) -> bool:
    """Whether nothing is missing in the log."""
    return shows_path(refused.level) and not refused.truncated


LADDER = (
    Rung(
        LogLevel.LEVEL1,
        "without a log there is no reason, and statistics alone lack the path to it",
        lambda refused: not has_whole_path(refused),
        grow=False,
    ),
    Rung(
        LogLevel.LEVEL2,
        "before Linux 5.17 only level 2 shows the registers",
        lambda refused: (
            not refused.truncated
            and re.search(WALK, refused.log) is not None
            and re.search(REGISTERS, refused.log) is None
        ),
    ),
    Rung(
        LogLevel.STATS,
        "of a full log Linux 6.4 and later keep the end, where the reason stands, older kernels "
        "the beginning: statistics alone are the last words, without the path",
        lambda refused: refused.truncated and re.search(LAST_LINE, refused.log) is None,
    ),
)


def diagnose(program: Program, plain: dict[str, Any], first: LoadRefused) -> tuple[Fd, str]:
    """Say why a load was refused. ``plain`` are its attributes without a log.

    Raises VerifierError, LoadError or PrivilegeError. Returns the program and its log where a
    later load is accepted: then it was the log that did not fit.
    """
    if first.truncated:
        with suppress(LoadRefused):
            return load_without_log(plain), first.log
    refused, beginning = first, ""
    for rung in LADDER:
        if not rung.is_needed(refused):
            continue
        try:
            return load_with_log(plain, rung.level, grow=rung.grow)
        except LoadRefused as again:
            if not shows_path(rung.level):
                beginning = refused.log
            if not again.truncated or not has_whole_path(refused):
                refused = again
    raise error_of(program, plain, refused, beginning) from refused.error


def error_of(
    program: Program, plain: dict[str, Any], refused: LoadRefused, beginning: str
) -> TuxscopeError:
    """The error that a refused load is to the user; ``beginning`` comes before its log."""
    explanation = explain(refused.log, program)
    if explanation.telling:
        return VerifierError(program, beginning + refused.log, explanation)

    def attempt(**changed: Any) -> int:
        """The errno that a load with changed attributes ends with; 0 where it is accepted."""
        try:
            load_without_log(plain | changed).close()
        except LoadRefused as again:
            return again.error.errno or 0
        return 0

    return refusal(program, refused.error, refused.log, refused.truncated, attempt)
