"""The arguments of calls about signals, as strace -y 6.1 printed them."""

from __future__ import annotations

import struct
from unittest import mock

import pytest

from programs.syscall.arguments.reading import called, line, packed
from tuxscope.abi.architecture import X86_64, Abi
from tuxscope.programs.syscall.arguments import signals
from tuxscope.programs.syscall.arguments.declarations import declaration
from tuxscope.programs.syscall.arguments.siginfo import siginfo_text
from tuxscope.programs.syscall.arguments.signal_names import signal_name
from tuxscope.programs.syscall.arguments.signals import set_text

A, B = 0x7FF100, 0x7FF200
ALL = 0xFFFFFFFFFFFFFFFF
INT_CHLD = 1 << 1 | 1 << 16


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        (0, "[]"),
        (INT_CHLD, "[INT CHLD]"),
        (1 << 1 | 1 << 39, "[INT RT_8]"),
        (ALL & ~(3 << 31), "~[RTMIN RT_1]"),
        (ALL & ~(1 << 8 | 1 << 18), "~[KILL STOP]"),
        (ALL, "~[]"),
        # 42 of 64 are more than two thirds, and 41 are not
        (ALL << 22 & ALL, None),
        (
            ALL << 23 & ALL,
            "[XCPU XFSZ VTALRM PROF WINCH IO PWR SYS RTMIN "
            + " ".join(f"RT_{number}" for number in range(1, 33))
            + "]",
        ),
    ],
)
def test_sets(bits: int, text: str | None) -> None:
    got = set_text(bits.to_bytes(8, "little"), 8)
    assert got == text if text else str(got).startswith("~[HUP INT")


def test_a_set_of_two_words_has_the_low_signals_first() -> None:
    assert set_text(struct.pack("=2I", 1 << 1, 1 << 7), 4) == "[INT RT_8]"


def test_names() -> None:
    numbers = (0, 1, 29, 31, 32, 33, 34, 64, 65, -1)
    assert [signal_name(each) for each in numbers] == [
        "0", "SIGHUP", "SIGIO", "SIGSYS", "SIGRTMIN", "SIGRT_1", "SIGRT_2", "SIGRT_32", "65", "-1",
    ]  # fmt: skip


def test_sigaction() -> None:
    flags = 0x04000000 | 0x10000000 | 0x40000000
    action = packed("QQQQ", 0x55863D9FD309, flags, 0x7F4E18486050, 1 << 1 | 1 << 39)
    memory = {A: action, B: bytes(32)}
    assert line(called("rt_sigaction", 10, A, B, 8, memory=memory)) == (
        "rt_sigaction(SIGUSR1, {sa_handler=0x55863d9fd309, sa_mask=[INT RT_8], "
        "sa_flags=SA_RESTORER|SA_RESTART|SA_NODEFER, sa_restorer=0x7f4e18486050}, "
        "{sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0"
    )
    flags = 0xFFFFFFFF00001000 | 0x04000000 | 0x08000000 | 0x80000000 | 0x4 | 0x1 | 0x2
    memory = {A: packed("QQQQ", 1, flags, 0x7F4E18486050, ALL & ~(3 << 31))}
    assert line(called("rt_sigaction", 12, A, 0, 8, memory=memory)) == (
        "rt_sigaction(SIGUSR2, {sa_handler=SIG_IGN, sa_mask=~[RTMIN RT_1], "
        "sa_flags=SA_RESTORER|SA_ONSTACK|SA_RESETHAND|SA_SIGINFO|SA_NOCLDSTOP|SA_NOCLDWAIT"
        "|0xffffffff00001000, sa_restorer=0x7f4e18486050}, NULL, 8) = 0"
    )
    assert line(called("rt_sigaction", 5, 1, 2, 8, result=-14)) == (
        "rt_sigaction(SIGTRAP, 0x1, 0x2, 8) = -1 EFAULT"
    )


def test_sigaction_of_the_32_bit_abi() -> None:
    memory = {A: struct.pack("=IIIII", 0x8048000, 0, 0, 2, 0)}
    assert line(called("rt_sigaction", 2, A, 0, 8, memory=memory, abi=Abi.IA32)) == (
        "rt_sigaction(SIGINT, {sa_handler=0x8048000, sa_mask=[INT], sa_flags=0}, NULL, 8) = 0"
    )


def test_sigprocmask() -> None:
    memory = {A: packed("Q", INT_CHLD), B: packed("Q", ALL & ~(1 << 8 | 1 << 18))}
    assert line(called("rt_sigprocmask", 2, A, B, 8, memory=memory)) == (
        "rt_sigprocmask(SIG_SETMASK, [INT CHLD], ~[KILL STOP], 8) = 0"
    )
    assert line(called("rt_sigprocmask", 7, A, 0, 8, memory=memory, result=-22)) == (
        "rt_sigprocmask(0x7 /* SIG_??? */, [INT CHLD], NULL, 8) = -1 EINVAL"
    )
    assert line(called("rt_sigprocmask", 0, A, 0, 4, memory=memory, result=-22)) == (
        f"rt_sigprocmask(SIG_BLOCK, {A:#x}, NULL, 4) = -1 EINVAL"
    )


