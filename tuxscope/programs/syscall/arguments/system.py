"""The system: its name, load, and random bytes; and calls with commands."""

from __future__ import annotations

import os
from collections.abc import Callable

from tuxscope.calls.reads import Count, Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.flags import Choice, Flags, flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.quote import hexadecimal, quoted
from tuxscope.programs.syscall.arguments.socket_options import FILTER
from tuxscope.programs.syscall.arguments.structs import (
    Layout,
    Member,
    Pointed,
    all_bytes,
    choice_text,
    hexadecimal_text,
    number_of,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

RANDOM_FLAGS = {os.GRND_NONBLOCK: "GRND_NONBLOCK", os.GRND_RANDOM: "GRND_RANDOM"}
RANDOM_FLAGS |= {4: "GRND_INSECURE"}
# include/uapi/linux/bpf.h
BPF_COMMANDS = {
    number: f"BPF_{name}"
    for number, name in enumerate((
        "MAP_CREATE", "MAP_LOOKUP_ELEM", "MAP_UPDATE_ELEM", "MAP_DELETE_ELEM", "MAP_GET_NEXT_KEY",
        "PROG_LOAD", "OBJ_PIN", "OBJ_GET", "PROG_ATTACH", "PROG_DETACH", "PROG_TEST_RUN",
        "PROG_GET_NEXT_ID", "MAP_GET_NEXT_ID", "PROG_GET_FD_BY_ID", "MAP_GET_FD_BY_ID",
        "OBJ_GET_INFO_BY_FD", "PROG_QUERY", "RAW_TRACEPOINT_OPEN", "BTF_LOAD", "BTF_GET_FD_BY_ID",
        "TASK_FD_QUERY", "MAP_LOOKUP_AND_DELETE_ELEM", "MAP_FREEZE", "BTF_GET_NEXT_ID",
        "MAP_LOOKUP_BATCH", "MAP_LOOKUP_AND_DELETE_BATCH", "MAP_UPDATE_BATCH", "MAP_DELETE_BATCH",
        "LINK_CREATE", "LINK_UPDATE", "LINK_GET_FD_BY_ID", "LINK_GET_NEXT_ID", "ENABLE_STATS",
        "ITER_CREATE", "LINK_DETACH", "PROG_BIND_MAP", "TOKEN_CREATE",
    ))
}  # fmt: skip
PERF_FLAGS = {
    1: "PERF_FLAG_FD_NO_GROUP", 2: "PERF_FLAG_FD_OUTPUT", 4: "PERF_FLAG_PID_CGROUP",
    8: "PERF_FLAG_FD_CLOEXEC",
}  # fmt: skip
SECCOMP_OPERATIONS = dict(enumerate((
    "SECCOMP_SET_MODE_STRICT", "SECCOMP_SET_MODE_FILTER", "SECCOMP_GET_ACTION_AVAIL",
    "SECCOMP_GET_NOTIF_SIZES",
)))  # fmt: skip
SECCOMP_FLAGS = {
    1: "SECCOMP_FILTER_FLAG_TSYNC", 2: "SECCOMP_FILTER_FLAG_LOG",
    4: "SECCOMP_FILTER_FLAG_SPEC_ALLOW", 8: "SECCOMP_FILTER_FLAG_NEW_LISTENER",
    16: "SECCOMP_FILTER_FLAG_TSYNC_ESRCH", 32: "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
}  # fmt: skip
LOADS = tuple(Member(name, "L") for name in ("one", "five", "fifteen"))
INFORMATION = Layout((
    Member("uptime", "l"), *LOADS, *(Member(name, "L") for name in (
        "totalram", "freeram", "sharedram", "bufferram", "totalswap", "freeswap",
    )),
    Member("procs", "H"), Member("totalhigh", "L"), Member("freehigh", "L"),
    Member("mem_unit", "I"),
))  # fmt: skip
NAME_LENGTH = 65  # __NEW_UTS_LEN, and the NUL


def information_text(data: bytes, call: Call) -> str | None:
    """Return the struct sysinfo of ``call``, a Call, in ``data``, bytes, as text; None if ``data``
    is too short."""
    values = INFORMATION.values(data, call.word)
    if values is None:
        return None
    names = [each.name for each in INFORMATION.members if isinstance(each, Member)]
    parts = [f"{name}={value}" for name, value in zip(names, values, strict=True)]
    parts[1:4] = [f"loads=[{', '.join(map(str, values[1:4]))}]"]
    return "{" + ", ".join(parts) + "}"


def name_text(data: bytes, call: Call) -> str | None:
    """Return the start of the struct new_utsname of ``call``, a Call, in ``data``, bytes, as text;
    None if ``data`` is too short."""
    if len(data) < 2 * NAME_LENGTH:
        return None
    system, node = (
        quoted(data[at : at + NAME_LENGTH].split(b"\0", 1)[0]) for at in (0, NAME_LENGTH)
    )
    return f"{{sysname={system}, nodename={node}, ...}}"


# include/uapi/linux/seccomp.h
ACTIONS = {
    0x80000000: "SECCOMP_RET_KILL_PROCESS", 0: "SECCOMP_RET_KILL_THREAD",
    0x30000: "SECCOMP_RET_TRAP", 0x50000: "SECCOMP_RET_ERRNO", 0x7FC00000: "SECCOMP_RET_USER_NOTIF",
    0x7FF00000: "SECCOMP_RET_TRACE", 0x7FFC0000: "SECCOMP_RET_LOG",
    0x7FFF0000: "SECCOMP_RET_ALLOW",
}  # fmt: skip
SIZES = Layout(tuple(
    Member(name, "H") for name in ("seccomp_notif", "seccomp_notif_resp", "seccomp_data")
))  # fmt: skip


def seccomp_text(data: bytes, call: Call) -> str | None:
    """Return ``data``, the bytes that the argument of ``call``, a Call of seccomp(2), points to, as
    text, which depends on the operation; None where it is an address."""
    operation = SECCOMP_OPERATIONS.get(call.unsigned(0))
    if operation == "SECCOMP_SET_MODE_FILTER":
        return FILTER.text(data, call.word)
    if operation == "SECCOMP_GET_ACTION_AVAIL":
        number = number_of(data)
        return None if number is None else f"[{choice_text(number, ACTIONS, 'SECCOMP_RET_???')}]"
    if operation == "SECCOMP_GET_NOTIF_SIZES" and not call.failed:
        return SIZES.text(data, call.word)
    return None


class SeccompFlags(Kind):
    """A Kind: the flags of seccomp(2), which have names where it sets a filter."""

    def text(self, call: Call, index: int) -> str:
        if SECCOMP_OPERATIONS.get(call.unsigned(0)) != "SECCOMP_SET_MODE_FILTER":
            return hexadecimal_text(call.unsigned(index))
        return flag_text(call.unsigned(index), SECCOMP_FLAGS, "SECCOMP_FILTER_FLAG_???")


class RandomBytes(Kind):
    """A Kind: random bytes, in hexadecimal."""

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, count=Count.RETURNED, when=When.SUCCESS, buffer=True),)

    def text(self, call: Call, index: int) -> str:
        data = all_bytes(call, index)
        if data is None:
            return call.address(index)
        shown = data[: call.string_size]
        return hexadecimal(shown, len(shown) < call.result)


KINDS: dict[str, Callable[..., Kind]] = {
    "sysinfo_out": lambda: Pointed(112, information_text, When.SUCCESS),
    "utsname_out": lambda: Pointed(2 * NAME_LENGTH, name_text, When.SUCCESS),
    "random_out": RandomBytes,
    "random_flags": lambda: Flags(RANDOM_FLAGS, "GRND_???"),
    "bpf_command": lambda: Choice(BPF_COMMANDS, "BPF_???"),
    "perf_flags": lambda: Flags(PERF_FLAGS, "PERF_FLAG_???"),
    "seccomp_operation": lambda: Choice(SECCOMP_OPERATIONS, "SECCOMP_SET_MODE_???"),
    "seccomp_flags": SeccompFlags,
    "seccomp_argument": lambda: Pointed(16, seccomp_text),
}
