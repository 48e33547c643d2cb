"""``tuxscope syscall --summary``: each call once, by its name, with its errors and its end."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from pace import LIMIT, fewer
from waiting import has_ended, read_line, wait_until

from e2e.callers import NUMBERS, elf_32, in_call
from e2e.harness import Result, end
from tuxscope.loader.layout import RunningKernelLayout

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

PROGRAMS = 4  # that are attached
LAST = re.compile(
    r"tuxscope: (?P<calls>\d+) calls(?:, (?P<excluded>\d+) excluded)?"
    r"(?:, (?P<restarts>\d+) restarts)?, (?P<missed>\d+) missed, "
)
# Harmless with the arguments -1, 0, 0, 0, 0, 0: they fail, or change nothing.
HARMLESS = """
accept accept4 bind capget clock_getres clock_nanosleep close connect copy_file_range
dup dup3 epoll_ctl epoll_pwait eventfd2 execveat faccessat fadvise64 fallocate fchdir fchmod
fchmodat fchown fchownat fcntl fdatasync fgetxattr finit_module flistxattr flock fremovexattr
fsetxattr fstat fstatfs fsync ftruncate get_mempolicy get_robust_list getcpu getcwd getdents64
getegid geteuid getgid getgroups getitimer getpeername getpgid getpid getppid getpriority
getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid getuid
getxattr inotify_add_watch inotify_rm_watch io_cancel io_destroy io_getevents ioctl ioprio_get
kcmp kexec_file_load linkat listen listxattr lseek lstat madvise mincore mkdirat mknodat
mlock move_pages mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl
msgrcv msgsnd name_to_handle_at open_by_handle_at openat pidfd_send_signal pread64 preadv
prlimit64 process_vm_readv pwrite64 pwritev read readahead readlinkat readv recvfrom recvmsg
sched_get_priority_max sched_get_priority_min sched_getparam sched_getscheduler sched_yield semctl
semop sendmsg sendto setsockopt shmctl shutdown signalfd4 splice statfs symlinkat syncfs sysinfo
tee timer_delete timer_getoverrun timer_gettime timerfd_gettime timerfd_settime times uname
unlinkat utimensat vmsplice waitid write writev
""".split()


def hundred_calls() -> dict[str, list[int]]:
    """What caller.py needs for "repeated": 100 calls, each with its number and a count."""
    known = [each for each in HARMLESS if each in NUMBERS][:100]
    return {name: [NUMBERS[name], 1 + at % 7] for at, name in enumerate(known)}


@pytest.fixture
def summary(tuxscope: Any) -> Any:
    """Starts ``tuxscope syscall --summary``, and waits until it is attached."""

    def start(*arguments: object, programs: int = PROGRAMS, **options: Any) -> Any:
        run = tuxscope("syscall", "--summary", "--format", "json", *arguments, **options)
        run.wait_until_attached(programs)
        return run

    return start


def rows(result: Result, *keys: str) -> dict[Any, Any]:
    """The rows of the last table, by their key: a column, ``syscall`` if none is given, or a
    tuple of columns."""
    assert result.status == 0, result.stderr
    found = result.objects[-1]["rows"]
    key = itemgetter(*keys or ("syscall",))
    by_key = {key(each): each for each in found}
    assert len(by_key) == len(found)
    return by_key


def last_line(result: Result) -> dict[str, int]:
    match = LAST.search(result.stderr)
    assert match, result.stderr
    return {name: int(number or 0) for name, number in match.groupdict().items()}


def stopped(run: Any) -> Result:
    run.signal(signal.SIGINT)
    result: Result = run.finish()
    assert result.status == 0, result.stderr
    return result


def calls(result: Result) -> dict[str, tuple[int, int]]:
    """Calls and errors of the last table, by name, of what was made at all."""
    return {
        name: (each["calls"], each["errors"])
        for name, each in rows(result).items()
        if each["calls"]
    }


@pytest.mark.matrix
def test_each_call_is_counted_once(caller: Any, summary: Any) -> None:
    wanted = hundred_calls()
    assert len(wanted) == 100
    calling = caller("repeated", wanted)
    assert calling.tell() == b"w\n"
    run = summary("--pid", calling.pid)
    made = calling.make()
    result = stopped(run)
    found = calls(result)
    # What it also does: it is told to begin, and says what it did.
    for name in ("read", "write"):
        times, failed = made.get(name, (0, 0))
        made[name] = (times + 1, failed)
    ours = {name: tuple(each) for name, each in made.items()}
    assert {name: found.get(name) for name in ours} == ours
    own = {"brk", "clock_gettime", "mmap", "mremap", "munmap"}  # Python's, now and then
    assert found.keys() - ours.keys() <= own
    last = last_line(result)
    assert last["calls"] == sum(count for count, _ in found.values())
    assert last["missed"] == 0


def test_a_row_adds_up(caller: Any, summary: Any) -> None:
    calling = caller("repeated", {"getppid": [NUMBERS["getppid"], fewer(5000)]})
    calling.tell()
    run = summary("--pid", calling.pid)
    before = time.monotonic_ns()
    calling.make()
    passed = time.monotonic_ns() - before
    row = rows(stopped(run))["getppid"]
    assert row["calls"] == fewer(5000)
    assert row["errors"] == 0
    assert 0 < row["total_ns"] < passed
    assert row["avg_ns"] == row["total_ns"] // row["calls"]
    assert 0 < row["p50_ns"] <= row["p99_ns"] <= row["max_ns"] <= row["total_ns"]
    assert (row["in_flight"], row["oldest_ns"]) == (0, None)
    assert list(row) == [
        "syscall", "calls", "errors", "total_ns", "avg_ns", "p50_ns", "p99_ns", "max_ns",
        *(["slept_calls", "slept_ns"] if RunningKernelLayout().has_structs else ()),
        "in_flight", "oldest_ns",
    ]  # fmt: skip


def test_a_command_is_counted_as_strace_counts_it(tuxscope: Any, tmp_path: Path) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    # One child at a time: the SIGCHLDs of two that exit together may become one, and a pipe that
    # two write to is read in as many reads as it happens.
    script = "for i in 1 2 3; do ls /nowhere; x=$(cat /etc/passwd); done; true"
    command = ("sh", "-c", script)
    run = tuxscope("syscall", "--summary", "--format", "json", "--follow", "--", *command)
    found = calls(run.finish())
    file = tmp_path / "strace"
    done = subprocess.run(
        ["strace", "-f", "-c", "-o", str(file), *command],
        capture_output=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    if done.returncode:
        pytest.skip(f"strace does not run here: {done.stderr.decode()}")
    assert without_ends(found) == strace_counts(file)
    assert found["exit_group"] == (7, 0)


def strace_counts(file: Path) -> dict[str, tuple[int, int]]:
    """Calls and errors, by name, of what ``strace -c -o FILE`` has written."""
    rows = (line.split() for line in file.read_text().splitlines()[2:-2])
    return {row[-1]: (int(row[3]), int(row[4]) if len(row) == 6 else 0) for row in rows}


def without_ends(found: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Without the calls of which strace sees no end, and which it does not count."""
    return {name: each for name, each in found.items() if name not in ("exit", "exit_group")}


