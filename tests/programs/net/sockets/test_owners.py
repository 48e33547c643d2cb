"""Who holds a socket, after fork(2) and without the names that we would give."""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from waiting import wait_until

from tuxscope.programs.net.sockets import Owner, owners

# The package has the function.
MODULE = importlib.import_module("tuxscope.programs.net.sockets.owners")
PR_SET_NAME = 15
NAME = b"two\n\xffwords"


def comm() -> bytes:
    with open("/proc/self/comm", "rb") as file:
        return file.read()[:-1]


def inode(sock: socket.socket) -> int:
    return os.fstat(sock.fileno()).st_ino


@contextmanager
def child() -> Iterator[int]:
    """The PID of a copy of this process that has another name."""
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).prctl(PR_SET_NAME, NAME)
        signal.pause()
        os._exit(0)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_our_own_and_only_what_was_asked_for() -> None:
    with socket.socket() as one, socket.socket() as other:
        assert owners({inode(one)}) == {inode(one): Owner(os.getpid(), comm())}
        assert owners({inode(one), inode(other)}).keys() == {inode(one), inode(other)}
        assert owners(()) == {}
        assert owners({0}) == {}


def test_of_two_holders_the_lowest_pid() -> None:
    with socket.socket() as held:
        number = inode(held)
        with child() as pid:
            named = {pid: NAME, os.getpid(): comm()}
            lowest = min(named)
            expected = {number: Owner(lowest, named[lowest])}
            wait_until(lambda: owners({number}) == expected, f"the owner {expected}")
            held.close()
            expected = {number: Owner(pid, NAME)}
            wait_until(lambda: owners({number}) == expected, f"the owner {expected}")
        assert owners({number}) == {}


def test_what_is_no_process_any_more_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "pids", lambda: [2**30, os.getpid()])
    with socket.socket() as held:
        assert owners({inode(held)}) == {inode(held): Owner(os.getpid(), comm())}


def test_who_ended_before_telling_a_name_is_no_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "_comm", lambda pid: None)
    with socket.socket() as held:
        assert owners({inode(held)}) == {}
