"""Loads that fail without a word from the verifier: what it was, and what to type."""

from __future__ import annotations

import ctypes
import errno
import resource
import subprocess
import sys
from dataclasses import replace
from enum import IntEnum
from typing import Any

import pytest
from circumstances import USER_NAMESPACE, under, without
from pace import LIMIT

from loader.texts import one_line
from tuxscope.asm import Assembler, Program, RawTracepoint, r0, r1, r3
from tuxscope.loader import bpf, failed_load, verification
from tuxscope.loader.bpf_attributes import ProgLoad
from tuxscope.loader.privilege import Capability, PrivilegeError
from tuxscope.loader.program import load
from tuxscope.loader.verification import LogLevel
from tuxscope.loader.verifier import LoadError, VerifierError

pytestmark = pytest.mark.kernel

ALL = frozenset(Capability)


def program(count: int = 0, wrong: bool = False) -> Program:
    a = Assembler("sample", attach=RawTracepoint())
    a.mov(r0, 0)
    for _ in range(count):
        a.add(r0, 1)
    if wrong:
        a.mov(r0, r3)
    a.exit()
    return a.program(check=False)


def refused(given: Program, kind: type[Exception] = LoadError, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        load(given, **options)
    assert type(caught.value) is kind
    line = one_line(caught)
    assert line.startswith(f"the kernel did not load {given.name}: ")
    return line


def ends_with(number: int, log: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every load fail with this errno, and with this log where there is a buffer for one."""

    def refuse(attributes: ProgLoad) -> Any:
        if attributes.log_buf:
            ctypes.memmove(attributes.log_buf, log + b"\0", len(log) + 1)
        raise OSError(number, "no")

    monkeypatch.setattr(bpf, "prog_load", refuse)


SCRIPT = """
from tuxscope.asm import *
from tuxscope.errors import TuxscopeError
from tuxscope.loader.program import load
a = Assembler("sample", attach={attach})
a.mov(r0, 0)
a.exit()
try:
    load(a.program(check=False))
except TuxscopeError as error:
    print(type(error).__name__, error)
"""


def said_by_a_child(attach: str, *prefix: str) -> str:
    script = SCRIPT.format(attach=attach)
    done = subprocess.run(
        [*prefix, sys.executable, "-c", script],
        capture_output=True, text=True, check=True, timeout=LIMIT,
    )  # fmt: skip
    return done.stdout


@pytest.mark.one_kernel
@pytest.mark.parametrize(
    ("attach", "dropped", "needs"),
    [
        ("RawTracepoint()", "sys_admin,bpf,perfmon", "CAP_BPF and CAP_PERFMON"),
        ("RawTracepoint()", "sys_admin,perfmon", "CAP_PERFMON"),
        ("Xdp()", "sys_admin,net_admin", "CAP_NET_ADMIN"),
        ("SocketFilter()", "sys_admin,bpf", "CAP_BPF"),
    ],
)
def test_the_missing_capability_is_named(attach: str, dropped: str, needs: str) -> None:
    assert said_by_a_child(attach, *without(*dropped.split(","))) == (
        "PrivilegeError the kernel did not load sample: not privileged: "
        f"it needs {needs}; run it with sudo\n"
    )


@pytest.mark.one_kernel
def test_root_of_a_user_namespace_is_told_so() -> None:
    said = said_by_a_child("RawTracepoint()", *under(*USER_NAMESPACE))
    assert "this process is in a user namespace" in said


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("in_user_namespace", "run it outside of the container"),
        ("locked_down", "boot with lockdown=integrity"),
        ("seccomp_filtered", "seccomp=unconfined"),
    ],
)
def test_what_forbids_it_is_named(
    function: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_with(errno.EPERM, b"", monkeypatch)
    for each in ("in_user_namespace", "locked_down", "seccomp_filtered"):
        monkeypatch.setattr(failed_load, each, lambda yes=each == function: yes)
    monkeypatch.setattr(failed_load, "effective_capabilities", lambda: ALL)
    assert says in refused(program(), PrivilegeError)


def test_locked_memory_comes_last(monkeypatch: pytest.MonkeyPatch) -> None:
    ends_with(errno.EPERM, b"", monkeypatch)
    monkeypatch.setattr(failed_load, "in_user_namespace", lambda: False)
    monkeypatch.setattr(failed_load, "seccomp_filtered", lambda: False)
    monkeypatch.setattr(bpf, "raise_memlock", lambda: False)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (64 << 10, 64 << 10))
    said = refused(program(), PrivilegeError)
    assert "the limit is 64 KiB; try: ulimit -l unlimited" in said
    infinite = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda _: (infinite, infinite))
    assert "although no capability is missing" in refused(program(), PrivilegeError)


class Unheard(IntEnum):
    """A program type that no kernel has."""

    UNHEARD_OF = 200


def test_a_program_type_that_the_kernel_has_not() -> None:
    class Nowhere(RawTracepoint):
        type = Unheard.UNHEARD_OF  # type: ignore[assignment]

    said = refused(replace(program(), attach=Nowhere()))
    assert said.endswith("this kernel does not support programs of type unheard_of (EINVAL)")


def test_a_name_that_the_kernel_does_not_take() -> None:
    named = program()
    object.__setattr__(named, "name", "a b")  # a Program would not take it either
    assert "the kernel rejects the name 'a b' (EINVAL)" in refused(named)


def test_what_cannot_be_told_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    real = bpf.prog_load

    def refuse(attributes: ProgLoad) -> Any:
        if attributes.insn_cnt > 2:
            raise OSError(errno.EINVAL, "no")
        return real(attributes)

    monkeypatch.setattr(bpf, "prog_load", refuse)
    assert "(EINVAL), and the verifier gives no reason" in refused(program(5))


@pytest.mark.parametrize("number", [errno.EINVAL, errno.E2BIG])
def test_lines_that_the_kernel_does_not_take(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    real = bpf.prog_load

    def refuse(attributes: ProgLoad) -> Any:
        if attributes.line_info_cnt:
            raise OSError(number, "no")
        return real(attributes)

    monkeypatch.setattr(bpf, "prog_load", refuse)
    assert "the program's line info" in refused(program())


@pytest.mark.one_kernel
def test_more_instructions_than_a_program_may_have() -> None:
    short = program()
    one = short.instructions[0]
    long = replace(short, instructions=(*[one] * 1_000_000, short.instructions[-1]))
    assert refused(long).endswith(
        "it has 1,000,001 instruction slots; the limit is 1,000,000 (E2BIG)"
    )


def test_without_cap_bpf_it_may_have_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    ends_with(errno.E2BIG, b"", monkeypatch)
    monkeypatch.setattr(failed_load, "effective_capabilities", frozenset)
    said = refused(program(5000))
    assert "it has 5,002 instruction slots; the limit is 4,096, or 1,000,000 with CAP_" in said


@pytest.mark.parametrize(
    ("number", "log", "kind", "says"),
    [
        (errno.EACCES, b"", PrivilegeError, "a security module (LSM) denied it; see: dmesg"),
        (errno.ENOMEM, b"", LoadError, "not enough free memory"),
        (errno.E2BIG, b"", LoadError, "this kernel is too old for an attribute of the load"),
        (errno.EIO, b"", LoadError, "Input/output error (EIO); the kernel gives no reason"),
        (524, b"processed 2 insns (limit 1000000)\n", LoadError, "the JIT compiler fails"),
        (errno.EINVAL, b"processed 2 insns\n", LoadError, "the JIT compiler fails"),
    ],
)
def test_each_errno_says_what_it_is(
    number: int, log: bytes, kind: type[Exception], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends_with(number, log, monkeypatch)
    assert says in refused(program(), kind)


def test_a_full_log_is_never_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux 6.4 and later keep the log's end, where the reason stands, older ones do not."""
    monkeypatch.setattr(verification, "FIRST_LOG", 4096)
    monkeypatch.setattr(verification, "LARGEST_LOG", 4096)
    monkeypatch.setattr(verification, "LARGEST_LOG_BEFORE", 4096)
    with pytest.raises(VerifierError) as caught:
        load(program(500, wrong=True))
    assert "ENOSPC" not in one_line(caught)
    assert caught.value.cause == "uninitialised-register"


def test_a_full_log_without_its_end_is_asked_for_its_last_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    levels = []

    def refuse(attributes: ProgLoad) -> Any:
        levels.append(attributes.log_level)
        if attributes.log_level == LogLevel.STATS:
            log = b"R3 !read_ok\nverification time 30 usec\nprocessed 3 insns (limit 1000000)\n"
            ctypes.memmove(attributes.log_buf, log, len(log))
            raise OSError(errno.EACCES, "no")
        if attributes.log_level:
            ctypes.memmove(attributes.log_buf, b"0: (b7) r0 = 0\n", 15)
            raise OSError(errno.ENOSPC, "no")
        raise OSError(errno.EACCES, "no")

    monkeypatch.setattr(bpf, "prog_load", refuse)
    with pytest.raises(VerifierError) as caught:
        load(program(wrong=True))
    assert caught.value.cause == "uninitialised-register"
    assert caught.value.log.startswith("0: (b7) r0 = 0\nR3 !read_ok\n")
    assert levels[-1] == LogLevel.STATS
    assert set(levels[1:-1]) == {LogLevel.LEVEL1}


def test_a_log_whose_end_is_lost_is_not_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    ends_with(errno.ENOSPC, b"0: (b7) r0 = 0\n", monkeypatch)
    assert "and the reason is at its end; make the program shorter" in refused(program())


def test_a_kernel_that_takes_no_bigger_log(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    real = bpf.prog_load

    def refuse(attributes: ProgLoad) -> Any:
        sizes.append(attributes.log_size)
        if attributes.log_size > 2048:
            raise OSError(errno.EINVAL, "no")
        return real(attributes)

    monkeypatch.setattr(bpf, "prog_load", refuse)
    monkeypatch.setattr(verification, "FIRST_LOG", 1024)
    monkeypatch.setattr(verification, "LARGEST_LOG_BEFORE", 2048)
    with pytest.raises(LoadError):
        load(program(500, wrong=True), log_level=LogLevel.LEVEL1)
    assert sizes[:3] == [1024, 2048, verification.LARGEST_LOG]


@pytest.mark.one_kernel
def test_a_log_longer_than_older_kernels_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verification, "FIRST_LOG", verification.LARGEST_LOG_BEFORE)
    a = Assembler("sample", attach=RawTracepoint())
    a.mov(r1, 0)
    a.label("again")
    a.add(r1, 1)
    a.jne(r1, 180_000, "again")
    a.mov(r0, r3)
    a.exit()
    with pytest.raises(VerifierError) as caught:
        load(a.program(check=False), log_level=LogLevel.LEVEL1)
    assert len(caught.value.log) > verification.LARGEST_LOG_BEFORE
    assert caught.value.slot == 3


def test_statistics_alone_still_tell_why() -> None:
    with pytest.raises(VerifierError) as caught:
        load(program(1, wrong=True), log_level=LogLevel.STATS)
    assert caught.value.slot == 2
    assert "2: (bf) r0 = r3" in caught.value.log


@pytest.mark.parametrize(
    ("level", "shows", "hides"),
    [
        (LogLevel.NONE, "", "processed"),
        (LogLevel.LEVEL1, "processed 2 insns", "verification time"),
        (LogLevel.LEVEL2, "0: (b7) r0 = 0", "verification time"),
        (LogLevel.STATS, "verification time", "(b7) r0 = 0"),
        (LogLevel.LEVEL2 | LogLevel.STATS, "verification time", "nothing of this"),
        (4, "stack depth", "(b7)"),
    ],
)
def test_the_levels_of_an_accepted_program(level: int, shows: str, hides: str) -> None:
    with load(program(), log_level=level) as loaded:
        assert shows in loaded.log
        assert hides not in loaded.log


@pytest.mark.parametrize("level", [8, -1, True, "1"])
def test_a_level_that_is_none(level: Any) -> None:
    with pytest.raises(LoadError, match=r"use LogLevel\.LEVEL1, LEVEL2 or STATS"):
        load(program(), log_level=level)