@pytest.mark.parametrize(
    ("what", "argument", "ends"),
    [
        ("repeated", hundred_calls(), 1),
        ("children", ["fork", 5], 6),
        ("children", ["posix_spawn", 5], 6),
        ("threads", 4, 5),
        ("denied", [NUMBERS["getpriority"], 7], 1),
    ],
    ids=["100 calls", "fork", "posix_spawn", "threads", "seccomp"],
)
def test_strace_counts_the_same_at_the_same_time(
    caller: Any, summary: Any, tmp_path: Path, what: str, argument: Any, ends: int
) -> None:
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    calling = caller(what, argument)
    if what == "repeated":
        assert calling.tell() == b"w\n"
    file = tmp_path / "strace"
    strace = subprocess.Popen(
        ["strace", "-f", "-c", "-o", str(file), "-p", str(calling.pid)], stderr=subprocess.PIPE
    )
    try:
        said = read_line(strace.stderr, "strace to be attached")
        if b"attached" not in said:
            pytest.skip(f"strace does not run here: {said.decode()}")
        run = summary("--pid", calling.pid, "--follow", programs=PROGRAMS + 1)
        calling.make()
        calling.wait()
        found = calls(run.finish())
        strace.wait(LIMIT)
    finally:
        end(strace)
    theirs = strace_counts(file)
    assert without_ends(found) == theirs
    assert sum(found.get(each, (0, 0))[0] for each in ("exit", "exit_group")) == ends
    if what == "repeated":
        assert argument.keys() <= theirs.keys()


