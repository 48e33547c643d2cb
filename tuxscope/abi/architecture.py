"""The architectures: which ABIs a kernel serves, and how it tells them apart, call by call.

One kernel serves several ABIs, each with numbers of its own. What counts is how a call was made:
a 64-bit process on x86-64 may execute ``int 0x80``, which takes the 32-bit numbers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum

from tuxscope.lean_dataclasses import dataclass

# __X32_SYSCALL_BIT (arch/x86/include/uapi/asm/unistd.h): of an x32 call's number.
X32_BIT = 1 << 30


class Abi(Enum):
    """What a number means; the value is the column of syscalls.tsv."""

    X86_64 = "x86_64"
    IA32 = "ia32"
    X32 = "x32"
    ARM64 = "arm64"
    ARM = "arm"
    S390X = "s390x"
    S390 = "s390"


@dataclass(frozen=True, slots=True)
class CompatTest:
    """How to tell a call of the 32-bit ABI: by bits of an integer.

    Attributes:
        in_task: whether the integer is in the kernel's ``task_struct``, of which only BTF tells
            where; else it is in the user's registers, ``pt_regs``.
        path: of the integer in there.
        mask: the bits.
        when_set: whether set bits mean the 32-bit ABI.
    """

    in_task: bool
    path: str
    mask: int
    when_set: bool


@dataclass(frozen=True, slots=True)
class Architecture:
    """A machine, as uname(2) calls it.

    Attributes:
        machine: its name there.
        native: the ABI of 64-bit calls.
        compat: that of 32-bit calls.
        suffixes: how a call of an ABI is told from the native one of that name, as strace(1) has
            it: ``open@32``.
        compat_test: how a 32-bit call is known.
    """

    machine: str
    native: Abi
    compat: Abi
    suffixes: Mapping[Abi, str]
    compat_test: CompatTest

    @property
    def abis(self) -> tuple[Abi, ...]:
        """All that it serves, the native one first."""
        return tuple(self.suffixes)

    def abi(self, compat: bool, number: int) -> Abi:
        """The ABI of a call by its number; ``compat``: whether the test said so."""
        if compat:
            return self.compat
        x32 = self.native is Abi.X86_64 and number & X32_BIT and number >> 31 == 0
        return Abi.X32 if x32 else self.native


X86_64 = Architecture(
    "x86_64",
    Abi.X86_64,
    Abi.IA32,
    {Abi.X86_64: "", Abi.IA32: "@32", Abi.X32: "@x32"},
    # TS_COMPAT (arch/x86/include/asm/thread_info.h): set while a 32-bit call is served
    CompatTest(True, "thread_info.status", 0x2, when_set=True),
)
ARM64 = Architecture(
    "aarch64",
    Abi.ARM64,
    Abi.ARM,
    {Abi.ARM64: "", Abi.ARM: "@32"},
    # PSR_MODE32_BIT (arch/arm64/include/uapi/asm/ptrace.h)
    CompatTest(False, "pstate", 0x10, when_set=True),
)
S390X = Architecture(
    "s390x",
    Abi.S390X,
    Abi.S390,
    {Abi.S390X: "", Abi.S390: "@32"},
    # PSW_MASK_EA (arch/s390/include/uapi/asm/ptrace.h): extended, which is 64-bit, addressing
    CompatTest(False, "psw.mask", 1 << 32, when_set=False),
)
ARCHITECTURES = {each.machine: each for each in (X86_64, ARM64, S390X)}


def this_architecture() -> Architecture:
    """That of the running machine; x86-64 on one that tuxscope does not know."""
    return ARCHITECTURES.get(os.uname().machine, X86_64)
