"""``tuxscope syscall --simulate``: lines of synthetic calls, without a kernel."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tuxscope.abi.architecture import ARCHITECTURES, Architecture
from tuxscope.abi.names import numbers
from tuxscope.errors import TuxscopeError, UsageError
from tuxscope.options.calls import call_names
from tuxscope.output.lines import Style
from tuxscope.programs.syscall import simulated
from tuxscope.programs.syscall.options import SyscallOptions
from tuxscope.programs.syscall.simulated import run
from tuxscope.programs.syscall.timestamps import Timestamps

FIRST = r"""
make[2077] execve("/usr/bin/cc", ["/usr/bin/cc", "-O2", "-c", "hello.c"], 0x7ffc00000078 /* 3 vars */) = 0 <0.000018>
make[2077] exit_group(0) = ?
make[2077] +++ exited with 0 +++
postgres[1187] write(4<socket:[11877]>, "C\0\0\0\rSELECT 1\0Z\0\0\0\5I", 20) = 20 <0.000008>
nginx[901] clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=48168440}, NULL) = 0 <0.048169>
"""  # noqa: E501
# Of each kind of call one line, of many.
LATER = r"""
cat[1842] openat(AT_FDCWD</root>, "/etc/hosts", O_RDONLY|O_CLOEXEC) = 3</etc/hosts> <0.000038>
cat[1842] read(3</etc/hosts>, "127.0.0.1 localhost\n::1 localhos"..., 4096) = 34 <0.000010>
cat[1842] close(3</etc/hosts>) = 0 <0.000028>
nginx[901] read(5<pipe:[9011]>, "HTTP/1.1 200 OK\r", 16) = 16 <0.009886>
bash[1520] openat(AT_FDCWD</root>, "/root/.netrc", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory) <0.000021>
bash[1520] --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=1576, si_uid=1000, si_status=1, si_utime=0, si_stime=0} ---
bash[1520] wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 1}], WNOHANG, NULL) = 1576 <0.000020>
bash[1520] wait4(-1, 0x7ffc00000000, WNOHANG, NULL) = -1 ECHILD (No child processes) <0.000018>
postgres[1187] connect(4<socket:[11877]>, {sa_family=AF_INET, sin_port=htons(5432), sin_addr=inet_addr("192.0.2.7")}, 16) = -1 ECONNREFUSED (Connection refused) <0.008430>
"""  # noqa: E501


def lines(tmp_path: Path, **options: Any) -> list[str]:
    """The lines of a run, a hundred of them if nothing else is said."""
    file = tmp_path / "calls.txt"
    given = {"simulate": True, "count": 100, "timestamps": Timestamps.NONE} | options
    asked = SyscallOptions(**given, output=str(file))
    asked.check()
    assert run(asked) == 0
    return file.read_text().splitlines()


def test_the_lines_are_those_of_the_seed(tmp_path: Path) -> None:
    shown = lines(tmp_path)
    assert len(shown) == 100
    assert shown[:5] == FIRST.strip().splitlines()
    assert [each for each in LATER.strip().splitlines() if each not in shown] == []
    assert lines(tmp_path) == shown == lines(tmp_path, seed=0)
    assert lines(tmp_path, seed=1) != shown


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York"])
def test_the_time_of_day_is_the_same_in_each_time_zone(
    zone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        with monkeypatch.context() as patched:
            patched.setenv("TZ", zone)
            time.tzset()
            (line,) = lines(tmp_path, count=1, timestamps=Timestamps.TIME)
    finally:
        time.tzset()
    assert line.startswith("14:00:00.055243 make[2077] execve(")


def test_each_line_is_an_object(tmp_path: Path) -> None:
    objects = [json.loads(each) for each in lines(tmp_path, format=Style.JSON)]
    assert len(objects) == 100
    calls = [each for each in objects if "syscall" in each]
    read = next(each for each in calls if each["syscall"] == "read" and each["comm"] == "cat")
    assert read["args"]["fd"] == {"fd": 3, "path": "/usr/lib/locale/C.utf8/LC_TIME"}
    slept = {each["syscall"] for each in calls if each["slept"]}
    assert {"clock_nanosleep", "connect"} <= slept
    durations = {each["syscall"]: each["duration_ns"] for each in calls}
    assert durations.pop("exit_group") is None
    assert all(0 < each < 100_000_000 for each in durations.values())
    assert any(each.get("exited") == "exited with 1" for each in objects)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"pid": 1520}, r"bash\[1520\] "),
        ({"pid": 2077, "follow": True}, r"make\[2077\] "),
        ({"comm": b"bash"}, r"bash\[1520\] "),
        ({"comm": b"make"}, r"make\[2077\] "),
        ({"uid": 1000}, r"(make|bash|postgres|cat)\["),
        ({"failed": True}, r".* = -1 (ENOENT|ECHILD|ECONNREFUSED) "),
        ({"error": frozenset({10})}, r".* = -1 ECHILD "),
        ({"min": 0.005}, r".* <0\.0(0[5-9]|[1-9])"),
        ({"name": call_names("--name", "%process,close")}, r".* (execve|exit_group|wait4|close)\("),
    ],
)
def test_the_filters_choose(options: dict[str, Any], expected: str, tmp_path: Path) -> None:
    shown = lines(tmp_path, **options)
    assert len(shown) == 100
    assert [each for each in shown if not re.match(expected, each)] == []


def test_what_is_excluded_is_counted(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shown = lines(tmp_path, exclude=(1842, 901))
    assert not {"cat", "nginx"} & {each.partition("[")[0] for each in shown}
    assert re.search(
        r"tuxscope: 100 events, 0 lost, [0-9.]+ s, \d+ excluded", capfd.readouterr().err
    )


def test_strings_are_as_long_as_asked(tmp_path: Path) -> None:
    shown = lines(tmp_path, string_size=4)
    assert 'postgres[1187] write(4<socket:[11877]>, "C\\0\\0\\0"..., 20) = 20' in "\n".join(shown)


def test_there_are_no_other_processes(tmp_path: Path) -> None:
    with pytest.raises(TuxscopeError, match="there is no simulated process 5; there are 1 "):
        lines(tmp_path, pid=5)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"summary": True}, "--simulate and --summary conflict: synthetic calls have lines"),
        ({"cgroup": "/x"}, "--simulate and --cgroup conflict: --cgroup needs a kernel"),
        ({"command": ("ls",)}, "--simulate and -- COMMAND conflict"),
        ({"strict": True}, "--simulate and --strict conflict"),
        ({"simulate": False, "seed": 1}, "--seed needs --simulate"),
    ],
)
def test_what_needs_a_kernel_is_said(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        SyscallOptions(**{"simulate": True} | options).check()


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=lambda each: each.machine)
def test_each_architecture_has_the_same_lines(
    architecture: Architecture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = lines(tmp_path)
    monkeypatch.setattr(simulated, "this_architecture", lambda: architecture)
    assert lines(tmp_path) == here
    (execve,) = lines(tmp_path, count=1, format=Style.JSON)
    assert json.loads(execve)["nr"] == numbers(architecture.native)["execve"]