@pytest.mark.matrix
@pytest.mark.skipif(platform.machine() != "x86_64", reason="int 0x80 is of x86")
def test_a_32_bit_call_of_a_64_bit_process_has_its_own_name(caller: Any, summary: Any) -> None:
    calling = caller("compat", 3)
    run = summary("--pid", calling.pid)
    if calling.process.poll() is not None:
        pytest.skip("this kernel has no int 0x80")
    made = calling.make()
    found = calls(stopped(run))
    assert made == [calling.pid] * 3
    assert found["getpid@32"] == (3, 0)
    assert "writev" not in found  # which has that number in 64 bits


@pytest.mark.matrix
@pytest.mark.skipif(platform.machine() != "x86_64", reason="its program is of x86")
def test_a_program_of_32_bits(tuxscope: Any, tmp_path: Path) -> None:
    """Its execve begins in one ABI and ends in the other."""
    program = tmp_path / "exits"
    program.write_bytes(elf_32(bytes.fromhex("b8 01 00 00 00 31 db cd 80")))  # exit(0)
    program.chmod(0o755)
    try:
        subprocess.run([program], timeout=LIMIT, check=True)
    except OSError:
        pytest.skip("this kernel runs no 32-bit programs")
    run = tuxscope("syscall", "--summary", "--format", "json", "--", program)
    assert calls(run.finish()) == {"execve": (1, 0), "exit@32": (1, 0)}


@pytest.mark.matrix
def test_execve_in_a_thread(caller: Any, summary: Any) -> None:
    calling = caller("exec")
    run = summary("--pid", calling.pid, "--by", "syscall")
    assert calling.tell() == b"r\n"  # the new program is
    wait_until(lambda: in_call(calling.pid) == "read", "the caller to wait", LIMIT, 0.005)
    found = rows(stopped(run))
    assert (found["execve"]["calls"], found["execve"]["errors"]) == (1, 0)
    assert found["execve"]["in_flight"] == 0
    assert found["execve"]["max_ns"] > 0
    assert found["read"]["in_flight"] == 1


@pytest.mark.matrix
@pytest.mark.parametrize("how", ["fork", "posix_spawn"])
def test_a_child_is_counted_by_its_parent_alone(caller: Any, summary: Any, how: str) -> None:
    calling = caller("children", [how, 5])
    run = summary("--pid", calling.pid, "--follow", programs=PROGRAMS + 1)
    calling.make()
    calling.wait()
    found = calls(run.finish())
    made = [found.get(each, (0, 0)) for each in ("fork", "vfork", "clone", "clone3")]
    assert sum(count for count, _ in made) == 5
    assert sum(count for _, count in made) == 0
    assert found["exit_group"] == (6, 0)
    assert found.get("execve") == ((5, 0) if how == "posix_spawn" else None)
    assert sum(found.get(each, (0, 0))[0] for each in ("wait4", "waitid")) == 5


def test_without_follow_children_are_not_counted(caller: Any, summary: Any) -> None:
    calling = caller("children", ["posix_spawn", 2])
    run = summary("--pid", calling.pid)
    calling.make()
    calling.wait()
    found = calls(run.finish())
    assert "execve" not in found
    assert found["exit_group"] == (1, 0)


@pytest.mark.matrix
def test_threads_end(caller: Any, summary: Any) -> None:
    calling = caller("threads", 4)
    run = summary("--pid", calling.pid)
    calling.make()
    calling.wait()
    assert calls(run.finish())["exit"] == (4, 0)


@pytest.mark.matrix
def test_what_seccomp_denies_is_a_call_that_failed(caller: Any, summary: Any) -> None:
    calling = caller("denied", [NUMBERS["getpriority"], 7])
    run = summary("--pid", calling.pid)
    assert calling.make() == [-1] * 7
    found = calls(stopped(run))
    assert found["getpriority"] == (7, 7)


