"""``tuxscope hello -- COMMAND``: traced from its first instruction to its end."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import pytest

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


def test_its_signal_is_in_the_status(tuxscope: Any) -> None:
    result = tuxscope("hello", "--", "sh", "-c", "kill -USR1 $$").finish()
    assert result.status == 128 + signal.SIGUSR1


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [
        ("no-such-command", 127, "cannot run no-such-command: no such command"),
        ("/etc/passwd", 126, "cannot run /etc/passwd: Permission denied"),
        ("/", 126, "cannot run /: Permission denied"),
    ],
)
def test_what_cannot_be_run(tuxscope: Any, command: str, status: int, says: str) -> None:
    result = tuxscope("hello", "--", command).finish()
    assert result.status == status
    assert result.stdout == ""
    assert result.stderr == f"tuxscope: {says}\n"


def test_it_runs_as_the_user_who_called_sudo(tuxscope: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("SUDO_UID", str(NOBODY))
    monkeypatch.setenv("SUDO_GID", str(NOBODY))
    result = tuxscope("hello", "--", "sh", "-c", "id -u; id -g; id -G; echo $USER $HOME").finish()
    uid, gid, groups, names, _ = result.stderr.splitlines()
    assert (uid, gid, groups) == (str(NOBODY), str(NOBODY), str(NOBODY))
    assert names == "nobody /nonexistent"


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


def test_duration_ends_the_command_even_if_it_will_not(tuxscope: Any) -> None:
    result = tuxscope(
        "hello", "--duration", "0.2", "--", "sh", "-c", "trap '' TERM; while :; do sleep 1; done"
    ).finish()
    assert result.status == 0


def test_killed_while_the_command_waits(tuxscope: Any) -> None:
    """The child never runs, and does not stay."""
    run = tuxscope("hello", "--", "sleep", "1000")
    run.process.kill()
    assert run.process.wait(10) == -signal.SIGKILL


def test_it_counts_exactly_under_load(tuxscope: Any) -> None:
    read, write = os.pipe()
    os.write(write, b"g")
    os.close(write)
    script = f"exec {' '.join(WRITER)} 50000 25000 '' <&0"
    result = tuxscope("hello", "--", "sh", "-c", script, stdin=read).finish()
    os.close(read)
    # and the one that says it is ready
    assert result.totals == (50_001, 0)
