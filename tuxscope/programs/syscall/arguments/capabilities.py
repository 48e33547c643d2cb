"""Capabilities (include/uapi/linux/capability.h), and groups."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tuxscope.calls.reads import Count, When
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.structs import (
    Array,
    Layout,
    Member,
    Pointed,
    choice_text,
    pointed,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

CAPABILITIES = {
    number: f"CAP_{name}"
    for number, name in enumerate((
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
        "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
        "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE",
        "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME",
        "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
        "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ))
}  # fmt: skip
VERSIONS = {
    0x19980330: "_LINUX_CAPABILITY_VERSION_1", 0x20071026: "_LINUX_CAPABILITY_VERSION_2",
    0x20080522: "_LINUX_CAPABILITY_VERSION_3",
}  # fmt: skip
HEADER = Layout((
    Member("version", "I", lambda it: choice_text(it, VERSIONS, "_LINUX_CAPABILITY_VERSION_???")),
    Member("pid", "i"),
))  # fmt: skip
SETS = ("effective", "permitted", "inheritable")


def set_text(bits: int) -> str:
    """Return the set of capabilities in ``bits``, an int, as text: ``1<<CAP_CHOWN|1<<CAP_KILL``."""
    names = [
        f"1<<{CAPABILITIES.get(number, f'{number:#x}')}"
        for number in range(bits.bit_length())
        if bits >> number & 1
    ]
    return "|".join(names) or "0"


def sets_text(data: bytes, call: Call) -> str | None:
    """Return two of struct __user_cap_data_struct in ``data``, bytes, with the low and the high
    half of each set, as text for ``call``, a Call; None if ``data`` is too short."""
    if len(data) < 24:
        return None
    halves = struct.unpack_from("=6I", data)
    parts = [
        f"{name}={set_text(halves[at] | halves[at + 3] << 32)}" for at, name in enumerate(SETS)
    ]
    return "{" + ", ".join(parts) + "}"


class Groups(Array):
    """An Array: the groups that getgroups(2) writes: none if it was asked for their number."""

    def __init__(self) -> None:
        super().__init__(Count.RETURNED, When.SUCCESS)

    def text(self, call: Call, index: int) -> str:
        return super().text(call, index) if call.unsigned(0) else call.address(index)


KINDS: dict[str, Callable[..., Kind]] = {
    "cap_header": lambda: pointed(HEADER),
    "cap_sets": lambda: Pointed(24, sets_text),
    "cap_sets_out": lambda: Pointed(24, sets_text, When.SUCCESS),
    "groups": lambda size: Array(Count.ARGUMENT + size),
    "groups_out": Groups,
}
