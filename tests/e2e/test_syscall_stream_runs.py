"""Runs of ``tuxscope syscall``: where the lines go, which calls are chosen, how threads end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pace import LIMIT
from waiting import wait_until

from e2e.callers import NUMBERS, in_call
from e2e.traced import MARK, Traced, bare
from tuxscope.loader.layout import RunningKernelLayout

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

needs_structs = pytest.mark.skipif(
    not RunningKernelLayout().has_structs, reason="this kernel does not say how threads end"
)
ECHO = ("sh", "-c", "echo from the command; exit 7")


def test_a_command_keeps_stdout(tuxscope: Any) -> None:
    result = tuxscope("syscall", "--", *ECHO).finish()
    assert (result.status, result.stdout) == (7, "from the command\n")
    assert "exit_group(7) = ?" in result.stderr
    assert re.search(r"\ntuxscope: \d+ events, 0 lost, ", result.stderr)


def test_lines_in_a_file(tuxscope: Any, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_text("what was there\n" * 1000)
    result = tuxscope("syscall", "--output", file, "--", *ECHO).finish()
    assert (result.status, result.stdout) == (7, "from the command\n")
    assert result.stderr.count("\n") == 1
    assert "exit_group(7) = ?" in file.read_text()
    assert "what was there\n" not in file.read_text()


def test_lines_on_stdout(tuxscope: Any) -> None:
    result = tuxscope("syscall", "--output", "-", "--", *ECHO).finish()
    assert result.status == 7
    assert "exit_group(7) = ?" in result.stdout
    assert "from the command\n" in result.stderr
    assert "exit_group" not in result.stderr


@pytest.mark.parametrize("file", ["/dev/full", "/nowhere/at/all"])
def test_a_file_that_cannot_be_written(tuxscope: Any, file: str) -> None:
    result = tuxscope("syscall", "--output", file, "--", "true").finish()
    assert result.status == 1
    reason = "No space left on device" if file == "/dev/full" else "No such file or directory"
    assert reason in result.stderr
    assert "Traceback" not in result.stderr


def test_a_pipe_that_closes(tuxscope: Any, caller: Any) -> None:
    calling = caller("repeated", {"getppid": [NUMBERS["getppid"], 20000]})
    calling.tell()
    run = tuxscope("syscall", "--pid", calling.pid, reading=False)
    run.wait_until_attached(5)
    run.process.stdout.close()
    calling.make()
    assert run.process.wait(LIMIT) in (0, 141, -signal.SIGPIPE)


def test_ctrl_c(stream: Any, caller: Any) -> None:
    calling = caller("repeated", {"getppid": [NUMBERS["getppid"], 3]})
    calling.tell()
    run = stream("--pid", calling.pid, "--name", "getppid")
    calling.make()
    run.signal(signal.SIGINT)
    result = run.finish()
    assert result.status == 0
    assert result.totals == (3, 0)
    assert result.stdout.count("getppid() = ") == 3


def test_without_privileges(tuxscope: Any) -> None:
    prefix = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    done = subprocess.run(
        [*prefix, "true"], capture_output=True, timeout=LIMIT, check=False
    )  # fmt: skip
    if done.returncode or not os.access(sys.executable, os.X_OK):
        pytest.skip("setpriv does not run here")
    result = tuxscope("syscall", prefix=prefix).finish()
    if "tuxscope: " not in result.stderr:
        pytest.skip(f"no other user may run it: {result.stderr}")
    assert result.status == 1
    assert "sudo" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--name", "getppid"), {"getppid": 3}),
        (("--name", "getppid,%file"), {"getppid": 3, "openat": 5}),
        (("--name", "!getppid,%file,read,write"), {"close": 4}),
        (("--failed",), {"close": 4, "openat": 5}),
        (("--error", "EBADF"), {"close": 4}),
        (("--error", "EBADF,EFAULT", "--name", "%file"), {"openat": 5}),
        (("--min", "30s", "--name", "getppid,close"), {}),
        (("--name", "getppid", "--comm", "nobody"), {}),
        (("--name", "getppid", "--uid", "4294967294"), {}),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_is_chosen(
    stream: Any, caller: Any, options: tuple[str, ...], expected: dict[str, int]
) -> None:
    wanted = {
        name: [NUMBERS[name], times]
        for name, times in (("getppid", 3), ("close", 4), ("openat", 5))
    }
    calling = caller("repeated", wanted)
    calling.tell()
    run = stream("--pid", calling.pid, "--format", "json", *options)
    calling.make()
    calling.wait()
    found: dict[str, int] = {}
    for each in run.finish().objects:
        assert "syscall" in each, "signals and ends have no lines where some calls are chosen"
        found[each["syscall"]] = found.get(each["syscall"], 0) + 1
    own = {"brk", "mmap", "munmap", "mremap", "rt_sigaction", "exit_group"}
    assert {name: count for name, count in found.items() if name not in own} == expected


def test_by_name_and_user_without_excluded_ones(stream: Any, caller: Any) -> None:
    callings = [caller("repeated", {"getppid": [NUMBERS["getppid"], 6]}) for _ in range(2)]
    for each in callings:
        each.tell()
    ours, theirs = callings
    comm = Path(f"/proc/{ours.pid}/comm").read_text().strip()
    run = stream(
        "--comm", comm, "--uid", os.getuid(), "--exclude", theirs.pid, "--name", "getppid",
        "--format", "json",
    )  # fmt: skip
    theirs.make()
    ours.make()
    run.wait_for_text(f'"pid":{ours.pid},'.encode(), 6)
    run.signal(signal.SIGINT)
    pids = [each["pid"] for each in run.finish().objects]
    assert pids.count(ours.pid) == 6
    assert theirs.pid not in pids


def test_count(stream: Any, caller: Any) -> None:
    calling = caller("repeated", {"getppid": [NUMBERS["getppid"], 50]})
    calling.tell()
    run = stream("--pid", calling.pid, "--name", "getppid", "--count", "7")
    calling.make()
    result = run.finish()
    assert (result.status, result.stdout.count("\n")) == (0, 7)


@needs_structs
def test_threads_have_lines_of_their_own(stream: Any, caller: Any) -> None:
    calling = caller("threads", 3)
    run = stream("--pid", calling.pid, "--format", "json")
    calling.make()
    calling.wait()
    found = run.finish().objects
    assert {each["pid"] for each in found} == {calling.pid}
    ends = [each["tid"] for each in found if each.get("exited") == "exited with 0"]
    assert len(set(ends)) == len(ends) == 4
    assert [each["tid"] for each in found if each.get("syscall") == "exit"] == ends[:3]
    assert ends[3] == calling.pid


@pytest.mark.parametrize("how", ["fork", "posix_spawn"])
@pytest.mark.parametrize("follow", [True, False])
def test_children(stream: Any, caller: Any, how: str, follow: bool) -> None:
    calling = caller("children", [how, 2])
    run = stream("--pid", calling.pid, "--format", "json", *["--follow"] * follow)
    calling.make()
    calling.wait()
    found = [each for each in run.finish().objects if "syscall" in each]
    made = [each for each in found if each["syscall"] in ("fork", "vfork", "clone", "clone3")]
    assert [each["pid"] for each in made] == [calling.pid] * 2
    children = {each["pid"] for each in found} - {calling.pid}
    assert children == ({each["ret"] for each in made} if follow else set())
    executions = sum(each["syscall"] == "execve" for each in found)
    assert executions == (2 if follow and how == "posix_spawn" else 0)


def test_execve_in_a_thread(stream: Any, caller: Any) -> None:
    calling = caller("exec")
    run = stream("--pid", calling.pid, "--format", "json", "--name", "execve")
    assert calling.tell() == b"r\n"  # the new program is
    run.wait_for_lines(1)
    run.signal(signal.SIGINT)
    (call,) = run.finish().objects
    assert (call["syscall"], call["ret"], call["pid"]) == ("execve", 0, calling.pid)
    assert call["duration_ns"] > 0
    assert sys.executable in json.dumps(call["args"])


@pytest.mark.matrix
def test_what_seccomp_denies(stream: Any, caller: Any) -> None:
    """The kernel has no entry of it, only an exit."""
    calling = caller("denied", [NUMBERS["getpriority"], 3])
    run = stream("--pid", calling.pid, "--format", "json", "--name", "getpriority")
    calling.make()
    calling.wait()
    found = run.finish().objects
    known = [(each["ret"], each["error"], each["duration_ns"]) for each in found]
    assert known == [(-1, "EPERM", None)] * 3


@pytest.mark.parametrize("restarted", [True, False], ids=["SA_RESTART", "EINTR"])
def test_a_restarted_call_has_one_line(stream: Any, caller: Any, restarted: bool) -> None:
    calling = caller("interrupted", [NUMBERS["read"], restarted])
    run = stream("--pid", calling.pid, "--format", "json")
    calling.make()
    calling.wait()
    result = run.finish()
    found = [each for each in result.objects if each.get("tid") == calling.pid]
    if not RunningKernelLayout().has_structs:
        pytest.skip("this kernel does not say which calls sleep")
    read = [each for each in found if each.get("syscall") == "read" and each["slept"]]
    results = [each["error"] or each["ret"] for each in read]
    assert results[: 1 if restarted else 2] == ([1] if restarted else ["EINTR", 1])
    assert sum(each.get("signal") == "SIGALRM" for each in found) == (2 if restarted else 1)
    assert not any(each.get("syscall") == "restart_syscall" for each in found)
    assert (", 2 restarts" in result.stderr) == restarted


@needs_structs
def test_a_thread_that_exits(traced: Traced) -> None:
    found = traced.lines("os._exit(3)", status=3)
    assert found[-2:] == ["exit_group(3) = ?", "+++ exited with 3 +++"]


@needs_structs
def test_a_blocked_process_is_killed(stream: Any, caller: Any) -> None:
    calling = caller("nothing")
    run = stream("--pid", calling.pid, "--timestamps", "none")
    calling.make()
    wait_until(lambda: in_call(calling.pid) == "read", "the caller to wait", LIMIT, 0.005)
    os.kill(calling.pid, signal.SIGTERM)
    lines = [bare(each) for each in run.finish().stdout.splitlines()]
    assert lines[-1] == "+++ killed by SIGTERM +++"
    assert re.fullmatch(r"read\(0.* <unfinished \.\.\.>", lines[-2])


def test_a_signal(traced: Traced) -> None:
    found = traced.lines("""
LIBC.signal(10, LIBC.abs)
call("kill", os.getpid(), 10)
""")
    assert MARK not in found
    at = next(at for at, line in enumerate(found) if line.startswith("--- "))
    assert re.fullmatch(r"kill\(\d+, SIGUSR1\) = 0", found[at - 1])
    assert re.fullmatch(
        r"--- SIGUSR1 \{si_signo=SIGUSR1, si_code=SI_USER, si_pid=\d+, si_uid=\d+\} ---",
        found[at],
    )


def test_a_call_that_was_blocked_before_has_no_duration(stream: Any, caller: Any) -> None:
    calling = caller("nothing")
    wait_until(lambda: in_call(calling.pid) == "read", "the caller to wait", LIMIT, 0.005)
    run = stream("--pid", calling.pid, "--format", "json")
    calling.make()
    calling.wait()
    first = run.finish().objects[0]
    assert (first["syscall"], first["ret"], first["duration_ns"]) == ("read", 2, None)
