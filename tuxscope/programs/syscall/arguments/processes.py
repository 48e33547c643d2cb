"""Processes: how they start, run a program, and end."""

from __future__ import annotations

import os
from collections.abc import Callable

from tuxscope.calls.reads import Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.flags import Choice, Flags
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.quote import quoted
from tuxscope.programs.syscall.arguments.signal_names import signal_name
from tuxscope.programs.syscall.arguments.signals import information
from tuxscope.programs.syscall.arguments.structs import (
    Pointed,
    address_text,
    number_at,
    number_of,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call, Part

MOST_STRINGS = 32  # that strace shows
WAIT_OPTIONS = {
    os.WNOHANG: "WNOHANG", os.WSTOPPED: "WSTOPPED", os.WEXITED: "WEXITED",
    os.WCONTINUED: "WCONTINUED", os.WNOWAIT: "WNOWAIT",
    0x80000000: "__WCLONE", 0x40000000: "__WALL", 0x20000000: "__WNOTHREAD",
}  # fmt: skip
WAIT_TYPES = {
    os.P_ALL: "P_ALL", os.P_PID: "P_PID", os.P_PGID: "P_PGID", os.P_PIDFD: "P_PIDFD",
}  # fmt: skip
EXECUTE_FLAGS = {0x100: "AT_SYMLINK_NOFOLLOW", 0x1000: "AT_EMPTY_PATH", 0x10000: "AT_EXECVE_CHECK"}
PIDFD_FLAGS = {0o4000: "PIDFD_NONBLOCK", 0o200: "PIDFD_THREAD"}


class Strings(Kind):
    """A Kind: a vector of strings, as execve(2) takes it: ``["sh", "-c", "ls"]``."""

    def reads(self, index: int) -> tuple[Read, ...]:
        return (
            Read(ReadKind.STRINGS, index, when=When.ENTRY, buffer=True),
            Read(ReadKind.COUNT, index, when=When.ENTRY),
        )

    def text(self, call: Call, index: int) -> str:
        count = number_of(call.data(index, 1), 8)
        parts = call.read(index)
        unreadable = all(each.status is each.status.FAULT for each in parts)
        if call.address(index) == "NULL" or (count is None and unreadable):
            return call.address(index)
        shown = [string_text(each, call.string_size) for each in parts[:MOST_STRINGS]]
        cut = len(shown) < (len(parts) if count is None else count)
        return "[" + ", ".join(shown + ["..."] * cut) + "]"

    def json(self, call: Call, index: int) -> Any:
        text = self.text(call, index)
        if not text.startswith("["):
            return text
        return [each.data.decode("utf-8", "replace") for each in call.read(index)]


def string_text(part: Part, string_size: int) -> str:
    """Return one string of a vector, ``part``, a Part, in quotes, up to ``string_size`` bytes, an
    int; ``???`` for one that was not readable."""
    if part.status is part.status.FAULT:
        return "???"
    data = part.data[:string_size]
    return quoted(data, part.status is part.status.CUT or len(data) < len(part.data))


class Environment(Kind):
    """A Kind: the environment: ``0x7ffc8a10 /* 39 vars */``."""

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.COUNT, index, when=When.ENTRY),)

    def text(self, call: Call, index: int) -> str:
        count = number_of(call.data(index), 8)
        address = call.address(index)
        if count is None or address == "NULL":
            return address
        return f"{address} /* {count} var{'s' * (count != 1)} */"


def status_text(status: int) -> str:
    """Return ``status``, an int that wait(2) wrote, as text:
    ``{WIFEXITED(s) && WEXITSTATUS(s) == 0}``."""
    low, rest = status & 0xFFFF, status >> 16
    if low & 0xFF == 0x7F:
        stopped = low >> 8
        name = signal_name(stopped & 0x7F) + (" | 0x80" if stopped & 0x80 else "")
        text = f"{{WIFSTOPPED(s) && WSTOPSIG(s) == {name}}}"
    elif low == 0xFFFF:
        text = "{WIFCONTINUED(s)}"
    elif low & 0x7F:
        core = " && WCOREDUMP(s)" if low & 0x80 else ""
        text = f"{{WIFSIGNALED(s) && WTERMSIG(s) == {signal_name(low & 0x7F)}{core}}}"
    else:
        text = f"{{WIFEXITED(s) && WEXITSTATUS(s) == {low >> 8}}}"
    return f"{text} | {rest << 16:#x}" if rest else text


def status_read(data: bytes, call: Call) -> str | None:
    """Return the status in ``data``, bytes, as text in brackets; None if ``call``, a Call, waited
    for no child, as it is not written then."""
    status = number_of(data)
    return f"[{status_text(status)}]" if status is not None and call.result > 0 else None


class WaitId(Kind):
    """A Kind: whom waitid(2) waits for: a number, or the descriptor of a process."""

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.FILE, index),)

    def text(self, call: Call, index: int) -> str:
        path = call.path_of(index) if call.unsigned(0) == os.P_PIDFD else None
        number = call.signed(index)
        return f"{number}<{path.decode('utf-8', 'replace')}>" if path else str(number)

    def json(self, call: Call, index: int) -> Any:
        return call.signed(index)


KINDS: dict[str, Callable[..., Kind]] = {
    "strings_before": Strings,
    "environment": Environment,
    "exec_flags": lambda: Flags(EXECUTE_FLAGS, "AT_???"),
    "wait_status": lambda: Pointed(4, status_read, When.SUCCESS),
    "wait_options": lambda: Flags(WAIT_OPTIONS, "W???"),
    "wait_type": lambda: Choice(WAIT_TYPES, "P_???"),
    "wait_id": WaitId,
    "wait_info": lambda: information(When.SUCCESS),
    "pidfd_flags": lambda: Flags(PIDFD_FLAGS, "PIDFD_???"),
    "int_out": lambda: number_at("i"),
    "uint_out": lambda: number_at("I"),
    "address_out": lambda: number_at("L", address_text),
    "size_out": lambda: number_at("L"),
}
