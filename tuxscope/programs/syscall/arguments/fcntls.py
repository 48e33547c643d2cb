"""Kinds of the arguments and results of fcntl(2), by its command."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Callable

from tuxscope.calls.reads import RESULT, Read, ReadKind
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.constants import named
from tuxscope.programs.syscall.arguments.files import open_text
from tuxscope.programs.syscall.arguments.flags import Choice, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.results import DescriptorResult
from tuxscope.programs.syscall.arguments.signal_names import signal_name
from tuxscope.programs.syscall.arguments.structs import choice_text, hexadecimal_text

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h. F_GETLK64 and its like are of the
# 32-bit ABIs: Python has them as F_GETLK where libc does.
COMMANDS = {
    0: "F_DUPFD", 1: "F_GETFD", 2: "F_SETFD", 3: "F_GETFL", 4: "F_SETFL", 5: "F_GETLK",
    6: "F_SETLK", 7: "F_SETLKW", 8: "F_SETOWN", 9: "F_GETOWN", 10: "F_SETSIG", 11: "F_GETSIG",
    12: "F_GETLK64", 13: "F_SETLK64", 14: "F_SETLKW64", 15: "F_SETOWN_EX", 16: "F_GETOWN_EX",
    17: "F_GETOWNER_UIDS", 36: "F_OFD_GETLK", 37: "F_OFD_SETLK", 38: "F_OFD_SETLKW",
    1024: "F_SETLEASE", 1025: "F_GETLEASE", 1026: "F_NOTIFY", 1029: "F_CANCELLK",
    1030: "F_DUPFD_CLOEXEC", 1031: "F_SETPIPE_SZ", 1032: "F_GETPIPE_SZ", 1033: "F_ADD_SEALS",
    1034: "F_GET_SEALS",
}  # fmt: skip
WITHOUT_ARGUMENT = (
    "F_GETFD", "F_GETFL", "F_GETOWN", "F_GETSIG", "F_GETLEASE", "F_GETPIPE_SZ", "F_GET_SEALS",
)  # fmt: skip
DESCRIPTOR_FLAGS = {fcntl.FD_CLOEXEC: "FD_CLOEXEC"}
LOCK_TYPES = named(fcntl, "F_RDLCK F_WRLCK F_UNLCK F_EXLCK F_SHLCK")
WHENCE = named(os, "SEEK_SET SEEK_CUR SEEK_END SEEK_DATA SEEK_HOLE")
NOTIFICATIONS = named(
    fcntl, "DN_ACCESS DN_MODIFY DN_CREATE DN_DELETE DN_RENAME DN_ATTRIB DN_MULTISHOT"
)
SEALS = {
    0x01: "F_SEAL_SEAL", 0x02: "F_SEAL_SHRINK", 0x04: "F_SEAL_GROW", 0x08: "F_SEAL_WRITE",
    0x10: "F_SEAL_FUTURE_WRITE",
}  # fmt: skip
OWNERS = {0: "F_OWNER_TID", 1: "F_OWNER_PID", 2: "F_OWNER_PGRP"}
# struct flock by the size of its off_t and whether it is packed, as it is for IA-32
LOCK64 = struct.Struct("=hh4xqqi")
LOCK64_PACKED = struct.Struct("=hhqqi")
LOCK32 = struct.Struct("=hhiii")
OWNER = struct.Struct("=ii")


def command_of(call: Call, command: int) -> str:
    """Return the name of the command of ``call``, a Call, that is in the argument with index
    ``command``, an int; an empty string of one that has none."""
    return COMMANDS.get(call.unsigned(command), "")


def lock_text(data: bytes, call: Call, wide: bool, owner: bool) -> str | None:
    """Return the struct flock of ``call``, a Call, in ``data``, bytes, as text; None if ``data`` is
    too short.

    ``wide``, a bool, is whether its numbers have 64 bits, ``owner``, a bool, whether the process is
    shown.
    """
    form = LOCK32
    if wide:
        form = LOCK64_PACKED if call.abi.value == "ia32" else LOCK64
    if len(data) < form.size:
        return None
    kind, whence, start, length, process = form.unpack_from(data)
    text = (
        f"l_type={choice_text(kind & 0xFFFF, LOCK_TYPES, 'F_???')}, "
        f"l_whence={choice_text(whence & 0xFFFF, WHENCE, 'SEEK_???')}, "
        f"l_start={start}, l_len={length}"
    )
    return f"{{{text}, l_pid={process}}}" if owner else f"{{{text}}}"


class FcntlArgument(Kind):
    """A Kind: the argument of fcntl(2).

    Attributes:
        command: the index of the argument with the command, an int.
    """

    def __init__(self, command: int) -> None:
        self.command = command

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, size=LOCK64.size, most=LOCK64.size),)

    def is_shown(self, call: Call, index: int) -> bool:
        return command_of(call, self.command) not in WITHOUT_ARGUMENT

    def json(self, call: Call, index: int) -> Any:
        text = self.text(call, index)
        is_number = command_of(call, self.command) in NUMBERS
        return call.signed(index) if is_number else text

    def text(self, call: Call, index: int) -> str:
        command = command_of(call, self.command)
        if command in NUMBERS:
            return str(call.signed(index))
        if command in SHOWN:
            return SHOWN[command](call.unsigned(index))
        if command not in POINTERS:
            return hexadecimal_text(call.long(index) & (1 << call.word * 8) - 1)
        written = "GET" in command
        data = call.data(index)
        if data is None or (written and (call.failed or not call.finished)):
            return call.address(index)
        if command.endswith("OWN_EX"):
            if len(data) < OWNER.size:
                return call.address(index)
            kind, process = OWNER.unpack_from(data)
            return f"{{type={choice_text(kind, OWNERS, 'F_OWNER_???')}, pid={process}}}"
        wide = call.word == 8 or "OFD" in command or command.endswith("64")
        return lock_text(data, call, wide, written) or call.address(index)


NUMBERS = ("F_DUPFD", "F_DUPFD_CLOEXEC", "F_SETOWN", "F_SETPIPE_SZ")
SHOWN: dict[str, Callable[[int], str]] = {
    "F_SETFD": lambda value: flag_text(value, DESCRIPTOR_FLAGS, "FD_???"),
    "F_SETFL": open_text,
    "F_SETSIG": signal_name,
    "F_SETLEASE": lambda value: choice_text(value, LOCK_TYPES, "F_???"),
    "F_NOTIFY": lambda value: flag_text(value, NOTIFICATIONS, "DN_???"),
    "F_ADD_SEALS": lambda value: flag_text(value, SEALS, "F_SEAL_???"),
}
POINTERS = (
    "F_GETLK", "F_SETLK", "F_SETLKW", "F_GETLK64", "F_SETLK64", "F_SETLKW64", "F_OFD_GETLK",
    "F_OFD_SETLK", "F_OFD_SETLKW", "F_SETOWN_EX", "F_GETOWN_EX",
)  # fmt: skip


class FcntlResult(DescriptorResult):
    """A DescriptorResult: what fcntl(2) returns: a new descriptor, flags, or a number.

    Attributes:
        command: the index of the argument with the command, an int.
    """

    def __init__(self, command: int) -> None:
        super().__init__()
        self.command = command

    def text(self, call: Call, index: int) -> str:
        command, value = command_of(call, self.command), call.result & 0xFFFFFFFF
        if command.startswith("F_DUPFD"):
            return super().text(call, RESULT)
        if command == "F_GETFL":
            return f"{hexadecimal_text(value)} (flags {open_text(value)})"
        if command == "F_GETFD" and value:
            return f"{value:#x} (flags {flag_text(value, DESCRIPTOR_FLAGS, 'FD_???')})"
        if command == "F_GETLEASE":
            return f"{hexadecimal_text(value)} ({choice_text(value, LOCK_TYPES, 'F_???')})"
        if command == "F_GET_SEALS" and value:
            return f"{value:#x} (seals {flag_text(value, SEALS, 'F_SEAL_???')})"
        if command == "F_GETSIG" and value:
            return f"{value} ({signal_name(value)})"
        return str(call.result)


KINDS: dict[str, Callable[..., Kind]] = {
    "fcntl_command": lambda: Choice(COMMANDS, "F_???"),
    "fcntl_argument": FcntlArgument,
    "fcntl_result": FcntlResult,
}
