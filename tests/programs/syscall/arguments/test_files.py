"""Calls on files by their paths are shown as strace(1) shows them."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

import pytest

from programs.syscall.arguments.live import made, text
from tuxscope.abi.architecture import ARCHITECTURES, Abi
from tuxscope.calls.reads import Status
from tuxscope.programs.syscall.arguments.call import Call, Part
from tuxscope.programs.syscall.arguments.files import device_text, mode_text, open_text
from tuxscope.programs.syscall.arguments.text import arguments_json, arguments_text

AT_FDCWD = -100
EMPTY = ctypes.create_string_buffer(5000)


@pytest.fixture(autouse=True)
def in_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a file of 5 bytes, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("x").write_bytes(b"hello")
    Path("x").chmod(0o644)
    return tmp_path


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (0, "O_RDONLY"),
        (os.O_RDONLY | os.O_CLOEXEC, "O_RDONLY|O_CLOEXEC"),
        (os.O_ACCMODE, "O_ACCMODE"),
        (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, "O_WRONLY|O_CREAT|O_TRUNC"),
        (os.O_RDWR | os.O_TMPFILE, "O_RDWR|O_TMPFILE"),
        (os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_DIRECTORY,
         "O_RDONLY|O_NONBLOCK|O_CLOEXEC|O_DIRECTORY"),
        (os.O_RDONLY | os.O_DSYNC, "O_RDONLY|O_DSYNC"),
        (os.O_RDONLY | os.O_SYNC, "O_RDONLY|O_SYNC"),
        (1 << 31, "O_RDONLY|0x80000000"),
    ],
)  # fmt: skip
def test_open_flags(flags: int, expected: str) -> None:
    assert open_text(flags) == expected


def test_opened(tmp_path: Path) -> None:
    call = made("openat", AT_FDCWD, b"x", os.O_RDONLY | os.O_CLOEXEC, 0)
    os.close(call.result)
    assert arguments_text(call) == f'AT_FDCWD<{tmp_path}>, "x", O_RDONLY|O_CLOEXEC'
    assert arguments_json(call) == {
        "dirfd": {"fd": "AT_FDCWD", "path": str(tmp_path)},
        "pathname": "x",
        "flags": "O_RDONLY|O_CLOEXEC",
    }


@pytest.mark.parametrize(
    ("mode", "shown"), [(0, "000"), (0o7, "007"), (0o644, "0644"), (0o17777, "017777")]
)
def test_mode_only_with_a_new_file(mode: int, shown: str) -> None:
    flags = os.O_CREAT | os.O_EXCL
    expected = f'"x", O_RDONLY|O_CREAT|O_EXCL, {shown}'
    assert arguments_text(made("openat", AT_FDCWD, b"x", flags, mode)).endswith(expected)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (0o100644, "S_IFREG|0644"),
        (0o41777, "S_IFDIR|S_ISVTX|0777"),
        (0o106755, "S_IFREG|S_ISUID|S_ISGID|0755"),
        (0o20000, "S_IFCHR|000"),
        (0o170644, "0170644"),
        (0o644, "0644"),
    ],
)
def test_mode_with_type(mode: int, expected: str) -> None:
    assert mode_text(mode) == expected


def test_device() -> None:
    assert device_text(os.makedev(0x8AB, 0x567CD)) == "makedev(0x8ab, 0x567cd)"
    assert device_text(0) == "makedev(0, 0)"
    assert text("mknodat", AT_FDCWD, b"/", 0o20644, 0x103).endswith(
        '"/", S_IFCHR|0644, makedev(0x1, 0x3)) = -1 EEXIST (File exists)'
    )
    assert text("mknodat", AT_FDCWD, b"/", 0o644, 3).endswith(
        '"/", 0644) = -1 EEXIST (File exists)'
    )


def test_stat(tmp_path: Path) -> None:
    where = f"AT_FDCWD<{tmp_path}>"
    assert text("newfstatat", AT_FDCWD, b"x", EMPTY, 0) == (
        f'newfstatat({where}, "x", {{st_mode=S_IFREG|0644, st_size=5, ...}}, 0) = 0'
    )
    device = "{st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}"
    assert text("newfstatat", AT_FDCWD, b"/dev/null", EMPTY, 0x100) == (
        f'newfstatat({where}, "/dev/null", {device}, AT_SYMLINK_NOFOLLOW) = 0'
    )
    address = f"{ctypes.addressof(EMPTY):#x}"
    assert text("newfstatat", AT_FDCWD, b"none", EMPTY, 0) == (
        f'newfstatat({where}, "none", {address}, 0) = -1 ENOENT (No such file or directory)'
    )


@pytest.mark.parametrize(
    ("machine", "abi", "name", "form"),
    [
        ("x86_64", Abi.X86_64, "fstat", "=24xI12xQq"),
        ("x86_64", Abi.IA32, "fstat64", "=16xI12xQ4xq"),
        ("x86_64", Abi.IA32, "fstat", "=8xH6xII"),
        ("aarch64", Abi.ARM64, "fstat", "=16xI12xQ8xq"),
        ("s390x", Abi.S390X, "fstat", "=24xI12xQq"),
    ],
)
def test_stat_of_each_architecture(machine: str, abi: Abi, name: str, form: str) -> None:
    data = struct.pack(form, 0o100600, 0, 77).ljust(56, b"\xff")
    parts = {(1, 0): [Part(Status.WHOLE, 0, data)]}
    call = Call(name, abi, ARCHITECTURES[machine], (3, 4096, 0, 0, 0, 0), parts=parts)
    assert arguments_text(call) == "3, {st_mode=S_IFREG|0600, st_size=77, ...}"


def test_statx(tmp_path: Path) -> None:
    shown = text("statx", AT_FDCWD, b"x", 0x100 | 0x800, 0xFFF, EMPTY)
    assert shown.startswith(
        f'statx(AT_FDCWD<{tmp_path}>, "x", '
        "AT_STATX_SYNC_AS_STAT|AT_SYMLINK_NOFOLLOW|AT_NO_AUTOMOUNT, STATX_ALL, {stx_mask=STATX_"
    )
    assert shown.endswith(", stx_mode=S_IFREG|0644, stx_size=5, ...}) = 0")


def test_statfs() -> None:
    assert text("statfs", b"/proc", EMPTY).startswith(
        'statfs("/proc", {f_type=PROC_SUPER_MAGIC, f_bsize=4096, f_blocks=0, f_bfree=0, '
        "f_bavail=0, f_files=0, f_ffree=0, f_fsid={val=[0x"
    )


def test_access(tmp_path: Path) -> None:
    where = f"AT_FDCWD<{tmp_path}>"
    assert text("faccessat", AT_FDCWD, b"x", 0) == f'faccessat({where}, "x", F_OK) = 0'
    assert text("faccessat", AT_FDCWD, b"x", 6) == f'faccessat({where}, "x", R_OK|W_OK) = 0'
    assert text("faccessat", AT_FDCWD, b"x", 8) == (
        f'faccessat({where}, "x", 0x8 /* ?_OK */) = -1 EINVAL (Invalid argument)'
    )


def test_links_and_directories(tmp_path: Path) -> None:
    where = f"AT_FDCWD<{tmp_path}>"
    assert text("symlinkat", b"x" * 40, AT_FDCWD, b"l") == (
        f'symlinkat("{"x" * 40}", {where}, "l") = 0'
    )
    assert text("readlinkat", AT_FDCWD, b"l", EMPTY, 100) == (
        f'readlinkat({where}, "l", "{"x" * 32}"..., 100) = 40'
    )
    assert text("unlinkat", AT_FDCWD, b"l", 0) == f'unlinkat({where}, "l", 0) = 0'
    assert text("mkdirat", AT_FDCWD, b"d", 0o755) == f'mkdirat({where}, "d", 0755) = 0'
    assert text("unlinkat", AT_FDCWD, b"d", 0x200) == f'unlinkat({where}, "d", AT_REMOVEDIR) = 0'
    assert text("linkat", AT_FDCWD, b"x", AT_FDCWD, b"y", 0x400) == (
        f'linkat({where}, "x", {where}, "y", AT_SYMLINK_FOLLOW) = 0'
    )
    assert text("renameat2", AT_FDCWD, b"x", AT_FDCWD, b"y", 1) == (
        f'renameat2({where}, "x", {where}, "y", RENAME_NOREPLACE) = -1 EEXIST (File exists)'
    )
    assert text("fchownat", AT_FDCWD, b"x", -1, -1, 0x100) == (
        f'fchownat({where}, "x", -1, -1, AT_SYMLINK_NOFOLLOW) = 0'
    )


def test_entries(tmp_path: Path) -> None:
    descriptor = os.open(".", os.O_RDONLY)
    address = f"{ctypes.addressof(EMPTY):#x}"
    head = f"getdents64({descriptor}<{tmp_path}>, {address}"
    assert text("getdents64", descriptor, EMPTY, 5000) == f"{head} /* 3 entries */, 5000) = 72"
    assert text("getdents64", descriptor, EMPTY, 5000) == f"{head} /* 0 entries */, 5000) = 0"
    os.close(descriptor)


def test_getcwd(tmp_path: Path) -> None:
    length = len(bytes(tmp_path)) + 1
    assert text("getcwd", EMPTY, 4096) == f'getcwd("{tmp_path}", 4096) = {length}'
    assert text("getcwd", EMPTY, 2) == (
        f"getcwd({ctypes.addressof(EMPTY):#x}, 2) = -1 ERANGE (Numerical result out of range)"
    )


def test_openat2(tmp_path: Path) -> None:
    how = struct.pack("=QQQ", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644, 0x48)
    assert text("openat2", AT_FDCWD, b"x", how, 24) == (
        f'openat2(AT_FDCWD<{tmp_path}>, "x", {{flags=O_RDWR|O_CREAT|O_CLOEXEC, mode=0644, '
        "resolve=RESOLVE_BENEATH|0x40}, 24) = -1 EINVAL (Invalid argument)"
    )
    longer = struct.pack("=QQQQ", os.O_CLOEXEC, 0, 0, 1)
    assert text("openat2", AT_FDCWD, b"x", longer, 32) == (
        f'openat2(AT_FDCWD<{tmp_path}>, "x", {{flags=O_RDONLY|O_CLOEXEC, resolve=0, '
        '/* bytes 24..31 */ "\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00"}, 32) '
        "= -1 E2BIG (Argument list too long)"
    )


def test_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    where = f"AT_FDCWD<{tmp_path}>"
    times = struct.pack("=qqqq", 1700000000, 5, 0, 0x3FFFFFFF)
    assert text("utimensat", AT_FDCWD, b"x", times, 0) == (
        f'utimensat({where}, "x", [{{tv_sec=1700000000, tv_nsec=5}} '
        "/* 2023-11-14T22:13:20.000000005+0000 */, UTIME_NOW], 0) = 0"
    )
    assert text("utimensat", AT_FDCWD, b"x", None, 0) == f'utimensat({where}, "x", NULL, 0) = 0'


def test_name_is_cut() -> None:
    name = b"0123456789" * 4
    assert arguments_text(made("fremovexattr", -1, name)) == (
        '-1, "01234567890123456789012345678901"...'
    )


def test_entries_of_a_long_directory(tmp_path: Path) -> None:
    for number in range(200):
        Path(f"{number:020}").touch()
    room = ctypes.create_string_buffer(32768)
    descriptor = os.open(".", os.O_RDONLY)
    call = made("getdents64", descriptor, room, 32768)
    os.close(descriptor)
    assert call.result > 4096
    assert arguments_text(call) == (
        f"{descriptor}<{tmp_path}>, {ctypes.addressof(room):#x} /* 203 entries */, 32768"
    )


def test_entries_of_a_directory_that_is_too_long() -> None:
    for number in range(600):
        Path(f"{number:020}").touch()
    room = ctypes.create_string_buffer(32768)
    descriptor = os.open(".", os.O_RDONLY)
    call = made("getdents64", descriptor, room, 32768)
    os.close(descriptor)
    assert call.result > 3 * 4096
    assert arguments_text(call).endswith(" entries or more */, 32768")