def test_kill() -> None:
    assert line(called("kill", 7940, 2)) == "kill(7940, SIGINT) = 0"
    assert line(called("kill", -1000000, 64, result=-3)) == "kill(-1000000, SIGRT_32) = -1 ESRCH"
    assert line(called("tgkill", 7940, 7941, 0)) == "tgkill(7940, 7941, 0) = 0"


def test_sigtimedwait() -> None:
    info = packed("3i4xiI", 2, 0, 0, 7940, 0).ljust(48, b"\0")
    memory = {A: packed("Q", INT_CHLD), B: info, 0x9000: packed("ll", 0, 0)}
    assert line(called("rt_sigtimedwait", A, B, 0x9000, 8, result=2, memory=memory)) == (
        "rt_sigtimedwait([INT CHLD], {si_signo=SIGINT, si_code=SI_USER, si_pid=7940, si_uid=0}, "
        "{tv_sec=0, tv_nsec=0}, 8) = 2 (SIGINT)"
    )


def test_sigreturn() -> None:
    # uc_flags, uc_link, uc_stack, sigcontext, uc_sigmask on x86-64
    before = {A: bytes(296) + packed("Q", 1 << 1)}
    with mock.patch.object(signals, "this_architecture", return_value=X86_64):
        declaration.cache_clear()
        try:
            call = called("rt_sigreturn", stack=A, before=before)
        finally:
            declaration.cache_clear()
    assert line(call) == "rt_sigreturn({mask=[INT]}) = 0"
    assert line(called("rt_sigreturn", before={})) == "rt_sigreturn() = 0"


def test_alternate_stack() -> None:
    memory = {A: packed("QixxxxQ", 0x558640EBF2A0, 0, 10000), B: packed("QixxxxQ", 0, 2, 0)}
    assert line(called("sigaltstack", A, B, memory=memory)) == (
        "sigaltstack({ss_sp=0x558640ebf2a0, ss_flags=0, ss_size=10000}, "
        "{ss_sp=NULL, ss_flags=SS_DISABLE, ss_size=0}) = 0"
    )


def test_signalfd() -> None:
    call = called(
        "signalfd4", -1, A, 8, 0o2004000, result=3, memory={A: bytes(8)}, files={3: b"anon"}
    )
    assert line(call) == "signalfd4(-1, [], 8, SFD_CLOEXEC|SFD_NONBLOCK) = 3<anon>"


@pytest.mark.parametrize(
    ("info", "text"),
    [
        (
            packed("3i4xiIi4xqq", 17, 0, 1, 15003, 0, 3, 0, 0),
            "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=15003, si_uid=0, si_status=3, "
            "si_utime=0, si_stime=0}",
        ),
        (
            packed("3i4xiIi4xqq", 17, 0, 2, 15004, 0, 9, 0, 0),
            "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=15004, si_uid=0, si_status=SIGKILL, "
            "si_utime=0, si_stime=0}",
        ),
        (
            packed("3i4xiIQ", 40, 0, -1, 10846, 0, ALL),
            "{si_signo=SIGRT_8, si_code=SI_QUEUE, si_pid=10846, si_uid=0, si_int=-1, "
            "si_ptr=0xffffffffffffffff}",
        ),
        (
            packed("3i4xiIQ", 40, 0, -1, 10846, 0, 0),
            "{si_signo=SIGRT_8, si_code=SI_QUEUE, si_pid=10846, si_uid=0}",
        ),
        (
            packed("3i4xiIQ", 40, 0, -2, 1, 0, 0),
            "{si_signo=SIGRT_8, si_code=SI_TIMER, si_timerid=0x1, si_overrun=0, si_int=0, "
            "si_ptr=NULL}",
        ),
        (packed("3i4xiIQ", 14, 0, 128, 0, 0, 0), "{si_signo=SIGALRM, si_code=SI_KERNEL}"),
        (
            packed("3i4xQ", 11, 0, 1, 5),
            "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x5}",
        ),
        (
            packed("3i4xiIQ", 41, 0, 1, 65, 0, 3),
            "{si_signo=SIGRT_9, si_code=0x1, si_pid=65, si_uid=0, si_int=3, si_ptr=0x3}",
        ),
        (
            packed("3i4xiIQ", 40, 3, -77, 0, 0, 0),
            "{si_signo=SIGRT_8, si_code=0xffffffb3, si_errno=ESRCH, si_pid=0, si_uid=0}",
        ),
        (bytes(48), "{}"),
        (b"", None),
    ],
)
def test_siginfo(info: bytes, text: str | None) -> None:
    assert siginfo_text(info.ljust(48, b"\0") if info else info) == text


def test_siginfo_of_the_32_bit_abi() -> None:
    info = struct.pack("=3iiIiii", 17, 0, 1, 5, 6, 3, 0, 0).ljust(48, b"\0")
    assert siginfo_text(info, 4) == (
        "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=5, si_uid=6, si_status=3, si_utime=0, "
        "si_stime=0}"
    )