@pytest.mark.matrix
@pytest.mark.parametrize("restarted", [True, False], ids=["SA_RESTART", "EINTR"])
def test_a_call_that_a_signal_interrupts(caller: Any, summary: Any, restarted: bool) -> None:
    calling = caller("interrupted", [NUMBERS["read"], restarted])
    run = summary("--pid", calling.pid, "--by", "syscall")
    made = calling.make()
    result = stopped(run)
    row = rows(result)["read"]
    assert made == ([1] if restarted else [-1, 1])
    # It looks into /proc, too, until it sleeps: those reads do not fail.
    assert row["errors"] == (0 if restarted else 1)
    assert last_line(result)["restarts"] == (2 if restarted else 0)
    assert "restart_syscall" not in rows(result)


def test_errors_by_name(caller: Any, summary: Any) -> None:
    calling = caller("interrupted", [NUMBERS["read"], False])
    run = summary("--pid", calling.pid, "--by", "error", "--name", "read")
    calling.make()
    found = rows(stopped(run), "error")
    assert set(found) == {"-", "EINTR"}
    assert (found["EINTR"]["calls"], found["EINTR"]["errors"]) == (1, 1)
    assert "in_flight" not in found["EINTR"]


@pytest.mark.matrix
def test_a_sleep_that_is_stopped_goes_on(caller: Any, summary: Any) -> None:
    """The kernel goes on by restart_syscall, and it is the same call."""
    calling = caller("sleep", 0.5)
    run = summary("--pid", calling.pid)
    assert calling.process.stdin
    calling.process.stdin.write(b"g\n")
    calling.process.stdin.flush()
    wait_until(lambda: "nanosleep" in in_call(calling.pid), "the sleep", LIMIT, 0.005)
    for number, letter in ((signal.SIGSTOP, "T"), (signal.SIGCONT, "S")):
        os.kill(calling.pid, number)
        wait_until(partial(is_in_state, calling.pid, letter), letter)
    assert json.loads(read_line(calling.process.stdout, "the end of the sleep")) is None
    result = stopped(run)
    found = calls(result)
    sleeps = [each for name, each in found.items() if "nanosleep" in name or "select" in name]
    assert sleeps == [(1, 0)]
    assert "restart_syscall" not in found
    assert last_line(result)["restarts"] == 1


def is_in_state(pid: int, letter: str) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == letter


@pytest.mark.matrix
def test_numbers_without_a_call(caller: Any, summary: Any) -> None:
    wanted = [9999, 9999, -1, 0x7FFFFFFF]
    calling = caller("number", wanted)
    run = summary("--pid", calling.pid)
    assert calling.make() == [-1] * 4
    found = calls(stopped(run))
    assert found["syscall_9999"] == (2, 2)
    assert sum(count for name, (count, _) in found.items() if name.startswith("syscall_")) == 4


def test_what_a_full_table_has_no_room_for_is_one_row(caller: Any, summary: Any) -> None:
    wanted = [*range(2000, 3500)] * 2
    calling = caller("number", wanted)
    run = summary("--pid", calling.pid)
    calling.make()
    result = stopped(run)
    found = calls(result)
    unnamed = {name: each for name, each in found.items() if name.startswith(("syscall_", "("))}
    assert sum(failed for _, failed in unnamed.values()) == len(wanted)
    assert unnamed.pop("(other)")[1] > 0
    assert set(unnamed.values()) == {(2, 2)}
    assert last_line(result)["missed"] == 0


@pytest.mark.matrix
@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 is of x86")
def test_a_call_of_x32(caller: Any, summary: Any) -> None:
    """Few kernels serve that ABI (Debian's with syscall.x32=y), and all say that it was called."""
    calling = caller("number", [0x40000027])
    run = summary("--pid", calling.pid, "--name", "getpid@x32")
    (made,) = calling.make()
    asked = "syscall.x32=y" in Path("/proc/cmdline").read_text().split()
    served = asked and "cloud" not in platform.release()  # which are built without it
    assert made == calling.pid if served else made in (-1, calling.pid)
    assert calls(stopped(run)) == {"getpid@x32": (1, int(made == -1))}


@pytest.mark.matrix
def test_sigkill_in_a_blocked_call(caller: Any, summary: Any) -> None:
    calling = caller("nothing")
    run = summary("--pid", calling.pid)
    calling.make()
    wait_until(lambda: in_call(calling.pid) == "read", "the caller to wait", LIMIT, 0.005)
    calling.process.kill()
    found = rows(run.finish())
    assert (found["read"]["calls"], found["read"]["errors"]) == (2, 0)
    assert found["read"]["in_flight"] == 0


