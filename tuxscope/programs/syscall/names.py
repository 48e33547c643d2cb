"""``--name``: which calls are meant by names, classes and numbers."""

from __future__ import annotations

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import groups, names, numbers
from tuxscope.errors import UsageError
from tuxscope.lean_dataclasses import dataclass
from tuxscope.options.parsers import given
from tuxscope.programs.syscall.filters import Numbers
from tuxscope.suggest import did_you_mean


@dataclass(frozen=True)
class NameList:
    """Calls, by number, or all but these."""

    numbers: Numbers
    all_but: bool


def name_list(flag: str, text: str, architecture: Architecture) -> NameList:
    """Read ``openat,%network``; with ! in front: all but these. Raises UsageError."""
    example = f"{flag} takes names of system calls, as in {flag} openat,%network or {flag} '!futex'"
    if text == "True":
        raise UsageError(f"{example}, not nothing")
    wanted = text.removeprefix("!")
    found: set[tuple[bool, int]] = set()
    for each in wanted.split(","):
        meant = meaning(each, architecture)
        if meant is None:
            near = near_name(each, architecture)
            raise UsageError(f"{flag}: there is no system call {given(each)}{near}")
        found |= meant
    return NameList(frozenset(found), text.startswith("!"))


def meaning(name: str, architecture: Architecture) -> Numbers | None:
    """The calls that a name, a class or a number such as ``syscall_9999`` stands for, in all ABIs
    or in that of its suffix; None where there is none."""
    if name.startswith("%"):
        members = groups().get(name[1:])
        return members if members is None else calls_of(members, architecture, "")
    bare, at, suffix = name.partition("@")
    if at and at + suffix not in architecture.suffixes.values():
        return None
    if found := calls_of({bare}, architecture, at + suffix):
        return found
    digits = bare.removeprefix("syscall_")
    if bare != digits and digits.isascii() and digits.isdigit() and int(digits) < 1 << 32:
        compat = at + suffix == architecture.suffixes[architecture.compat]
        return frozenset({(compat, int(digits))})
    return None


def calls_of(wanted: set[str] | frozenset[str], architecture: Architecture, suffix: str) -> Numbers:
    """All numbers of some names; ``suffix``: of one ABI, or of all if it is empty."""
    return frozenset(
        (abi is architecture.compat, numbers(abi)[name])
        for abi, own in architecture.suffixes.items()
        if suffix in ("", own)
        for name in wanted & numbers(abi).keys()
    )


def near_name(name: str, architecture: Architecture) -> str:
    """What may be meant, as a question."""
    if name.startswith("%"):
        return did_you_mean(name[1:], groups(), "%") or (
            f"; there are {', '.join(f'%{each}' for each in groups())}"
        )
    known = {each for abi in architecture.abis for each in names(abi).values()}
    return did_you_mean(name, known)
