"""Finds why the kernel refused a program when the verifier's log has no reason.

The errno alone is ambiguous: EINVAL means an unknown program type as well as an invalid name. So
the load is repeated with one attribute changed at a time, until its errno changes.
"""

from __future__ import annotations

import ctypes
import errno
import resource
from collections.abc import Callable, Sequence

from tuxscope import errors
from tuxscope.asm.attach import ProgramType
from tuxscope.asm.instruction import SLOT, Instruction
from tuxscope.asm.isa import Alu, Class, Jump
from tuxscope.asm.program import Program
from tuxscope.errors import TuxscopeError, strerror
from tuxscope.loader import bpf
from tuxscope.loader.privilege import (
    Capability,
    PrivilegeError,
    effective_capabilities,
    in_user_namespace,
    locked_down,
    seccomp_filtered,
)
from tuxscope.loader.verifier import LoadError

MAX_SLOTS, MAX_SLOTS_UNPRIVILEGED = 1_000_000, 4096  # BPF_COMPLEXITY_LIMIT_INSNS, BPF_MAXINSNS
# The capability that bpf_prog_load() requires in addition to CAP_BPF (kernel/bpf/syscall.c).
SECOND_CAPABILITY = {
    ProgramType.TRACEPOINT: Capability.PERFMON,
    ProgramType.RAW_TRACEPOINT: Capability.PERFMON,
    ProgramType.XDP: Capability.NET_ADMIN,
    ProgramType.SCHED_CLS: Capability.NET_ADMIN,
}
# r0 = 0; exit: valid for every program type.
MINIMAL = Instruction(Alu.MOV | Class.ALU64).encode() + Instruction(Jump.EXIT | Class.JMP).encode()
NO_LINE_INFO = {
    "prog_btf_fd": 0,
    "func_info_rec_size": 0, "func_info": 0, "func_info_cnt": 0,
    "line_info_rec_size": 0, "line_info": 0, "line_info_cnt": 0,
}  # fmt: skip

# Repeats the load with some attributes changed; returns its errno, 0 if the kernel accepts it.
Reload = Callable[..., int]


def refusal(
    program: Program,
    error: OSError,
    log: str = "",
    truncated: bool = False,
    reload: Reload | None = None,
) -> TuxscopeError:
    """Return the TuxscopeError for ``program``, whose load failed with ``error``, an OSError, and a
    ``log``, a str, that has no reason: why, and the fix.

    ``truncated`` is a bool, whether the log buffer was too small for the log's end. ``reload``,
    called with changed attributes as keyword arguments, repeats the load and returns its errno; if
    it is None, the errno alone is explained.
    """
    head = f"the kernel did not load {program.name}"
    said = strerror(error)
    match error.errno:
        case _ if truncated:
            return LoadError(
                f"{head}: {said}; the verifier's log is longer than this kernel writes "
                f"({len(log) >> 20} MiB), and the reason is at its end; make the program shorter"
            )
        case errno.EPERM:
            return not_permitted(program, head)
        case errno.EACCES:
            return PrivilegeError(
                f"{head}: {said}: a security module (LSM) denied it; see: dmesg | tail"
            )
        case errno.ENOMEM:
            return LoadError(f"{head}: {said}: not enough free memory; see: free -m")
        case errno.EINVAL | errors.ENOTSUPP if "processed " in log:
            return LoadError(
                f"{head}: the verifier accepts it, but the JIT compiler fails: {said}; "
                "check the line JIT of: tuxscope doctor"
            )
        case errno.E2BIG if reload:
            return LoadError(f"{head}: {too_big(program, reload)}")
        case errno.EINVAL if reload:
            return LoadError(f"{head}: {invalid(program, reload)}")
    return LoadError(f"{head}: {said}; the kernel gives no reason; try: tuxscope doctor")


def not_permitted(program: Program, head: str) -> PrivilegeError:
    """Return the PrivilegeError of a load of ``program`` that failed with EPERM; ``head``, a str,
    begins its message."""
    second = SECOND_CAPABILITY.get(program.attach.type)
    reason = permission_problem([Capability.BPF, *([second] if second else [])])
    return PrivilegeError(f"{head}: {reason}")


def permission_problem(needed: Sequence[Capability]) -> str:
    """Return why bpf(2) failed with EPERM, and the fix, as a str; ``needed`` is a sequence of the
    Capabilities required.

    It may be a missing capability, a user namespace, lockdown, seccomp or, before Linux 5.11,
    RLIMIT_MEMLOCK.
    """
    held = effective_capabilities()
    missing = [] if Capability.SYS_ADMIN in held else [each for each in needed if each not in held]
    if missing:
        names = " and ".join(map(str, missing))
        return f"not privileged: it needs {names}; run it with sudo"
    if in_user_namespace():
        return (
            "this process is in a user namespace, and bpf() needs capabilities of the "
            "initial user namespace; run it outside of the container, or of unshare"
        )
    if locked_down():
        return (
            "the kernel is locked down (confidentiality); boot with lockdown=integrity, "
            "or without Secure Boot"
        )
    if seccomp_filtered():
        return (
            "a seccomp filter on this process may forbid bpf(); in a container, "
            "try: docker run --security-opt seccomp=unconfined"
        )
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft != resource.RLIM_INFINITY:
        return (
            "operation not permitted (EPERM): before Linux 5.11 programs and maps count as locked "
            f"memory, and the limit is {soft >> 10} KiB; try: ulimit -l unlimited"
        )
    return (
        "operation not permitted (EPERM), although no capability is missing; try: tuxscope doctor"
    )


def too_big(program: Program, reload: Reload) -> str:
    """Return the reason, a str, of E2BIG for ``program``: too many instructions, or attributes
    newer than the kernel, which ``reload`` finds out: a function that takes changed attributes and
    returns the errno."""
    slots = sum(each.slots for each in program.instructions)
    held = effective_capabilities()
    privileged = bool(held & {Capability.BPF, Capability.SYS_ADMIN})
    limit = MAX_SLOTS if privileged else MAX_SLOTS_UNPRIVILEGED
    if slots > limit:
        more = "" if privileged else f", or {MAX_SLOTS:,} with {Capability.BPF}: run it with sudo"
        return f"it has {slots:,} instruction slots; the limit is {limit:,}{more} (E2BIG)"
    if reload(**NO_LINE_INFO) != errno.E2BIG:
        return (
            "this kernel is too old for the program's line info (E2BIG); tuxscope needs Linux 5.8"
        )
    return "this kernel is too old for an attribute of the load (E2BIG); tuxscope needs Linux 5.8"


def invalid(program: Program, reload: Reload) -> str:
    """Return the reason, a str, of EINVAL for ``program``: the attribute that the kernel rejects,
    found by ``reload``, a function that takes changed attributes and returns the errno."""
    code = ctypes.create_string_buffer(MINIMAL, len(MINIMAL))
    minimal = {"insns": bpf.address(code), "insn_cnt": len(MINIMAL) // SLOT, **NO_LINE_INFO}
    kind = program.attach.type
    if reload(**minimal, prog_name=b"") == errno.EINVAL:
        return f"this kernel does not support programs of type {kind.name.lower()} (EINVAL)"
    if reload(**minimal) == errno.EINVAL:
        return (
            f"the kernel rejects the name {program.name!r} (EINVAL); use letters, digits, _ and ."
        )
    if reload(**NO_LINE_INFO) != errno.EINVAL:
        return "the kernel rejects the program's line info (EINVAL)"
    return (
        "Invalid argument (EINVAL), and the verifier gives no reason: this kernel may be too old "
        "for an instruction or attribute; check the line kernel of: tuxscope doctor"
    )