@pytest.mark.matrix
def test_a_call_that_was_blocked_before(caller: Any, summary: Any) -> None:
    calling = caller("nothing")
    wait_until(lambda: in_call(calling.pid) == "read", "the caller to wait", LIMIT, 0.005)
    run = summary("--pid", calling.pid, "--interval", "200ms")
    run.wait_for_lines(1)
    calling.make()
    result = stopped(run)
    first, *_ = result.objects
    (row,) = first["rows"]
    assert (row["syscall"], row["calls"], row["in_flight"]) == ("read", 0, 1)
    assert 0 < row["oldest_ns"] < LIMIT * 1e9
    made: Counter[str] = Counter()
    for table in result.objects:
        made.update({each["syscall"]: each["calls"] for each in table["rows"]})
    assert (made["read"], made["write"]) == (1, 1)


def test_tables_of_an_interval_add_up(caller: Any, summary: Any) -> None:
    times = fewer(3000)
    calling = caller("repeated", {"getppid": [NUMBERS["getppid"], times]})
    calling.tell()
    run = summary("--pid", calling.pid, "--interval", "100ms", "--name", "getppid")
    run.wait_for_lines(1)
    calling.make()
    run.wait_for_lines(3)
    result = stopped(run)
    tables = [{each["syscall"]: each["calls"] for each in one["rows"]} for one in result.objects]
    assert sum(each.get("getppid", 0) for each in tables) == times
    assert last_line(result)["calls"] == times


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (("--name", "getppid"), {"getppid": (3, 0)}),
        (("--name", "getppid,%file"), {"getppid": (3, 0), "openat": (5, 5)}),
        (("--name", "!getppid,%file,read,write"), {"close": (4, 4)}),
        (("--failed",), {"close": (4, 4), "openat": (5, 5)}),
        (("--error", "EBADF"), {"close": (4, 4)}),
        (("--error", "EBADF,EFAULT", "--name", "%file"), {"openat": (5, 5)}),
        (("--min", "30s"), {}),
        (("--comm", "nobody"), {}),
        (("--uid", "4294967294"), {}),
    ],
    ids=" ".join,
)
def test_what_is_chosen(
    caller: Any, summary: Any, option: tuple[str, ...], expected: dict[str, tuple[int, int]]
) -> None:
    wanted = {
        name: [NUMBERS[name], times]
        for name, times in (("getppid", 3), ("close", 4), ("openat", 5))
    }
    calling = caller("repeated", wanted)
    calling.tell()
    run = summary("--pid", calling.pid, *option)
    calling.make()
    found = calls(stopped(run))
    memory = {"brk", "mmap", "munmap", "mremap"}
    assert {name: each for name, each in found.items() if name not in memory} == expected


@pytest.mark.matrix
def test_processes_by_name_and_user(caller: Any, summary: Any) -> None:
    calling = caller("repeated", {"getppid": [NUMBERS["getppid"], 6]})
    calling.tell()
    comm = Path(f"/proc/{calling.pid}/comm").read_text().strip()
    run = summary("--comm", comm, "--uid", os.getuid(), "--by", "process", "--name", "getppid")
    calling.make()
    found = rows(stopped(run), "pid")
    assert (found[calling.pid]["comm"], found[calling.pid]["calls"]) == (comm, 6)


def test_threads_are_told_apart(caller: Any, summary: Any) -> None:
    calling = caller("threads", 3)
    run = summary("--pid", calling.pid, "--by", "thread")
    calling.make()
    found = rows(stopped(run), "tid")
    assert len(found) == 4
    assert {each["pid"] for each in found.values()} == {calling.pid}


@pytest.mark.matrix
def test_excluded_processes_are_counted_as_such(caller: Any, summary: Any) -> None:
    calling = caller("repeated", {"getppid": [NUMBERS["getppid"], 50]})
    calling.tell()
    run = summary("--exclude", calling.pid, "--by", "process")
    calling.make()
    result = stopped(run)
    # A process that executes another program has a row for each of its names.
    assert calling.pid not in {pid for pid, _ in rows(result, "pid", "comm")}
    assert last_line(result)["excluded"] >= 50


