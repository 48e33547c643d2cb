"""System calls that Python has no function for, by syscall(2)."""

from __future__ import annotations

import ctypes
import os
import struct
from enum import Enum
from functools import cache

from tuxscope.errors import TuxscopeError

# By machine; since Linux 5.1 new calls have one number on all (arch/*/syscall*.tbl).
NUMBERS = {
    "x86_64": {"bpf": 321, "perf_event_open": 298, "membarrier": 324, "capget": 125},
    "aarch64": {"bpf": 280, "perf_event_open": 241, "membarrier": 283, "capget": 90},
    "riscv64": {"bpf": 280, "perf_event_open": 241, "membarrier": 283, "capget": 90},
    "loongarch64": {"bpf": 280, "perf_event_open": 241, "membarrier": 283, "capget": 90},
    "s390x": {"bpf": 351, "perf_event_open": 331, "membarrier": 356, "capget": 184},
}
EVERYWHERE = {"fsopen": 430, "fsconfig": 431, "fsmount": 432}


class SystemCall(Enum):
    """An enum: a system call by name; its number depends on the machine.

    Members: BPF = "bpf", PERF_EVENT_OPEN = "perf_event_open", MEMBARRIER = "membarrier",
    CAPGET = "capget", FSOPEN = "fsopen", FSCONFIG = "fsconfig", FSMOUNT = "fsmount".
    """

    BPF = "bpf"
    PERF_EVENT_OPEN = "perf_event_open"
    MEMBARRIER = "membarrier"
    CAPGET = "capget"
    FSOPEN = "fsopen"
    FSCONFIG = "fsconfig"
    FSMOUNT = "fsmount"


@cache
def number(call: SystemCall) -> int:
    """Return the number of ``call``, a SystemCall, on this machine, an int; cached. Raises
    TuxscopeError on an unknown architecture."""
    machine = os.uname().machine
    if machine not in NUMBERS or struct.calcsize("P") != 8:
        raise TuxscopeError(
            f"unsupported architecture: {machine} with a {8 * struct.calcsize('P')}-bit Python; "
            f"tuxscope runs on 64-bit {', '.join(NUMBERS)}"
        )
    return (NUMBERS[machine] | EVERYWHERE)[call.value]


_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def syscall(call: SystemCall, *arguments: int) -> int:
    """Call ``call``, a SystemCall, by syscall(2) with integer ``arguments`` (pointers as
    addresses); return its result, an int.

    Raises OSError with the call's errno.
    """
    result = _libc.syscall(*(ctypes.c_long(each) for each in (number(call), *arguments)))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{call.value}: {os.strerror(error)}")
    return int(result)
