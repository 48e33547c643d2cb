"""Who may use bpf(): capabilities, and what to say where they are missing."""

from __future__ import annotations

from enum import IntEnum

from tuxscope.errors import TuxscopeError


class Capability(IntEnum):
    """As include/uapi/linux/capability.h numbers them."""

    SYS_ADMIN = 21
    SYS_RESOURCE = 24
    PERFMON = 38
    BPF = 39

    def __str__(self) -> str:
        return f"CAP_{self.name}"


class PrivilegeError(TuxscopeError):
    """This process may not do what was asked."""


def effective_capabilities() -> frozenset[Capability]:
    """Those that count now, of the ones above; none where /proc is not there to ask."""
    try:
        with open("/proc/self/status", encoding="utf-8", errors="replace") as status:
            line = next(line for line in status if line.startswith("CapEff:"))
    except (OSError, StopIteration):
        return frozenset()
    bits = int(line.split()[1], 16)
    return frozenset(each for each in Capability if bits >> each & 1)


def missing_capabilities() -> tuple[Capability, ...]:
    """What it takes to load and attach a tracing program: CAP_BPF and CAP_PERFMON (Linux 5.8),
    or CAP_SYS_ADMIN, which stands for both."""
    held = effective_capabilities()
    if Capability.SYS_ADMIN in held:
        return ()
    return tuple(each for each in (Capability.BPF, Capability.PERFMON) if each not in held)


def require_capabilities(command: str) -> None:
    """Raises PrivilegeError that names what is missing and the command to type instead."""
    missing = missing_capabilities()
    if missing:
        raise PrivilegeError(
            f"not privileged: tracing needs {' and '.join(map(str, missing))}; try: sudo {command}"
        )
