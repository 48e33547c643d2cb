"""The arguments of calls about time, scheduling and limits, as strace -y 6.1 printed them."""

from __future__ import annotations

import struct

import pytest

from programs.syscall.arguments.reading import called, line, packed
from tuxscope.abi.architecture import Abi
from tuxscope.programs.syscall.arguments.text import arguments_json

A, B = 0x7FF100, 0x7FF200
F, G = 0x55863DA01100, 0x55863DA01104
TIMEOUT = {A: packed("ll", 1, 500)}
T = "{tv_sec=1, tv_nsec=500}"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((0, 5, A), f"FUTEX_WAIT, 5, {T}"),
        ((128, 5, 0), "FUTEX_WAIT_PRIVATE, 5, NULL"),
        (
            (9 | 128 | 256, 5, A, 0, -1),
            f"FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 5, {T}, FUTEX_BITSET_MATCH_ANY",
        ),
        ((9, 5, A, 0, 3), f"FUTEX_WAIT_BITSET, 5, {T}, 0x3"),
        ((10 | 128, 5, A, 0, 3), "FUTEX_WAKE_BITSET_PRIVATE, 5, 0x3"),
        ((1 | 128, 0x7FFFFFFF), "FUTEX_WAKE_PRIVATE, 2147483647"),
        ((3 | 128, 1, 2, G, 7), f"FUTEX_REQUEUE_PRIVATE, 1, 2, {G:#x}"),
        ((4, 1, 2, G, 7), f"FUTEX_CMP_REQUEUE, 1, 2, {G:#x}, 7"),
        ((12, 1, 2, G, 7), f"FUTEX_CMP_REQUEUE_PI, 1, 2, {G:#x}, 7"),
        (
            (5 | 128, 1, 2, G, 4 << 24 | 1),
            f"FUTEX_WAKE_OP_PRIVATE, 1, 2, {G:#x}, FUTEX_OP_SET<<28|0<<12|FUTEX_OP_CMP_GT<<24|0x1",
        ),
        (
            (5 | 128, 1, 2, G, 9 << 28 | 3 << 12 | 4 << 24 | 1),
            f"FUTEX_WAKE_OP_PRIVATE, 1, 2, {G:#x}, FUTEX_OP_OPARG_SHIFT<<28|FUTEX_OP_ADD<<28"
            "|0x3<<12|FUTEX_OP_CMP_GT<<24|0x1",
        ),
        ((7 | 128, 1, 2, G, 7), "FUTEX_UNLOCK_PI_PRIVATE"),
        ((8, 1, 2, G, 7), "FUTEX_TRYLOCK_PI"),
        ((6, 1, A, G, 7), f"FUTEX_LOCK_PI, {T}"),
        ((11, 1, 0, G, 7), f"FUTEX_WAIT_REQUEUE_PI, 1, NULL, {G:#x}"),
        ((99, 1, 2, G, 7), f"0x63 /* FUTEX_??? */, 1, 0x2, {G:#x}, 0x7"),
        ((1 | 256, 1, 2, G, 7), "0x101 /* FUTEX_??? */, 1"),
        ((0, 5, 1), "FUTEX_WAIT, 5, 0x1"),
    ],
)
def test_futex(values: tuple[int, ...], text: str) -> None:
    call = called("futex", F, *values, memory=TIMEOUT)
    assert line(call) == f"futex({F:#x}, {text}) = 0"


def test_futex_as_json() -> None:
    assert arguments_json(called("futex", F, 129, 1)) == {
        "uaddr": f"{F:#x}",
        "futex_op": "FUTEX_WAKE_PRIVATE",
        "val": 1,
    }


def test_clocks() -> None:
    memory = {A: packed("ll", 29026, 486609890)}
    assert line(called("clock_gettime", 1, A, memory=memory)) == (
        "clock_gettime(CLOCK_MONOTONIC, {tv_sec=29026, tv_nsec=486609890}) = 0"
    )
    assert line(called("clock_gettime", 12, A, memory=memory, result=-22)) == (
        f"clock_gettime(0xc /* CLOCK_??? */, {A:#x}) = -1 EINVAL"
    )
    assert line(called("clock_gettime", -2, A, memory=memory)).startswith(
        "clock_gettime(0xfffffffe /* CLOCK_??? */, {tv_sec=29026, "
    )


def test_clock_of_the_32_bit_abi() -> None:
    memory = {A: struct.pack("=ii", 5, -1)}
    assert line(called("clock_gettime", 0, A, memory=memory, abi=Abi.IA32)) == (
        "clock_gettime(CLOCK_REALTIME, {tv_sec=5, tv_nsec=-1}) = 0"
    )
    memory = {A: struct.pack("=qq", 1 << 40, 7)}
    assert line(called("clock_gettime64", 0, A, memory=memory, abi=Abi.IA32)) == (
        "clock_gettime64(CLOCK_REALTIME, {tv_sec=1099511627776, tv_nsec=7}) = 0"
    )


