"""Options of the tools that trace system calls: whose calls, and which."""

from __future__ import annotations

from tuxscope.abi.architecture import this_architecture
from tuxscope.calls.filters import COMM as COMM_TYPE
from tuxscope.errors import UsageError
from tuxscope.lean_typing import Any
from tuxscope.options import option, switch
from tuxscope.options.call_names import NameList, name_list
from tuxscope.options.parsers import given, seconds
from tuxscope.suggest import did_you_mean

LARGEST_ID = (1 << 32) - 2
MOST_ERRORS = 64


def thread_name(flag: str, text: str) -> bytes:
    """Return the comm in ``text``, the value of option ``flag``, as bytes: as the kernel does, keep
    the first 15. Raises UsageError."""
    if text in ("True", ""):
        raise UsageError(f"{flag} takes the name of a process, as in {flag} sshd, not nothing")
    return text.encode("utf-8", "surrogateescape")[: COMM_TYPE.size - 1]


def user_id(flag: str, text: str) -> int:
    """Return the user ID, an int, of ``text``, the value of option ``flag``: a number or a user's
    name. Raises UsageError."""
    if text.isascii() and text.isdigit() and len(text) < 11 and int(text) <= LARGEST_ID:
        return int(text)
    import pwd

    try:
        return pwd.getpwnam(text).pw_uid
    except KeyError:
        raise UsageError(
            f"{flag} takes a user id or name, as in {flag} 1000, not {given(text)}"
        ) from None


def cgroup_path(flag: str, text: str) -> str:
    """Return the cgroup path in ``text``, the value of option ``flag``. Raises UsageError."""
    if text in ("True", ""):
        raise UsageError(f"{flag} takes a cgroup, as in {flag} /system.slice, not nothing")
    return text


def error_names(flag: str, text: str) -> frozenset[int]:
    """Return the numbers, a frozenset of int, of the errors in ``text``, names separated by commas,
    the value of option ``flag``. Raises UsageError."""
    from errno import errorcode

    numbers = {name: number for number, name in errorcode.items()}
    names = text.split(",", MOST_ERRORS)
    if len(names) > MOST_ERRORS:
        raise UsageError(f"{flag} takes names of errors, {MOST_ERRORS} at most")
    for name in names:
        if name not in numbers:
            near = did_you_mean(name.upper(), numbers)
            raise UsageError(
                f"{flag} takes names of errors, as in {flag} ENOENT,EACCES, not {given(name)}{near}"
            )
    return frozenset(numbers[name] for name in names)


def call_names(flag: str, text: str) -> NameList:
    """Return the NameList of ``text``, a list of system calls and classes of them, the value of
    option ``flag``. Raises UsageError."""
    return name_list(flag, text, this_architecture())


# Declared once for the tools that have them: a tool takes one by assigning it in its class.
NAME: Any = option(
    "LIST",
    call_names,
    "only these calls: openat,close; '!futex' for all others; classes are %file, %network, "
    "%process, %memory, %desc, %signal, %ipc, as with strace",
    default=None,
)
COMM: Any = option("NAME", thread_name, "only processes with this name", default=None)
UID: Any = option("USER", user_id, "only this user's processes: id or name", default=None)
CGROUP: Any = option(
    "PATH", cgroup_path, "only processes in this cgroup, or below it", default=None
)
FOLLOW: Any = switch("also calls of the children of these processes", default=False)
FAILED: Any = switch("only calls that failed", default=False)
ERROR: Any = option(
    "NAMES", error_names, "only calls with these errors: ENOENT,EACCES", default=frozenset()
)
MIN: Any = option("TIME", seconds(0.01), "only calls that took at least TIME: 10ms", default=0.0)
