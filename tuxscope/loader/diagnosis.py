"""Finds the reason of a failed load, by more loads with other log levels."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tuxscope.asm.program import Program
from tuxscope.errors import TuxscopeError
from tuxscope.explain.explain import explain
from tuxscope.loader.failed_load import refusal
from tuxscope.loader.fd import Fd
from tuxscope.loader.verification import LoadRefused, LogLevel, load_with_log, load_without_log
from tuxscope.loader.verifier import VerifierError

# Patterns of lines in a verifier log.
WALK, REGISTERS, LAST_LINE = r"(?m)^0: \(", r"(?m)^0: R1=", r"(?m)^processed \d+ insns"


@dataclass(frozen=True)
class RepeatedLoad:
    """A frozen dataclass: a repeated load of a refused program, with a log.

    Attributes:
        level: the LogLevel of this load.
        reason: why the load is repeated, a str.
        is_needed: a callable that takes the last failure, a LoadRefused, and returns whether to
            repeat the load.
        grow: a bool, whether to enlarge the log buffer until the log fits.
    """

    level: LogLevel
    reason: str
    is_needed: Callable[[LoadRefused], bool]
    grow: bool = True


def shows_path(level: LogLevel) -> bool:
    """Return whether a log of this ``level``, a LogLevel, has the path to the rejected
    instruction."""
    return bool(level & (LogLevel.LEVEL1 | LogLevel.LEVEL2))


def has_whole_path(refused: LoadRefused) -> bool:
    """Return whether the log of ``refused``, a LoadRefused, has the path, and is not truncated."""
    return shows_path(refused.level) and not refused.truncated


REPEATED_LOADS = (
    RepeatedLoad(
        LogLevel.LEVEL1,
        "level 0 has no reason, and statistics alone lack the path",
        lambda refused: not has_whole_path(refused),
        grow=False,
    ),
    RepeatedLoad(
        LogLevel.LEVEL2,
        "before Linux 5.17 only level 2 shows the registers",
        lambda refused: (
            not refused.truncated
            and re.search(WALK, refused.log) is not None
            and re.search(REGISTERS, refused.log) is None
        ),
    ),
    RepeatedLoad(
        LogLevel.STATS,
        "a truncated log has its end, with the reason, since Linux 6.4; older kernels keep the "
        "start. A log of statistics alone is short and ends with the reason",
        lambda refused: refused.truncated and re.search(LAST_LINE, refused.log) is None,
    ),
)


def diagnose(program: Program, plain: dict[str, Any], first: LoadRefused) -> tuple[Fd, str]:
    """Raise the error that explains ``first``, the LoadRefused of ``program`` with the attributes
    ``plain``, a dict by name.

    Raises VerifierError, LoadError or PrivilegeError. Returns a pair, the program's Fd and its log,
    if a later load is accepted: then the first one failed because its log was truncated.
    """
    if first.truncated:
        with suppress(LoadRefused):
            return load_without_log(plain), first.log
    refused, beginning = first, ""
    for repeated in REPEATED_LOADS:
        if not repeated.is_needed(refused):
            continue
        try:
            return load_with_log(plain, repeated.level, grow=repeated.grow)
        except LoadRefused as again:
            if not shows_path(repeated.level):
                beginning = refused.log
            if not again.truncated or not has_whole_path(refused):
                refused = again
    raise error_of(program, plain, refused, beginning) from refused.error


def error_of(
    program: Program, plain: dict[str, Any], refused: LoadRefused, beginning: str
) -> TuxscopeError:
    """Return the TuxscopeError for the user: ``program`` with the attributes ``plain``, a dict by
    name, failed to load, as ``refused``, a LoadRefused, says.

    ``beginning`` is a log, a str, to put in front of the log of ``refused``.
    """
    explanation = explain(refused.log, program)
    if explanation.telling:
        return VerifierError(program, beginning + refused.log, explanation)

    def errno_of_load(**changed: Any) -> int:
        """The errno of a load with changed attributes; 0 if it is accepted."""
        try:
            load_without_log(plain | changed).close()
        except LoadRefused as again:
            return again.error.errno or 0
        return 0

    return refusal(program, refused.error, refused.log, refused.truncated, errno_of_load)