@pytest.mark.parametrize(
    ("result", "remainder"),
    [(0, f"{B:#x}"), (-22, f"{B:#x}"), (-4, "{tv_sec=4, tv_nsec=53604}")],
)
def test_only_an_interrupted_sleep_has_a_remainder(result: int, remainder: str) -> None:
    memory = {A: packed("ll", 5, 0), B: packed("ll", 4, 53604)}
    assert line(called("clock_nanosleep", 0, 1, A, B, result=result, memory=memory)).startswith(
        f"clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, {{tv_sec=5, tv_nsec=0}}, {remainder}) = "
    )


def test_time_of_day() -> None:
    memory = {A: packed("ll", 1795849834, 825209), B: packed("ii", 0, 0)}
    assert line(called("gettimeofday", A, B, memory=memory)) == (
        "gettimeofday({tv_sec=1795849834, tv_usec=825209}, {tz_minuteswest=0, tz_dsttime=0}) = 0"
    )


def test_interval_timers() -> None:
    memory = {A: packed("4l", 2, 500000, 5, 0), B: bytes(32)}
    assert line(called("setitimer", 0, A, B, memory=memory)) == (
        "setitimer(ITIMER_REAL, {it_interval={tv_sec=2, tv_usec=500000}, "
        "it_value={tv_sec=5, tv_usec=0}}, {it_interval={tv_sec=0, tv_usec=0}, "
        "it_value={tv_sec=0, tv_usec=0}}) = 0"
    )


def test_timers() -> None:
    event = packed("Qiii", 5, 10, 0, 0).ljust(64, b"\0")
    assert line(called("timer_create", 1, A, B, memory={A: event, B: bytes(4)})) == (
        "timer_create(CLOCK_MONOTONIC, {sigev_value={sival_int=5, sival_ptr=0x5}, "
        "sigev_signo=SIGUSR1, sigev_notify=SIGEV_SIGNAL}, [0]) = 0"
    )
    event = packed("Qiii", 5, 10, 4, 7940).ljust(64, b"\0")
    assert line(called("timer_create", 1, A, B, memory={A: event, B: packed("i", 3)})) == (
        "timer_create(CLOCK_MONOTONIC, {sigev_value={sival_int=5, sival_ptr=0x5}, "
        "sigev_signo=SIGUSR1, sigev_notify=SIGEV_THREAD_ID, sigev_notify_thread_id=7940}, [3]) = 0"
    )
    memory = {A: packed("4l", 0, 0, 50, 1)}
    files = {5: b"anon_inode:[timerfd]"}
    assert line(called("timerfd_settime", 5, 1, A, 0, memory=memory, files=files)) == (
        "timerfd_settime(5<anon_inode:[timerfd]>, TFD_TIMER_ABSTIME, "
        "{it_interval={tv_sec=0, tv_nsec=0}, it_value={tv_sec=50, tv_nsec=1}}, NULL) = 0"
    )
    assert line(called("timerfd_create", 1, 0o2004000, result=5, files=files)) == (
        "timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC|TFD_NONBLOCK) = 5<anon_inode:[timerfd]>"
    )


def test_limits() -> None:
    memory = {A: packed("QQ", 8192 * 1024, 0xFFFFFFFFFFFFFFFF), B: packed("QQ", 1025, 4096)}
    assert line(called("prlimit64", 0, 3, A, B, memory=memory)) == (
        "prlimit64(0, RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}, "
        "{rlim_cur=1025, rlim_max=4*1024}) = 0"
    )
    assert line(called("prlimit64", 7940, 99, 0, B, memory=memory, result=-22)) == (
        f"prlimit64(7940, 0x63 /* RLIMIT_??? */, NULL, {B:#x}) = -1 EINVAL"
    )
    names = "CPU FSIZE DATA STACK CORE RSS NPROC NOFILE MEMLOCK AS LOCKS SIGPENDING MSGQUEUE"
    for number, name in enumerate([*names.split(), "NICE", "RTPRIO", "RTTIME"]):
        assert f"getrlimit(RLIMIT_{name}, NULL)" in line(called("getrlimit", number, 0))
    memory = {A: struct.pack("=II", 1024, 0xFFFFFFFF)}
    assert line(called("getrlimit", 7, A, memory=memory, abi=Abi.IA32)) == (
        "getrlimit(RLIMIT_NOFILE, {rlim_cur=1024, rlim_max=RLIM_INFINITY}) = 0"
    )


