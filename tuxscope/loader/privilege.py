"""Who may use bpf(): capabilities, and what to say where they are missing."""

from __future__ import annotations

import ctypes
from enum import IntEnum

from tuxscope.errors import TuxscopeError
from tuxscope.loader.syscalls import SystemCall, syscall
from tuxscope.record import Record, u32

VERSION_3 = 0x20080522  # _LINUX_CAPABILITY_VERSION_3


class Capability(IntEnum):
    """As include/uapi/linux/capability.h numbers them."""

    NET_ADMIN = 12
    SYS_ADMIN = 21
    SYS_RESOURCE = 24
    PERFMON = 38
    BPF = 39

    def __str__(self) -> str:
        return f"CAP_{self.name}"


class PrivilegeError(TuxscopeError):
    """This process lacks a privilege."""


class CapHeader(Record):
    """``struct __user_cap_header_struct``."""

    version = u32
    pid = u32


class CapData(Record):
    """``struct __user_cap_data_struct``: 32 capabilities; version 3 has two of them."""

    effective = u32
    permitted = u32
    inheritable = u32


def effective_capabilities() -> frozenset[Capability]:
    """Those that count now, of the ones above (capget(2); /proc need not be there)."""
    header = ctypes.create_string_buffer(bytes(CapHeader(version=VERSION_3)))
    data = ctypes.create_string_buffer(2 * CapData.size)
    syscall(SystemCall.CAPGET, ctypes.addressof(header), ctypes.addressof(data))
    low, high = (CapData.unpack(data.raw, at * CapData.size).effective for at in (0, 1))
    bits = high << 32 | low
    return frozenset(each for each in Capability if bits >> each & 1)


def missing_capabilities() -> tuple[Capability, ...]:
    """What it takes to load and attach a tracing program: CAP_BPF and CAP_PERFMON (Linux 5.8),
    or CAP_SYS_ADMIN, which stands for both."""
    held = effective_capabilities()
    if Capability.SYS_ADMIN in held:
        return ()
    return tuple(each for each in (Capability.BPF, Capability.PERFMON) if each not in held)


def require_capabilities(advice: str) -> None:
    """Raises PrivilegeError that names what is missing and says what to do."""
    missing = missing_capabilities()
    if missing:
        needed = " and ".join(map(str, missing))
        raise PrivilegeError(f"not privileged: tracing needs {needed}; {advice}")


def in_user_namespace() -> bool:
    """Whether our capabilities are those of a user namespace: bpf() asks for the machine's."""
    return contents("/proc/self/uid_map").split() not in (["0", "0", str((1 << 32) - 1)], [])


def locked_down() -> bool:
    """Whether the kernel is in lockdown's mode confidentiality (kernel_lockdown(7))."""
    return "[confidentiality]" in contents("/sys/kernel/security/lockdown")


def seccomp_filtered() -> bool:
    """Whether a seccomp filter decides on our system calls (SECCOMP_MODE_FILTER, seccomp(2))."""
    return "\nSeccomp:\t2\n" in contents("/proc/self/status")


def contents(path: str) -> str:
    """The text of a small file in /proc or /sys; empty if it cannot be read."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
