"""prctl(2) and arch_prctl(2), whose first argument decides what the others are."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.calls.reads import Read, ReadKind
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.capabilities import CAPABILITIES
from tuxscope.programs.syscall.arguments.flags import flag_text
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.quote import quoted
from tuxscope.programs.syscall.arguments.results import Number
from tuxscope.programs.syscall.arguments.signal_names import signal_name
from tuxscope.programs.syscall.arguments.socket_options import FILTER
from tuxscope.programs.syscall.arguments.structs import (
    choice_text,
    hexadecimal_text,
    number_of,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# include/uapi/linux/prctl.h
OPTIONS = dict(enumerate((
    "SET_PDEATHSIG", "GET_PDEATHSIG", "GET_DUMPABLE", "SET_DUMPABLE", "GET_UNALIGN", "SET_UNALIGN",
    "GET_KEEPCAPS", "SET_KEEPCAPS", "GET_FPEMU", "SET_FPEMU", "GET_FPEXC", "SET_FPEXC",
    "GET_TIMING", "SET_TIMING", "SET_NAME", "GET_NAME",
), 1)) | dict(enumerate((
    "GET_ENDIAN", "SET_ENDIAN", "GET_SECCOMP", "SET_SECCOMP", "CAPBSET_READ", "CAPBSET_DROP",
    "GET_TSC", "SET_TSC", "GET_SECUREBITS", "SET_SECUREBITS", "SET_TIMERSLACK", "GET_TIMERSLACK",
    "TASK_PERF_EVENTS_DISABLE", "TASK_PERF_EVENTS_ENABLE", "MCE_KILL", "MCE_KILL_GET", "SET_MM",
    "SET_CHILD_SUBREAPER", "GET_CHILD_SUBREAPER", "SET_NO_NEW_PRIVS", "GET_NO_NEW_PRIVS",
    "GET_TID_ADDRESS", "SET_THP_DISABLE", "GET_THP_DISABLE", "MPX_ENABLE_MANAGEMENT",
    "MPX_DISABLE_MANAGEMENT", "SET_FP_MODE", "GET_FP_MODE", "CAP_AMBIENT",
), 19)) | dict(enumerate((
    "SVE_SET_VL", "SVE_GET_VL", "GET_SPECULATION_CTRL", "SET_SPECULATION_CTRL",
    "PAC_RESET_KEYS", "SET_TAGGED_ADDR_CTRL", "GET_TAGGED_ADDR_CTRL", "SET_IO_FLUSHER",
    "GET_IO_FLUSHER", "SET_SYSCALL_USER_DISPATCH", "PAC_SET_ENABLED_KEYS", "PAC_GET_ENABLED_KEYS",
    "SCHED_CORE", "SME_SET_VL", "SME_GET_VL", "SET_MDWE", "GET_MDWE", "SET_MEMORY_MERGE",
    "GET_MEMORY_MERGE",
), 50)) | {0x53564D41: "SET_VMA", 0x59616D61: "SET_PTRACER"}  # fmt: skip
DUMPABLE = {0: "SUID_DUMP_DISABLE", 1: "SUID_DUMP_USER", 2: "SUID_DUMP_ROOT"}
AMBIENT = {
    1: "PR_CAP_AMBIENT_IS_SET", 2: "PR_CAP_AMBIENT_RAISE", 3: "PR_CAP_AMBIENT_LOWER",
    4: "PR_CAP_AMBIENT_CLEAR_ALL",
}  # fmt: skip
SECCOMP = {
    0: "SECCOMP_MODE_DISABLED", 1: "SECCOMP_MODE_STRICT", 2: "SECCOMP_MODE_FILTER",
}  # fmt: skip
SECURE_BITS = {
    1 << bit: f"SECBIT_{name}"
    for bit, name in enumerate((
        "NOROOT", "NOROOT_LOCKED", "NO_SETUID_FIXUP", "NO_SETUID_FIXUP_LOCKED", "KEEP_CAPS",
        "KEEP_CAPS_LOCKED", "NO_CAP_AMBIENT_RAISE", "NO_CAP_AMBIENT_RAISE_LOCKED",
    ))
}  # fmt: skip
LONGEST_AREA = 81  # ANON_VMA_NAME_MAX_LEN, and one to see that it is longer
LONGEST_NAME = 15  # TASK_COMM_LEN, without the NUL
# How many arguments an option has behind it: those that are not here have all four.
COUNTS = {
    "GET_DUMPABLE": 0, "GET_KEEPCAPS": 0, "GET_SECCOMP": 0, "GET_SECUREBITS": 0,
    "GET_TIMERSLACK": 0, "GET_TIMING": 0, "TASK_PERF_EVENTS_DISABLE": 0,
    "TASK_PERF_EVENTS_ENABLE": 0, "SET_PDEATHSIG": 1, "GET_PDEATHSIG": 1, "SET_DUMPABLE": 1,
    "SET_KEEPCAPS": 1, "SET_NAME": 1, "GET_NAME": 1, "CAPBSET_READ": 1, "CAPBSET_DROP": 1,
    "SET_SECUREBITS": 1, "SET_TIMERSLACK": 1, "SET_CHILD_SUBREAPER": 1, "GET_CHILD_SUBREAPER": 1,
    "SET_PTRACER": 1, "GET_TID_ADDRESS": 1, "SET_TIMING": 1, "GET_TSC": 1, "SET_TSC": 1,
}  # fmt: skip
NUMBERS = ("SET_TIMERSLACK", "SET_KEEPCAPS", "SET_CHILD_SUBREAPER", "SET_NO_NEW_PRIVS")
# include/uapi/asm/prctl.h of x86
ARCHITECTURE = {
    0x1001: "ARCH_SET_GS", 0x1002: "ARCH_SET_FS", 0x1003: "ARCH_GET_FS", 0x1004: "ARCH_GET_GS",
    0x1011: "ARCH_GET_CPUID", 0x1012: "ARCH_SET_CPUID", 0x1021: "ARCH_GET_XCOMP_SUPP",
    0x1022: "ARCH_GET_XCOMP_PERM", 0x1023: "ARCH_REQ_XCOMP_PERM",
    0x1024: "ARCH_GET_XCOMP_GUEST_PERM", 0x1025: "ARCH_REQ_XCOMP_GUEST_PERM",
    0x2001: "ARCH_MAP_VDSO_X32", 0x2002: "ARCH_MAP_VDSO_32", 0x2003: "ARCH_MAP_VDSO_64",
}  # fmt: skip


def option_of(call: Call) -> str:
    """Return the name of the option of ``call``, a Call, without PR_; "" for one that is not
    known."""
    return OPTIONS.get(call.unsigned(0), "")


class Option(Kind):
    """A Kind: the option: ``PR_SET_NAME``."""

    def text(self, call: Call, index: int) -> str:
        name = option_of(call)
        return f"PR_{name}" if name else choice_text(call.unsigned(index), {}, "PR_???")


class OptionArgument(Kind):
    """A Kind: an argument behind the option."""

    def is_shown(self, call: Call, index: int) -> bool:
        return index <= (2 if is_filter(call) else COUNTS.get(option_of(call), 4))

    def text(self, call: Call, index: int) -> str:
        if option_of(call) == "CAP_AMBIENT" and index == 2 and call.values[2]:
            return choice_text(call.unsigned(index), CAPABILITIES, "CAP_???")
        if option_of(call) == "SET_VMA" and index == 3:
            return str(call.long(index))
        return hexadecimal_text(call.values[index])


class SecondArgument(OptionArgument):
    """An OptionArgument: the argument after that: an address, a capability, or a filter of
    seccomp(2)."""

    def reads(self, index: int) -> tuple[Read, ...]:
        size = FILTER.size(8)
        return (Read(ReadKind.BYTES, index, size=size, most=size),)

    def text(self, call: Call, index: int) -> str:
        data = call.data(index)
        if is_filter(call) and data is not None:
            return FILTER.text(data, call.word) or call.address(index)
        return super().text(call, index)


def is_filter(call: Call) -> bool:
    """Return whether ``call``, a Call, sets a filter of seccomp(2)."""
    return option_of(call) == "SET_SECCOMP" and SECCOMP.get(call.unsigned(1), "")[-6:] == "FILTER"


class LastArgument(OptionArgument):
    """An OptionArgument: the last argument: an address, or the name of an area of memory."""

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.STRING, index, most=LONGEST_AREA),)

    def text(self, call: Call, index: int) -> str:
        data = call.data(index)
        if option_of(call) == "SET_VMA" and data is not None:
            return quoted(data)
        return super().text(call, index)


class FirstArgument(OptionArgument):
    """An OptionArgument: the argument behind the option: a number, an address, or a name."""

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.STRING, index, most=LONGEST_NAME + 2),)

    def text(self, call: Call, index: int) -> str:
        option, value, data = option_of(call), call.unsigned(index), call.data(index)
        if option in ("SET_NAME", "GET_NAME"):
            if data is None or (call.failed and option == "GET_NAME"):
                return call.address(index)
            return quoted(data[:LONGEST_NAME], len(data) > LONGEST_NAME)
        if option == "SET_PDEATHSIG":
            return signal_name(value)
        if option == "SET_DUMPABLE":
            return choice_text(value, DUMPABLE, "SUID_DUMP_???")
        if option in ("CAPBSET_READ", "CAPBSET_DROP"):
            return choice_text(value, CAPABILITIES, "CAP_???")
        if option == "CAP_AMBIENT":
            return choice_text(value, AMBIENT, "PR_CAP_AMBIENT_???")
        if option == "SET_SECCOMP":
            return choice_text(value, SECCOMP, "SECCOMP_MODE_???")
        if option == "SET_SECUREBITS":
            return flag_text(value, SECURE_BITS, "SECBIT_???")
        if option == "SET_PTRACER" and value == 0xFFFFFFFF:
            return "PR_SET_PTRACER_ANY"
        if option == "SET_VMA" and not value:
            return "PR_SET_VMA_ANON_NAME"
        if option in ("GET_PDEATHSIG", "GET_CHILD_SUBREAPER"):
            return self._number(call, index, option, data)
        return str(call.long(index)) if option in NUMBERS else hexadecimal_text(call.values[index])

    def _number(self, call: Call, index: int, option: str, data: bytes | None) -> str:
        number = number_of(data.ljust(4, b"\0")) if data is not None and not call.failed else None
        if number is None:
            return call.address(index)
        return f"[{signal_name(number) if option == 'GET_PDEATHSIG' else number}]"


class OptionResult(Number):
    """A Number: what prctl(2) returns."""

    def text(self, call: Call, index: int) -> str:
        option, value = option_of(call), call.result
        if option == "GET_DUMPABLE" and value in DUMPABLE:
            return f"{value} ({DUMPABLE[value]})"
        if option == "GET_SECUREBITS" and value:
            return f"{value:#x} ({flag_text(value, SECURE_BITS, 'SECBIT_???')})"
        return str(value)


class ArchitectureOption(Kind):
    """A Kind: the option of arch_prctl(2): ``ARCH_SET_FS``."""

    def text(self, call: Call, index: int) -> str:
        return choice_text(call.unsigned(index), ARCHITECTURE, "ARCH_???")


class ArchitectureArgument(Kind):
    """A Kind: the argument of arch_prctl(2): an address, or where one is written."""

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, size=8, most=8),)

    def is_shown(self, call: Call, index: int) -> bool:
        return ARCHITECTURE.get(call.unsigned(0)) != "ARCH_GET_CPUID"

    def text(self, call: Call, index: int) -> str:
        option = ARCHITECTURE.get(call.unsigned(0), "")
        number = number_of(call.data(index), 8) if not call.failed else None
        if option in ("ARCH_GET_FS", "ARCH_GET_GS") and number is not None:
            return f"[{hexadecimal_text(number)}]"
        if option in ("ARCH_SET_FS", "ARCH_SET_GS"):
            return call.address(index)
        return hexadecimal_text(call.values[index])

    def json(self, call: Call, index: int) -> Any:
        return self.text(call, index)


KINDS: dict[str, Callable[..., Kind]] = {
    "prctl_option": Option,
    "prctl_first": FirstArgument,
    "prctl_second": SecondArgument,
    "prctl_argument": OptionArgument,
    "prctl_last": LastArgument,
    "prctl_result": OptionResult,
    "arch_option": ArchitectureOption,
    "arch_argument": ArchitectureArgument,
}
