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
    """An enum: an ABI of system calls, by which a number has a name. The value, a str, is the
    column of syscalls.tsv.

    Members: X86_64 = "x86_64", IA32 = "ia32", X32 = "x32", ARM64 = "arm64", ARM = "arm",
    S390X = "s390x", S390 = "s390".
    """

    X86_64 = "x86_64"
    IA32 = "ia32"
    X32 = "x32"
    ARM64 = "arm64"
    ARM = "arm"
    S390X = "s390x"
    S390 = "s390"


@dataclass(frozen=True, slots=True)
class CompatTest:
    """A frozen dataclass: how a program tells a call of the 32-bit ABI: by bits of an integer.

    Attributes:
        in_task: whether the integer is in the kernel's ``task_struct``, whose members only BTF
            tells; else it is in the user's registers, ``pt_regs``.
        path: a str, the path of the integer's member in that struct.
        mask: an int with the bits to test.
        when_set: whether set bits mean the 32-bit ABI.
    """

    in_task: bool
    path: str
    mask: int
    when_set: bool


@dataclass(frozen=True, slots=True)
class Architecture:
    """A frozen dataclass: a machine and the ABIs of its kernel.

    Attributes:
        machine: a str, its name, as uname(2) reports it.
        native: the Abi of 64-bit calls.
        compat: the Abi of 32-bit calls.
        suffixes: a mapping of Abi to the str appended to the names of its calls, as in strace(1):
            ``open@32``.
        compat_test: the CompatTest by which a program tells a 32-bit call.
        abis: a tuple of Abi, a property.
    """

    machine: str
    native: Abi
    compat: Abi
    suffixes: Mapping[Abi, str]
    compat_test: CompatTest

    @property
    def abis(self) -> tuple[Abi, ...]:
        """The ABIs that it serves, a tuple of Abi, the native one first."""
        return tuple(self.suffixes)

    def abi(self, compat: bool, number: int) -> Abi:
        """Return the Abi of the call with ``number``, an int; ``compat``, a bool, is whether the
        test found a 32-bit call."""
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
    """Return the Architecture of the running machine; x86-64 if tuxscope does not know the
    machine."""
    return ARCHITECTURES.get(os.uname().machine, X86_64)
