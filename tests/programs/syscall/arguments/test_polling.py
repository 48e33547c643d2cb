"""Calls that wait for descriptors are shown as strace(1) shows them."""

from __future__ import annotations

import ctypes
import os
import select
import struct
from collections.abc import Iterator

import pytest

from programs.syscall.arguments.live import ARCHITECTURE, NUMBERS, made, text
from tuxscope.programs.syscall.arguments.text import arguments_text

PACKED = ARCHITECTURE.machine == "x86_64"


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """The ends of a pipe with 5 bytes in it."""
    reading, writing = os.pipe()
    os.write(writing, b"hello")
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.fixture
def epoll() -> Iterator[int]:
    """A descriptor of epoll(7)."""
    with select.epoll() as made:
        yield made.fileno()


def name(descriptor: int) -> str:
    """Return a descriptor as text: ``3<pipe:[5]>``."""
    return f"{descriptor}<{os.readlink(f'/proc/self/fd/{descriptor}')}>"


def poll_set(*wanted: tuple[int, int]) -> bytes:
    """Return an array of struct pollfd."""
    return b"".join(struct.pack("=ihh", *each, 0) for each in wanted)


def event(events: int, data: int) -> bytes:
    """Return a struct epoll_event."""
    return struct.pack("=IQ" if PACKED else "=I4xQ", events, data)


def test_ppoll(ends: tuple[int, int]) -> None:
    wanted = poll_set((ends[0], select.POLLIN), (ends[1], select.POLLERR), (-1, 0))
    reading, writing = map(name, ends)
    assert text("ppoll", wanted, 3, None, None, 8) == (
        f"ppoll([{{fd={reading}, events=POLLIN}}, {{fd={writing}, events=POLLERR}}, {{fd=-1}}], "
        f"3, NULL, NULL, 8) = 1 ([{{fd={ends[0]}, revents=POLLIN}}])"
    )


def test_ppoll_without_any() -> None:
    now = struct.pack("=qq", 0, 0)
    assert text("ppoll", poll_set((-1, 5)), 1, now, None, 8) == (
        "ppoll([{fd=-1}], 1, {tv_sec=0, tv_nsec=0}, NULL, 8) = 0 (Timeout)"
    )
    assert text("ppoll", None, 0, now, None, 8) == (
        "ppoll(NULL, 0, {tv_sec=0, tv_nsec=0}, NULL, 8) = 0 (Timeout)"
    )
    assert text("ppoll", 1, 1, now, None, 8) == (
        "ppoll(0x1, 1, {tv_sec=0, tv_nsec=0}, NULL, 8) = -1 EFAULT (Bad address)"
    )


def test_ppoll_shows_the_rest_of_the_time(ends: tuple[int, int]) -> None:
    shown = text("ppoll", poll_set((ends[0], 1)), 1, struct.pack("=qq", 99, 0), None, 8)
    assert f"= 1 ([{{fd={ends[0]}, revents=POLLIN}}], left {{tv_sec=9" in shown


@pytest.mark.skipif("poll" not in NUMBERS, reason="a call of x86-64 and s390x")
def test_poll_shows_at_most_32(ends: tuple[int, int]) -> None:
    shown = text("poll", poll_set(*[(ends[1], select.POLLOUT)] * 40), 40, 0)
    assert shown.count("events=POLLOUT") == 64
    assert shown.count(", ...]") == 2


def test_select() -> None:
    empty = bytes(128)
    now = struct.pack("=qq", 0, 0)
    assert text("pselect6", 9, empty, None, empty, now, None) == (
        "pselect6(9, [], NULL, [], {tv_sec=0, tv_nsec=0}, NULL) = 0 (Timeout)"
    )


def test_select_shows_what_was_ready(ends: tuple[int, int]) -> None:
    reading, writing = ends
    wanted = [(1 << each).to_bytes(128, "little") for each in ends]
    shown = text("pselect6", max(ends) + 1, *wanted, None, struct.pack("=qq", 99, 0), None)
    assert shown.startswith(
        f"pselect6({max(ends) + 1}, [{reading}], [{writing}], NULL, {{tv_sec=99, tv_nsec=0}}, "
        f"NULL) = 2 (in [{reading}], out [{writing}], left {{tv_sec=9"
    )


def test_epoll(epoll: int, ends: tuple[int, int]) -> None:
    it, reading = name(epoll), name(ends[0])
    asked = event(select.EPOLLIN | 1 << 31, 0x500000003)
    data = "data={u32=3, u64=21474836483}"
    assert text("epoll_ctl", epoll, 1, ends[0], asked) == (
        f"epoll_ctl({it}, EPOLL_CTL_ADD, {reading}, {{events=EPOLLIN|EPOLLET, {data}}}) = 0"
    )
    room = ctypes.create_string_buffer(100)
    address = f"{ctypes.addressof(room):#x}"
    assert text("epoll_pwait", epoll, room, 4, -1, None, 8) == (
        f"epoll_pwait({it}, [{{events=EPOLLIN, {data}}}], 4, -1, NULL, 8) = 1"
    )
    assert text("epoll_pwait", epoll, room, 4, 0, None, 8) == (
        f"epoll_pwait({it}, [], 4, 0, NULL, 8) = 0"
    )
    assert text("epoll_pwait", epoll, room, 0, 0, None, 8) == (
        f"epoll_pwait({it}, {address}, 0, 0, NULL, 8) = -1 EINVAL (Invalid argument)"
    )
    assert text("epoll_ctl", epoll, 2, ends[0], None) == (
        f"epoll_ctl({it}, EPOLL_CTL_DEL, {reading}, NULL) = 0"
    )
    assert arguments_text(made("epoll_ctl", epoll, 7, ends[0], event(0, 1 << 32))) == (
        f"{it}, 0x7 /* EPOLL_CTL_??? */, {reading}, {{events=0, data={{u32=0, u64=4294967296}}}}"
    )
