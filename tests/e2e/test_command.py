"""``tuxscope hello -- COMMAND``: traced from its first instruction to its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from pace import LIMIT, fewer
from waiting import has_ended, read_line, wait_until

from e2e.harness import WRITER

pytestmark = pytest.mark.kernel

NOBODY = 65534


def test_all_its_writes_and_nothing_else(tuxscope: Any) -> None:
    script = "import os\nfor _ in range(1000): os.write(2, b'')\nos._exit(7)"
    result = tuxscope("hello", "--", sys.executable, "-S", "-c", script).finish()
    assert result.status == 7
    assert result.totals == (1000, 0)
    assert len({row[0] for row in result.rows}) == 1


def test_its_first_write_is_there(tuxscope: Any) -> None:
    result = tuxscope("hello", "--format", "json", "--", "echo", "hi").finish()
    assert [event["comm"] for event in result.objects] == ["echo"]
    assert result.stderr.startswith("hi\n")  # stdout is for records
    assert result.status == 0


@pytest.mark.one_kernel
def test_its_signal_is_in_the_status(tuxscope: Any) -> None:
    result = tuxscope("hello", "--", "sh", "-c", "kill -USR1 $$").finish()
    assert result.status == 128 + signal.SIGUSR1


@pytest.mark.one_kernel
@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        ("no-such-command", 127, "cannot run 'no-such-command': no such command"),
        ("/etc/passwd", 126, "cannot run '/etc/passwd': Permission denied"),
        ("/", 126, "cannot run '/': Permission denied"),
        ("", 126, "cannot run '': Invalid argument"),
    ],
)
def test_what_cannot_be_run(tuxscope: Any, command: str, status: int, says: str) -> None:
    result = tuxscope("hello", "--", command).finish()
    assert result.status == status
    assert result.stdout == ""
    assert result.stderr == f"tuxscope: {says}\n"


@pytest.mark.one_kernel
def test_it_runs_as_the_user_who_called_sudo(tuxscope: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("SUDO_UID", str(NOBODY))
    monkeypatch.setenv("SUDO_GID", str(NOBODY))
    result = tuxscope("hello", "--", "sh", "-c", "id -u; id -g; id -G; echo $USER $HOME").finish()
    uid, gid, groups, names, _ = result.stderr.splitlines()
    assert (uid, gid, groups) == (str(NOBODY), str(NOBODY), str(NOBODY))
    assert names == "nobody /nonexistent"


@pytest.mark.one_kernel
def test_signals_are_as_in_any_process(tuxscope: Any) -> None:
    """Python ignores SIGPIPE, and what it starts would as well."""
    result = tuxscope("hello", "--", "grep", "^SigIgn", "/proc/self/status").finish()
    assert int(result.stderr.split()[1], 16) & 1 << signal.SIGPIPE - 1 == 0


def test_a_signal_ends_the_command_too(tuxscope: Any) -> None:
    run = tuxscope("hello", "--", "sleep", "1000")
    run.wait_for_lines(1)
    run.signal(signal.SIGTERM)
    result = run.finish()
    assert result.status == 0
    assert result.totals[1] == 0


@pytest.mark.one_kernel
def test_duration_ends_the_command_even_if_it_will_not(tuxscope: Any) -> None:
    result = tuxscope(
        "hello", "--duration", "0.2", "--", "sh", "-c", "trap '' TERM; while :; do sleep 1; done"
    ).finish()
    assert result.status == 0


@pytest.mark.one_kernel
def test_a_second_signal_kills_a_stubborn_command(tuxscope: Any) -> None:
    run = tuxscope("hello", "--", "sh", "-c", "trap '' TERM; echo $$ >&2; exec sleep 1000")
    pid = int(read_line(run.process.stderr, "the command's PID"))
    for _ in range(100):  # two that come at once are one
        run.signal(signal.SIGTERM)
        try:
            assert run.process.wait(0.1) == 128 + signal.SIGTERM
        except subprocess.TimeoutExpired:
            continue
        break
    wait_until(lambda: has_ended(pid), "the end of the command")


# Says that Python is up, with Ctrl-C as entry.py leaves it, and goes on as the console script.
STARTED = """\
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.write(1, b"up")
from tuxscope.entry import main
sys.argv[1:] = ["hello", "--", "sleep", "1000"]
main()
"""


@pytest.mark.one_kernel
@pytest.mark.parametrize("delay", range(0, 300, 15))
def test_ctrl_c_for_the_whole_group_at_any_moment(delay: int) -> None:
    """As a terminal sends it: tuxscope and its command get it together."""
    run = subprocess.Popen(
        [sys.executable, "-c", STARTED],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert os.read(run.stdout.fileno(), 2) == b"up"
    time.sleep(delay / 1000)  # not to wait for something: the moment is what varies
    os.killpg(run.pid, signal.SIGINT)
    _, stderr = run.communicate(timeout=LIMIT)
    assert run.returncode in (0, -signal.SIGINT)
    assert re.fullmatch(rb"(tuxscope: \d+ events, 0 lost, \d\.\d s\n)?", stderr)


def test_killed_while_the_command_waits(tuxscope: Any) -> None:
    """The child never runs, and does not stay."""
    run = tuxscope("hello", "--", "sleep", "1000")
    run.process.kill()
    assert run.process.wait(LIMIT) == -signal.SIGKILL


def test_it_counts_exactly_under_load(tuxscope: Any) -> None:
    read, write = os.pipe()
    os.write(write, b"g")
    os.close(write)
    count = fewer(50_000)
    script = f"exec {' '.join(WRITER)} {count} {fewer(25_000)} '' <&0"
    result = tuxscope("hello", "--", "sh", "-c", script, stdin=read).finish()
    os.close(read)
    # and the one that says it is ready
    assert result.totals == (count + 1, 0)