@pytest.mark.matrix
def test_a_cgroup(caller: Any, summary: Any) -> None:
    root = next(
        (line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()
         if line.split()[2] == "cgroup2"), None,
    )  # fmt: skip
    if root is None or os.stat(root).st_ino != 1:
        pytest.skip("the hierarchy of cgroup v2 is not mounted")
    outer = Path(root, f"tuxscope-{os.getpid()}")
    inner = outer / "inner"
    try:
        inner.mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"no cgroup can be made: {error}")
    calling = None
    try:
        calling = caller("repeated", {"getppid": [NUMBERS["getppid"], 6]})
        calling.tell()
        (inner / "cgroup.procs").write_text(str(calling.pid))
        run = summary("--cgroup", f"/{outer.name}", "--by", "cgroup", "--name", "getppid")
        calling.make()
        found = rows(stopped(run), "cgroup")
        assert {name: each["calls"] for name, each in found.items()} == {f"/{outer.name}/inner": 6}
    finally:
        if calling:
            calling.process.kill()
            calling.process.wait(LIMIT)
            wait_until(lambda: has_ended(calling.pid), "the caller's end")
        for each in (inner, outer):
            wait_until(partial(removed, each), "the cgroup to be empty")


def removed(directory: Path) -> bool:
    with contextlib.suppress(OSError):
        directory.rmdir()
    return not directory.exists()


def test_a_histogram(caller: Any, summary: Any) -> None:
    calling = caller("repeated", {"getppid": [NUMBERS["getppid"], 500]})
    calling.tell()
    run = summary("--pid", calling.pid, "--hist", "getppid")
    calling.make()
    found = rows(stopped(run), "nsecs")
    assert sum(each["calls"] for each in found.values()) == 500
    assert all(ns & ns - 1 == 0 for ns in found)


@pytest.mark.matrix
def test_calls_that_sleep(caller: Any, summary: Any) -> None:
    if not RunningKernelLayout().has_structs:
        pytest.skip("this kernel does not say which calls sleep")
    calling = caller("sleep", 0.2)
    run = summary("--pid", calling.pid)
    calling.make()
    found = rows(stopped(run))
    (name,) = [each for each in found if "nanosleep" in each or "select" in each]
    row = found[name]
    assert (row["calls"], row["slept_calls"]) == (1, 1)
    assert row["total_ns"] == row["slept_ns"] >= 2e8


def test_text(caller: Any, tuxscope: Any) -> None:
    run = tuxscope("syscall", "--summary", "--", "true")
    result = run.finish()
    head, first, *_ = result.stdout.splitlines()
    assert head.split()[:8] == "SYSCALL CALLS ERRORS TOTAL AVG P50 P99 MAX".split()
    assert head.endswith("%TIME  IN FLIGHT")
    assert re.fullmatch(r"\S+ +\d+ +\d+ +(\d[\d.]*(ns|us|ms|s) +){5}.*", first)


@pytest.mark.matrix
def test_a_fast_flood_is_counted(summary: Any, tuxscope: Any) -> None:
    count = fewer(100_000)
    command = ("dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={count}", "status=none")
    run = tuxscope(
        "syscall", "--summary", "--format", "json", "--name", "read,write", "--", *command
    )
    result = run.finish()
    found, missed = calls(result), last_line(result)["missed"]
    assert count - missed <= found["write"][0] <= count
    assert count - missed <= found["read"][0] <= count + 10  # the libraries' ELF headers


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--summary", "--name", "raed"), "did you mean read?"),
        (("--summary", "--error", "ENOEND"), "did you mean ENOENT?"),
        (("--summary", "--uid", "no-such-user"), "--uid takes a user id or name"),
        (("--summary", "--by", "file"), "--by is syscall, process, thread, error or cgroup"),
        (("--summary", "--min", "-1"), "--min takes seconds"),
        (("--summary", "--hist", "%file"), "--hist takes one system call"),
        (("--summary", "--hist", "read", "--name", "read"), "--hist and --name conflict"),
        (("--summary", "--comm"), "not nothing"),
        (("--summary", "--sort", "nothing"), "there is no column nothing"),
        (("--summary", "--cgroup", "/no/such/cgroup"), "cgroup"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_bad_input_is_one_line(tuxscope: Any, arguments: tuple[str, ...], problem: str) -> None:
    result = tuxscope("syscall", *arguments).finish()
    assert result.status == 2
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""
