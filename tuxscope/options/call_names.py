"""``--name``: which calls are meant by names, classes and numbers."""

from __future__ import annotations

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import groups, names, numbers
from tuxscope.calls.filters import Numbers
from tuxscope.errors import UsageError
from tuxscope.lean_dataclasses import dataclass
from tuxscope.options.parsers import given
from tuxscope.suggest import did_you_mean


@dataclass(frozen=True)
class NameList:
    """A frozen dataclass: calls that the user named.

    Attributes:
        numbers: a Numbers, a frozenset of pairs of bool, whether of the 32-bit ABI, and int, the
            number.
        all_but: a bool, whether all calls but these are meant.
    """

    numbers: Numbers
    all_but: bool


def name_list(flag: str, text: str, architecture: Architecture) -> NameList:
    """Return the NameList of ``text``, a str as in ``openat,%network``, for ``architecture``, an
    Architecture; with ! in front: all but these. Raises UsageError, which names the option
    ``flag``."""
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
    """Return the calls that ``name``, a str, stands for on ``architecture``, an Architecture: a
    frozenset of pairs of bool, whether of the 32-bit ABI, and int, the number; None if there are
    none.

    ``name`` is a name, a class or a number such as ``syscall_9999``, in all ABIs or in that of its
    suffix.
    """
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
    """Return all calls with the names ``wanted``, a set or frozenset of str, on ``architecture``,
    an Architecture, of the ABI with ``suffix``, a str, or of all if it is empty: a frozenset of
    pairs of bool, whether of the 32-bit ABI, and int, the number."""
    return frozenset(
        (abi is architecture.compat, numbers(abi)[name])
        for abi, own in architecture.suffixes.items()
        if suffix in ("", own)
        for name in wanted & numbers(abi).keys()
    )


def near_name(name: str, architecture: Architecture) -> str:
    """Return a hint, a str, a question: what the unknown ``name``, a str, may mean on
    ``architecture``, an Architecture; empty if nothing is near."""
    if name.startswith("%"):
        return did_you_mean(name[1:], groups(), "%") or (
            f"; there are {', '.join(f'%{each}' for each in groups())}"
        )
    known = {each for abi in architecture.abis for each in names(abi).values()}
    return did_you_mean(name, known)
