"""A program that the kernel refused without a reason in the log: what it was, found by asking.

The errno alone says little: EINVAL is a program type that the kernel does not know as well as a
name that it does not like. So the load is tried again with one thing changed at a time.
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

MOST, MOST_UNPRIVILEGED = 1_000_000, 4096  # slots: BPF_COMPLEXITY_LIMIT_INSNS, BPF_MAXINSNS
# What bpf_prog_load() asks for beside CAP_BPF (kernel/bpf/syscall.c).
ALSO = {
    ProgramType.TRACEPOINT: Capability.PERFMON,
    ProgramType.RAW_TRACEPOINT: Capability.PERFMON,
    ProgramType.XDP: Capability.NET_ADMIN,
    ProgramType.SCHED_CLS: Capability.NET_ADMIN,
}
# r0 = 0; exit: what every program type takes.
NOTHING = Instruction(Alu.MOV | Class.ALU64).encode() + Instruction(Jump.EXIT | Class.JMP).encode()
NO_LINES = {
    "prog_btf_fd": 0,
    "func_info_rec_size": 0, "func_info": 0, "func_info_cnt": 0,
    "line_info_rec_size": 0, "line_info": 0, "line_info_cnt": 0,
}  # fmt: skip

# Loads with some attributes changed, and returns the errno; 0 where that is accepted.
Try = Callable[..., int]


def refusal(
    program: Program, error: OSError, log: str = "", full: bool = False, attempt: Try | None = None
) -> TuxscopeError:
    """The error that says what a failed load was, and what to type.

    ``log`` gives no reason; ``full``: because it had no room for its end.
    """
    head = f"the kernel did not load {program.name}"
    said = strerror(error)
    match error.errno:
        case _ if full:
            return LoadError(
                f"{head}: {said}; the reason is at the end of the verifier's log, which is longer "
                f"than this kernel writes ({len(log) >> 20} MiB); make the program shorter"
            )
        case errno.EPERM:
            return not_permitted(program, head)
        case errno.EACCES:
            return PrivilegeError(f"{head}: {said}: a security module says no; see: dmesg | tail")
        case errno.ENOMEM:
            return LoadError(f"{head}: {said}: it needs more memory than there is; see: free -m")
        case errno.EINVAL | errors.ENOTSUPP if "processed " in log:
            return LoadError(
                f"{head}: the verifier accepts it, but there is no machine code for it: {said}; "
                "tuxscope doctor tells of the JIT compiler"
            )
        case errno.E2BIG if attempt:
            return LoadError(f"{head}: {too_big(program, attempt)}")
        case errno.EINVAL if attempt:
            return LoadError(f"{head}: {invalid(program, attempt)}")
    return LoadError(f"{head}: {said}, and it gives no reason; tuxscope doctor tells what is here")


def not_permitted(program: Program, head: str) -> PrivilegeError:
    """EPERM: what :func:`why_not_permitted` finds."""
    also = ALSO.get(program.attach.type)
    reason = why_not_permitted([Capability.BPF, *([also] if also else [])])
    return PrivilegeError(f"{head}: {reason}")


def why_not_permitted(needed: Sequence[Capability]) -> str:
    """A capability, a container, lockdown, or, before Linux 5.11, locked memory; and what to do."""
    held = effective_capabilities()
    missing = [] if Capability.SYS_ADMIN in held else [each for each in needed if each not in held]
    if missing:
        names = " and ".join(map(str, missing))
        return f"not privileged: it needs {names}; run it with sudo"
    if in_user_namespace():
        return (
            "our capabilities are those of a user namespace, and bpf() asks for the "
            "machine's own; run it outside of the container, or of unshare"
        )
    if locked_down():
        return (
            "the kernel is locked down (confidentiality); boot with lockdown=integrity, "
            "or without Secure Boot"
        )
    if seccomp_filtered():
        return (
            "a seccomp filter is on this process and may forbid bpf(); in a container, "
            "try: docker run --security-opt seccomp=unconfined"
        )
    soft, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if soft != resource.RLIM_INFINITY:
        return (
            "it is not permitted (EPERM): before Linux 5.11 programs and maps count as locked "
            f"memory, of which {soft >> 10} KiB are allowed; try: ulimit -l unlimited"
        )
    return "it is not permitted (EPERM), for all our capabilities; tuxscope doctor tells more"


def too_big(program: Program, attempt: Try) -> str:
    """E2BIG: more instructions than may be, or attributes that the kernel is too old for."""
    slots = sum(each.slots for each in program.instructions)
    held = effective_capabilities()
    privileged = bool(held & {Capability.BPF, Capability.SYS_ADMIN})
    most = MOST if privileged else MOST_UNPRIVILEGED
    if slots > most:
        more = "" if privileged else f", and {MOST:,} with {Capability.BPF}; try sudo"
        return f"it has {slots:,} slots of instructions, and may have {most:,}{more} (E2BIG)"
    if attempt(**NO_LINES) != errno.E2BIG:
        return "this kernel is too old for the lines of source that go with it (E2BIG)"
    return "E2BIG: it asks for what this kernel is too old for; tuxscope needs Linux 5.8"


def invalid(program: Program, attempt: Try) -> str:
    """EINVAL: which of the attributes it is that the kernel does not take."""
    code = ctypes.create_string_buffer(NOTHING, len(NOTHING))
    nothing = {"insns": bpf.address(code), "insn_cnt": len(NOTHING) // SLOT, **NO_LINES}
    kind = program.attach.type
    if attempt(**nothing, prog_name=b"") == errno.EINVAL:
        return f"this kernel has no programs of type {kind.name.lower()} (EINVAL)"
    if attempt(**nothing) == errno.EINVAL:
        return f"it does not take the name {program.name!r} (EINVAL)"
    if attempt(**NO_LINES) != errno.EINVAL:
        return "it does not take the lines of source that go with it (EINVAL)"
    return (
        "Invalid argument (EINVAL), and the verifier gives no reason: an instruction or attribute "
        "that this kernel is too old for; tuxscope doctor tells its version"
    )
