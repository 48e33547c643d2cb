"""The system calls that Python has no function for, through libc's ``syscall``."""

from __future__ import annotations

import ctypes
import os
import struct
from enum import Enum
from functools import cache

from tuxscope.errors import TuxscopeError

# Calls that are the same number everywhere came after Linux 5.1 (arch/*/syscall*.tbl).
NUMBERS = {
    "x86_64": {"bpf": 321, "perf_event_open": 298, "membarrier": 324, "capget": 125},
    "aarch64": {"bpf": 280, "perf_event_open": 241, "membarrier": 283, "capget": 90},
    "riscv64": {"bpf": 280, "perf_event_open": 241, "membarrier": 283, "capget": 90},
    "loongarch64": {"bpf": 280, "perf_event_open": 241, "membarrier": 283, "capget": 90},
    "s390x": {"bpf": 351, "perf_event_open": 331, "membarrier": 356, "capget": 184},
}
EVERYWHERE = {"fsopen": 430, "fsconfig": 431, "fsmount": 432}


class SystemCall(Enum):
    """A system call by name; its number depends on the machine."""

    BPF = "bpf"
    PERF_EVENT_OPEN = "perf_event_open"
    MEMBARRIER = "membarrier"
    CAPGET = "capget"
    FSOPEN = "fsopen"
    FSCONFIG = "fsconfig"
    FSMOUNT = "fsmount"


@cache
def number(call: SystemCall) -> int:
    """The call's number here. Raises TuxscopeError on an architecture that is not known."""
    machine = os.uname().machine
    if machine not in NUMBERS or struct.calcsize("P") != 8:
        raise TuxscopeError(
            f"tuxscope does not know the system calls of {machine} with this Python; "
            f"it runs on 64-bit {', '.join(NUMBERS)}"
        )
    return (NUMBERS[machine] | EVERYWHERE)[call.value]


_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def syscall(call: SystemCall, *arguments: int) -> int:
    """Call the kernel; returns what it returns. Raises OSError with its errno."""
    result = _libc.syscall(*(ctypes.c_long(each) for each in (number(call), *arguments)))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{call.value}: {os.strerror(error)}")
    return int(result)