def test_usage() -> None:
    memory = {A: packed("18l", 0, 0, 0, 2400, *[0] * 14)}
    assert line(called("getrusage", -1, A, memory=memory)) == (
        "getrusage(RUSAGE_CHILDREN, {ru_utime={tv_sec=0, tv_usec=0}, "
        "ru_stime={tv_sec=0, tv_usec=2400}, ...}) = 0"
    )


def test_cpus() -> None:
    assert line(
        called("sched_getaffinity", 0, 128, A, result=32, memory={A: packed("4Q", 3, 0, 0, 0)})
    ) == ("sched_getaffinity(0, 128, [0 1]) = 32")
    memory = {A: packed("QQ", 5, 3)}
    assert line(called("sched_setaffinity", 0, 16, A, memory=memory)) == (
        "sched_setaffinity(0, 16, [0 2 64 65]) = 0"
    )
    assert line(called("sched_setaffinity", 0, 0, A, memory=memory, result=-22)) == (
        "sched_setaffinity(0, 0, []) = -1 EINVAL"
    )


def test_policies() -> None:
    memory = {A: packed("i", 7)}
    assert line(called("sched_setscheduler", 0, 1, A, memory=memory)) == (
        "sched_setscheduler(0, SCHED_FIFO, [7]) = 0"
    )
    assert (
        line(called("sched_getscheduler", 0, result=1)) == "sched_getscheduler(0) = 1 (SCHED_FIFO)"
    )
    attributes = packed("IIQiIQQQII", 56, 3, 1, 0, 0, 1400000, 0, 0, 0, 0)
    assert line(called("sched_getattr", 0, A, 56, 0, memory={A: attributes})) == (
        "sched_getattr(0, {size=56, sched_policy=SCHED_BATCH, "
        "sched_flags=SCHED_FLAG_RESET_ON_FORK, sched_nice=0, sched_priority=0, "
        "sched_runtime=1400000, sched_deadline=0, sched_period=0, sched_util_min=0, "
        "sched_util_max=0}, 56, 0) = 0"
    )
    assert line(called("setpriority", 1, 0, -5)) == "setpriority(PRIO_PGRP, 0, -5) = 0"
    assert line(called("ioprio_set", 1, 0, 2 << 13 | 4)) == (
        "ioprio_set(IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)) = 0"
    )


def test_barriers() -> None:
    assert line(called("membarrier", 0, 0, result=3)) == (
        "membarrier(MEMBARRIER_CMD_QUERY, 0) = 0x3 "
        "(MEMBARRIER_CMD_GLOBAL|MEMBARRIER_CMD_GLOBAL_EXPEDITED)"
    )
    assert line(called("membarrier", 128, 1, 5, result=-1)) == (
        "membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_FLAG_CPU, 5) = -1 EPERM"
    )
    assert line(called("rseq", 0x7F06D4C39060, 0x20, 0, 0x53053053)) == (
        "rseq(0x7f06d4c39060, 0x20, 0, 0x53053053) = 0"
    )


def test_system() -> None:
    memory = {A: b"Linux".ljust(65, b"\0") + b"vm".ljust(65, b"\0") + bytes(260)}
    assert line(called("uname", A, memory=memory)) == (
        'uname({sysname="Linux", nodename="vm", ...}) = 0'
    )
    values = (28899, 336480, 126848, 63264, 25276510208, 24320753664, 9068544, 19226624, 0, 0)
    information = packed("l9QHxxxxxxQQI", *values, 109, 0, 0, 1).ljust(112, b"\0")
    assert line(called("sysinfo", A, memory={A: information})) == (
        "sysinfo({uptime=28899, loads=[336480, 126848, 63264], totalram=25276510208, "
        "freeram=24320753664, sharedram=9068544, bufferram=19226624, totalswap=0, freeswap=0, "
        "procs=109, totalhigh=0, freehigh=0, mem_unit=1}) = 0"
    )
    memory = {A: bytes(range(100))}
    assert line(called("getrandom", A, 3, 1, result=3, memory=memory)) == (
        'getrandom("\\x00\\x01\\x02", 3, GRND_NONBLOCK) = 3'
    )
    shown = "".join(f"\\x{byte:02x}" for byte in range(32))
    assert line(called("getrandom", A, 100, 0, result=100, memory=memory)) == (
        f'getrandom("{shown}"..., 100, 0) = 100'
    )
    assert (
        line(called("bpf", 5, A, 144, result=-1)) == f"bpf(BPF_PROG_LOAD, {A:#x}, 144) = -1 EPERM"
    )
