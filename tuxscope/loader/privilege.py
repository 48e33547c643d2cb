"""The privileges that bpf(2) needs: capabilities, namespaces, lockdown and seccomp."""

from __future__ import annotations

import ctypes
from enum import IntEnum

from tuxscope.errors import TuxscopeError
from tuxscope.loader.syscalls import SystemCall, syscall
from tuxscope.record import Record, u32

VERSION_3 = 0x20080522  # _LINUX_CAPABILITY_VERSION_3


class Capability(IntEnum):
    """An IntEnum: capabilities by number (include/uapi/linux/capability.h). Members:
    NET_ADMIN = 12, SYS_ADMIN = 21, SYS_RESOURCE = 24, PERFMON = 38, BPF = 39."""

    NET_ADMIN = 12
    SYS_ADMIN = 21
    SYS_RESOURCE = 24
    PERFMON = 38
    BPF = 39

    def __str__(self) -> str:
        return f"CAP_{self.name}"


class PrivilegeError(TuxscopeError):
    """An error, a TuxscopeError: this process lacks a privilege."""


class CapHeader(Record):
    """A Record: ``struct __user_cap_header_struct``.

    Attributes:
        version, pid: u32 each.
    """

    version = u32
    pid = u32


class CapData(Record):
    """A Record: ``struct __user_cap_data_struct``: 32 capabilities; version 3 has two of them.

    Attributes:
        effective, permitted, inheritable: u32 each.
    """

    effective = u32
    permitted = u32
    inheritable = u32


def effective_capabilities() -> frozenset[Capability]:
    """Return a frozenset of this process's effective capabilities among those of Capability
    (capget(2))."""
    header = ctypes.create_string_buffer(bytes(CapHeader(version=VERSION_3)))
    data = ctypes.create_string_buffer(2 * CapData.size)
    syscall(SystemCall.CAPGET, ctypes.addressof(header), ctypes.addressof(data))
    low, high = (CapData.unpack(data.raw, at * CapData.size).effective for at in (0, 1))
    bits = high << 32 | low
    return frozenset(each for each in Capability if bits >> each & 1)


def missing_capabilities() -> tuple[Capability, ...]:
    """Return a tuple of each Capability that this process lacks for tracing: CAP_BPF and
    CAP_PERFMON.

    CAP_SYS_ADMIN includes both (Linux 5.8).
    """
    held = effective_capabilities()
    if Capability.SYS_ADMIN in held:
        return ()
    return tuple(each for each in (Capability.BPF, Capability.PERFMON) if each not in held)


def require_capabilities(advice: str) -> None:
    """Raise PrivilegeError if capabilities for tracing are missing; ``advice``, a str, ends its
    message."""
    missing = missing_capabilities()
    if missing:
        needed = " and ".join(map(str, missing))
        raise PrivilegeError(f"not privileged: tracing needs {needed}; {advice}")


def in_user_namespace() -> bool:
    """Return whether this process is in a user namespace; bpf() needs capabilities of the initial
    one."""
    return contents("/proc/self/uid_map").split() not in (["0", "0", str((1 << 32) - 1)], [])


def locked_down() -> bool:
    """Return whether the kernel is locked down in mode confidentiality (kernel_lockdown(7))."""
    return "[confidentiality]" in contents("/sys/kernel/security/lockdown")


def seccomp_filtered() -> bool:
    """Return whether this process has a seccomp filter (SECCOMP_MODE_FILTER, seccomp(2))."""
    return "\nSeccomp:\t2\n" in contents("/proc/self/status")


def contents(path: str) -> str:
    """Return the text of ``path``, a str, a small file in /proc or /sys; empty if it cannot be
    read."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
