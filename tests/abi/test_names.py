"""Names of system calls: held to the kernel's own headers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tuxscope.abi.architecture import ARCHITECTURES, ARM64, S390X, X86_64, Abi, Architecture
from tuxscope.abi.names import groups, names, numbers, syscall_name

HEADERS = Path("/usr/include/x86_64-linux-gnu/asm")


@pytest.mark.parametrize(
    ("header", "abi"),
    [("unistd_64.h", Abi.X86_64), ("unistd_32.h", Abi.IA32), ("unistd_x32.h", Abi.X32)],
)
def test_numbers_are_those_of_the_header(header: str, abi: Abi) -> None:
    file = HEADERS / header
    if not file.exists():
        pytest.skip("the kernel's headers for x86-64 are not installed")
    found = dict(
        re.findall(r"#define __NR_(\w+) \(?(?:__X32_SYSCALL_BIT \+ )?(\d+)", file.read_text())
    )
    bit = 1 << 30 if abi is Abi.X32 else 0
    ours = numbers(abi)
    theirs = {name: int(number) + bit for name, number in found.items()}
    # Calls that Linux has no code for any more are not in the table.
    assert len(theirs.keys() - ours.keys()) < 30
    assert {name: ours[name] for name in theirs.keys() & ours} == {
        name: theirs[name] for name in theirs.keys() & ours
    }
    assert len(theirs.keys() & ours) > 300


@pytest.mark.parametrize("abi", Abi)
def test_a_number_has_one_name(abi: Abi) -> None:
    assert len(names(abi)) == len(numbers(abi)) > 300


@pytest.mark.parametrize("name", ["openat", "clone3", "restart_syscall", "rt_sigreturn", "execve"])
def test_all_abis_have_it(name: str) -> None:
    assert [abi for abi in Abi if name not in numbers(abi)] == []


def test_classes_are_of_known_calls() -> None:
    known = set().union(*(numbers(abi) for abi in Abi))
    assert set(groups()) == {"file", "network", "process", "memory", "signal", "ipc", "desc"}
    assert [each for each in groups().values() if not each <= known] == []


@pytest.mark.parametrize(
    ("architecture", "compat", "number", "name"),
    [
        (X86_64, False, 0, "read"),
        (X86_64, True, 20, "getpid@32"),
        (X86_64, False, 0x40000027, "getpid@x32"),
        (X86_64, False, 9999, "syscall_9999"),
        (X86_64, True, 9999, "syscall_9999@32"),
        (X86_64, False, -1, "syscall_-1"),
        (X86_64, False, 0xFFFFFFFF, "syscall_-1"),
        (ARM64, False, 63, "read"),
        (ARM64, True, 0xF0002, "cacheflush@32"),
        (ARM64, False, 0x40000000, "syscall_1073741824"),
        (S390X, False, 3, "read"),
        (S390X, True, 102, "socketcall@32"),
    ],
)
def test_name_of_a_call(architecture: Architecture, compat: bool, number: int, name: str) -> None:
    assert syscall_name(architecture, compat, number) == name


def test_machines_are_known_by_their_names() -> None:
    assert list(ARCHITECTURES) == ["x86_64", "aarch64", "s390x"]
