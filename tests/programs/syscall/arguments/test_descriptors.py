"""Calls on descriptors are shown as strace(1) shows them."""

from __future__ import annotations

import ctypes
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from programs.syscall.arguments.live import made, text
from tuxscope.programs.syscall.arguments.text import arguments_json, arguments_text


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[int]:
    """A descriptor of a file with 12 bytes."""
    path = tmp_path / "y"
    path.write_bytes(b"hello world\n")
    descriptor = os.open(path, os.O_RDWR)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[int]:
    """A descriptor of an empty file."""
    descriptor = os.open(tmp_path / "z", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def name(descriptor: int) -> str:
    """Return a descriptor as text: ``3</tmp/y>``."""
    return f"{descriptor}<{os.readlink(f'/proc/self/fd/{descriptor}')}>"


def array(*vectors: tuple[int, int]) -> bytes:
    """Return an array of struct iovec."""
    return b"".join(struct.pack("=QQ", *each) for each in vectors)


def test_fcntl_flags(opened: int) -> None:
    it = name(opened)
    flags = fcntl.fcntl(opened, fcntl.F_GETFL)
    assert text("fcntl", opened, fcntl.F_GETFL) == (
        f"fcntl({it}, F_GETFL) = {flags:#x} (flags O_RDWR|O_LARGEFILE)"
    )
    assert text("fcntl", opened, fcntl.F_GETFD) == (
        f"fcntl({it}, F_GETFD) = 0x1 (flags FD_CLOEXEC)"
    )
    assert text("fcntl", opened, fcntl.F_SETFD, 0) == f"fcntl({it}, F_SETFD, 0) = 0"
    assert text("fcntl", opened, fcntl.F_GETFD) == f"fcntl({it}, F_GETFD) = 0"
    assert text("fcntl", opened, fcntl.F_SETFD, 1) == f"fcntl({it}, F_SETFD, FD_CLOEXEC) = 0"
    assert text("fcntl", opened, fcntl.F_SETFL, os.O_APPEND | os.O_NONBLOCK | 2) == (
        f"fcntl({it}, F_SETFL, O_RDWR|O_APPEND|O_NONBLOCK) = 0"
    )
    assert text("fcntl", opened, 777, 3) == (
        f"fcntl({it}, 0x309 /* F_??? */, 0x3) = -1 EINVAL (Invalid argument)"
    )


def test_fcntl_duplicates(opened: int) -> None:
    call = made("fcntl", opened, fcntl.F_DUPFD_CLOEXEC, 50)
    os.close(call.result)
    assert arguments_text(call) == f"{name(opened)}, F_DUPFD_CLOEXEC, 50"
    assert call.result >= 50
    assert arguments_json(call)["arg"] == 50


def test_fcntl_locks(opened: int) -> None:
    it = name(opened)
    lock = struct.pack("=hh4xqqi4x", fcntl.F_WRLCK, 0, 1, 5, 0)
    shown = "{l_type=F_WRLCK, l_whence=SEEK_SET, l_start=1, l_len=5}"
    assert text("fcntl", opened, fcntl.F_SETLK, lock) == f"fcntl({it}, F_SETLK, {shown}) = 0"
    found = "{l_type=F_UNLCK, l_whence=SEEK_SET, l_start=1, l_len=5, l_pid=0}"
    assert text("fcntl", opened, fcntl.F_GETLK, lock) == f"fcntl({it}, F_GETLK, {found}) = 0"
    wrong = struct.pack("=hh4xqqi4x", 7, 9, 1, 5, 0)
    shown = "{l_type=0x7 /* F_??? */, l_whence=0x9 /* SEEK_??? */, l_start=1, l_len=5}"
    assert text("fcntl", opened, fcntl.F_SETLK, wrong) == (
        f"fcntl({it}, F_SETLK, {shown}) = -1 EINVAL (Invalid argument)"
    )
    assert text("fcntl", opened, fcntl.F_SETLK, None) == (
        f"fcntl({it}, F_SETLK, NULL) = -1 EFAULT (Bad address)"
    )


def test_dup3_shows_the_file_that_it_closes(opened: int, other: int) -> None:
    before = name(other)
    assert text("dup3", opened, other, os.O_CLOEXEC) == (
        f"dup3({name(opened)}, {before}, O_CLOEXEC) = {name(other)}"
    )


def test_pipe() -> None:
    ends = ctypes.create_string_buffer(8)
    shown = text("pipe2", ends, os.O_CLOEXEC | os.O_NONBLOCK)
    descriptors = struct.unpack("=ii", ends.raw)
    names = ", ".join(map(name, descriptors))
    for each in descriptors:
        os.close(each)
    assert shown == f"pipe2([{names}], O_NONBLOCK|O_CLOEXEC) = 0"
    assert text("pipe2", None, 1) == ("pipe2(NULL, 0x1 /* O_??? */) = -1 EINVAL (Invalid argument)")


def test_writev(opened: int) -> None:
    first, second = (
        ctypes.create_string_buffer(each)
        for each in (b"hello", b"a\nthe quick brown fox jumps over the lazy dog")
    )
    vectors = array((ctypes.addressof(first), 5), (ctypes.addressof(second), 40), (0, 0))
    assert text("writev", opened, vectors, 3) == (
        f'writev({name(opened)}, [{{iov_base="hello", iov_len=5}}, '
        '{iov_base="a\\nthe quick brown fox jumps over"..., iov_len=40}, '
        "{iov_base=NULL, iov_len=0}], 3) = 45"
    )
    assert text("writev", opened, vectors, 0) == f"writev({name(opened)}, [], 0) = 0"
    bad = array((1, 5), (ctypes.addressof(first), 2))
    assert text("writev", opened, bad, 2) == (
        f"writev({name(opened)}, [{{iov_base=0x1, iov_len=5}}, "
        '{iov_base="he", iov_len=2}], 2) = -1 EFAULT (Bad address)'
    )


def test_readv_shows_what_was_read(opened: int) -> None:
    room = ctypes.create_string_buffer(20)
    address = ctypes.addressof(room)
    vectors = array((address, 7), (address + 7, 9), (address + 16, 4))
    assert text("readv", opened, vectors, 3) == (
        f'readv({name(opened)}, [{{iov_base="hello w", iov_len=7}}, '
        '{iov_base="orld\\n", iov_len=9}, {iov_base="", iov_len=4}], 3) = 12'
    )
    assert text("readv", -1, vectors, 2) == (
        f"readv(-1, [{{iov_base={address:#x}, iov_len=7}}, "
        f"{{iov_base={address + 7:#x}, iov_len=9}}], 2) = -1 EBADF (Bad file descriptor)"
    )
    assert text("preadv2", opened, vectors, 1, 6, 0, 0) == (
        f'preadv2({name(opened)}, [{{iov_base="world\\n", iov_len=7}}], 1, 6, 0) = 6'
    )


def test_offsets(opened: int, other: int) -> None:
    offset = ctypes.create_string_buffer(8)
    ends = f"{name(other)}, {name(opened)}"
    assert text("sendfile", other, opened, None, 3) == f"sendfile({ends}, NULL, 3) = 3"
    assert text("sendfile", other, opened, offset, 3) == f"sendfile({ends}, [0] => [3], 3) = 3"
    assert text("sendfile", other, -1, offset, 3) == (
        f"sendfile({name(other)}, -1, [3], 3) = -1 EBADF (Bad file descriptor)"
    )
    assert text("copy_file_range", opened, offset, other, None, 4, 0) == (
        f"copy_file_range({name(opened)}, [3], {name(other)}, NULL, 4, 0) = 4"
    )


@pytest.mark.parametrize(
    ("call", "values", "expected"),
    [
        ("fallocate", (3, 0, 100), "FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 0, 100"),
        ("fadvise64", (0, 0, 2), "0, 0, POSIX_FADV_SEQUENTIAL"),
        ("fadvise64", (5, 0, 9), "5, 0, 0x9 /* POSIX_FADV_??? */"),
        ("flock", (fcntl.LOCK_EX | fcntl.LOCK_NB,), "LOCK_EX|LOCK_NB"),
        ("lseek", (-5, 2), "-5, SEEK_END"),
        ("lseek", (5, 9), "5, 0x9 /* SEEK_??? */"),
        ("ftruncate", (5,), "5"),
        ("sync_file_range", (0, 5, 2), "0, 5, SYNC_FILE_RANGE_WRITE"),
    ],
)
def test_flags(opened: int, call: str, values: tuple[int, ...], expected: str) -> None:
    assert arguments_text(made(call, opened, *values)) == f"{name(opened)}, {expected}"


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (3, "MFD_CLOEXEC|MFD_ALLOW_SEALING"),
        (0x100, "0x100 /* MFD_??? */"),
        (0x100 | 21 << 26, "0x100 /* MFD_??? */|21<<MFD_HUGE_SHIFT"),
    ],
)
def test_memfd(flags: int, expected: str) -> None:
    call = made("memfd_create", b'na"me', flags)
    if call.result >= 0:
        os.close(call.result)
    assert arguments_text(call) == f'"na\\"me", {expected}'


def test_xattr(opened: int) -> None:
    assert arguments_text(made("fsetxattr", opened, b"none.x", b"va\0l", 4, 2)) == (
        f'{name(opened)}, "none.x", "va\\0l", 4, XATTR_REPLACE'
    )
    assert arguments_text(made("fsetxattr", opened, b"none.x", None, 0, 0)) == (
        f'{name(opened)}, "none.x", NULL, 0, 0'
    )
