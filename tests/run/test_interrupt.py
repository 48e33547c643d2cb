"""What asks a run to finish, and what ends it at once."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pace import LIMIT

SCRIPT = """\
import os, signal
from tuxscope.run.interrupt import Interrupt

now = 1000.0

def send(name):
    os.kill(os.getpid(), getattr(signal, f"SIG{name}"))

%s
with Interrupt(clock=lambda: now) as interrupt:
    interrupt.last_acts.append(lambda: os.write(1, b"one "))
    interrupt.last_acts.append(lambda: os.write(1, b"two"))
    for word in %r:
        if word[0].isdigit():
            now += float(word)
        else:
            send(word)
    print(interrupt.requested)
"""


def run(names: str, before: str = "") -> tuple[int, str]:
    """Status and output of a process that gets these signals, one after the other; a number among
    them is how many seconds go by."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT % (before, names.split())],
        capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert not done.stderr
    return done.returncode, done.stdout.strip()


@pytest.mark.parametrize("names", ["INT", "TERM", "HUP", "HUP HUP HUP", "TERM HUP", "INT HUP HUP"])
def test_signals_that_ask_to_finish(names: str) -> None:
    """SIGHUP comes from the terminal and from the shell in it, and with SIGTERM from systemd."""
    assert run(names) == (0, "True")


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ("INT 0.25 INT", 130),
        ("TERM 0.25 TERM", 143),
        ("INT 0.15 INT 0.15 INT", 130),
        ("INT TERM", 143),
        ("TERM INT", 130),
        ("HUP TERM", 143),
        ("HUP INT", 130),
    ],
)
def test_a_second_one_leaves_at_once(names: str, status: int) -> None:
    assert run(names) == (status, "one two")


@pytest.mark.parametrize("names", ["INT INT", "TERM TERM", "INT 0.15 INT", "INT INT INT HUP"])
def test_one_that_arrives_twice_is_one_request(names: str) -> None:
    """``timeout -s INT 1 tuxscope hello`` signals tuxscope, and then all of its process group."""
    assert run(names) == (0, "True")


def test_sighup_that_arrives_ignored_stays_so() -> None:
    ignore = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    assert run("HUP", ignore) == (0, "False")
    assert run("HUP TERM", ignore) == (0, "True")


def test_the_others_are_caught_where_they_arrive_ignored() -> None:
    """Shells ignore them for what runs in the background; ``kill -INT`` is meant."""
    assert run("INT", "signal.signal(signal.SIGINT, signal.SIG_IGN)") == (0, "True")
