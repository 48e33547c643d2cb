"""``tuxscope syscall``: each call is a line, with its arguments and what it returned."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pace import LIMIT

from e2e.callers import NUMBERS, calls_of_32_bits, elf_32
from e2e.traced import MARK, Traced
from tuxscope.loader.layout import RunningKernelLayout

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

MACHINES_OF_32_BITS = {"x86_64": "i386", "s390x": "s390"}
needs_paths = pytest.mark.skipif(
    not RunningKernelLayout().has_structs, reason="this kernel does not say where paths are"
)
TIME = re.compile(r"\d\d:\d\d:\d\d\.\d{6} ")


def test_calls_in_order_with_arguments_and_results(traced: Traced) -> None:
    assert traced.lines("""
call("getpriority", 0, 0)
call("lseek", -3, 5, 1)
call("getpgid", -1)
call("dup3", -1, -2, os.O_CLOEXEC)
call("kill", 0x7ffffff0, 9)
call("openat", -1, b"relative", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
call("nanosleep", ctypes.byref((ctypes.c_long * 2)(0, 5)), 0)
""") == [
        "getpriority(PRIO_PROCESS, 0) = 20",
        "lseek(-3, 5, SEEK_CUR) = -1 EBADF (Bad file descriptor)",
        "getpgid(-1) = -1 ESRCH (No such process)",
        "dup3(-1, -2, O_CLOEXEC) = -1 EBADF (Bad file descriptor)",
        "kill(2147483632, SIGKILL) = -1 ESRCH (No such process)",
        'openat(-1, "relative", O_RDWR|O_CREAT|O_EXCL, 0640) = -1 EBADF (Bad file descriptor)',
        "nanosleep({tv_sec=0, tv_nsec=5}, NULL) = 0",
    ]


@needs_paths
def test_a_descriptor_has_the_path_of_its_file(traced: Traced, tmp_path: Path) -> None:
    name = tmp_path / "file"
    here, old, new = os.getcwd(), f"3<{name}>", f"3<{tmp_path / 'new'}>"
    assert traced.lines(
        """
name, new = sys.argv[2].encode(), sys.argv[3].encode()
fd = call("openat", -100, name, os.O_WRONLY | os.O_CREAT, 0o600)
call("write", fd, b"abc", 3)
call("renameat", -100, name, -100, new)
call("write", fd, b"d", 1)
call("unlinkat", -100, new, 0)
call("fsync", fd)
call("dup3", fd, 50, 0)
call("close", fd)
call("close", 50)
call("close", 50)
""",
        more=(str(name), str(tmp_path / "new")),
    ) == [
        f'openat(AT_FDCWD<{here}>, "{name}", O_WRONLY|O_CREAT, 0600) = {old}',
        f'write({old}, "abc", 3) = 3',
        f'renameat(AT_FDCWD<{here}>, "{name}", AT_FDCWD<{here}>, "{tmp_path / "new"}") = 0',
        f'write({new}, "d", 1) = 1',
        f'unlinkat(AT_FDCWD<{here}>, "{tmp_path / "new"}", 0) = 0',
        f"fsync({new}(deleted)) = 0",
        f"dup3({new}(deleted), 50, 0) = 50{new[1:]}(deleted)",
        f"close({new}(deleted)) = 0",
        f"close(50{new[1:]}(deleted)) = 0",
        "close(50) = -1 EBADF (Bad file descriptor)",
    ]


@needs_paths
def test_a_descriptor_that_another_process_sent(traced: Traced) -> None:
    found = traced.lines("""
import socket
ours, theirs = socket.socketpair()
fd = os.open("/proc/version", os.O_RDONLY)
child = os.fork()
if not child:
    socket.send_fds(theirs, [b"x"], [fd])
    os._exit(0)
os.waitpid(child, 0)
os.close(fd)
(got,) = socket.recv_fds(ours, 1, 1)[1]
call("fdatasync", got)
""")
    assert found[-1] == "fdatasync(5</proc/version>) = -1 EINVAL (Invalid argument)"
    assert sum("recvmsg(" in line and "SCM_RIGHTS" in line for line in found) == 1
    assert not any("sendmsg" in line for line in found)


@needs_paths
def test_names_of_any_bytes_are_one_line(traced: Traced, tmp_path: Path) -> None:
    script = """
name = os.fsencode(sys.argv[2]) + b"/a\\n\\x1b[31m\\xff\\"\\\\'\\xe2\\x80\\xae"
fd = call("openat", -100, name, os.O_WRONLY | os.O_CREAT, 0o600)
call("write", fd, b"\\n\\x1b]0;\\xff\\x00", 7)
call("close", fd)
"""
    shown = f"{tmp_path}/" + r"a\n\33[31m\377\"\\'\342\200\256"
    opened, written, closed = traced.lines(script, more=(str(tmp_path),))
    assert f'"{shown}"' in opened
    assert r'"\n\33]0;\377\0", 7) = 7' in written
    assert closed == f"close(3<{shown}>) = 0"
    found = traced.objects(script, more=(str(tmp_path),))
    assert [each["syscall"] for each in found] == ["openat", "write", "close"]
    assert found[0]["args"]["pathname"].startswith(f"{tmp_path}/a\n")
    raw = traced.file.read_bytes()
    assert raw.isascii()
    assert not re.search(rb"[\x00-\x09\x0b-\x1f]", raw)


def test_a_process_of_any_name_is_one_line(traced: Traced) -> None:
    script = """
call("prctl", 15, b"a\\n\\x1b[1m\\xff")
call("getpgid", -7)
"""
    text = traced.run(script, "--timestamps", "none")
    assert "\x1b" not in text
    line = next(line for line in reversed(text.splitlines()) if "getpgid(-7)" in line)
    assert re.match(r"a\\n\\x1b\[1m\S*\[\d+\] getpgid\(-7\) = ", line)
    found = traced.objects(script)
    assert found[-1]["comm"].startswith("a\n\x1b")


def test_what_cannot_be_read_is_its_address(traced: Traced) -> None:
    found = traced.lines("""
pipe = os.pipe()
call("write", pipe[1], 8, 4)
call("openat", -100, 0xdead000, 0)
call("openat", -100, 0, 0)
call("getcwd", 0x10, 4096)
call("nanosleep", 0x20, 0)
call("execve", 0x30, 0, 0)
call("execve", b"/nowhere", 0x40, 0x50)
""")
    fault = " = -1 EFAULT (Bad address)"
    plain = [re.sub(r"<[^>]*>", "", line) for line in found[1:]]
    # Some kernels look at argv before they look for the file.
    assert plain.pop() in (
        'execve("/nowhere", 0x40, 0x50) = -1 ENOENT (No such file or directory)',
        f'execve("/nowhere", 0x40, 0x50){fault}',
    )
    assert plain == [
        f"write(4, 0x8, 4){fault}",
        f"openat(AT_FDCWD, 0xdead000, O_RDONLY){fault}",
        f"openat(AT_FDCWD, NULL, O_RDONLY){fault}",
        f"getcwd(0x10, 4096){fault}",
        f"nanosleep(0x20, NULL){fault}",
        f"execve(0x30, NULL, NULL){fault}",
    ]


@pytest.mark.matrix
def test_a_path_whose_page_was_not_there_at_entry(traced: Traced, tmp_path: Path) -> None:
    """The kernel reads it, and so it is there at exit."""
    path = tmp_path / "path"
    path.write_bytes(b"/nowhere/at all\0".ljust(8192, b"\0"))
    (line,) = traced.lines(
        """
fd = os.open(sys.argv[2], os.O_RDONLY)
LIBC.mmap.restype = ctypes.c_long
at = LIBC.mmap(None, ctypes.c_long(8192), 1, 2, fd, ctypes.c_long(0))
call("openat", -100, at, 0)
""",
        "--name",
        "openat,close",
        "--failed",
        more=(str(path),),
    )
    assert re.sub(r"<[^>]*>", "", line) == (
        'openat(AT_FDCWD, "/nowhere/at all", O_RDONLY) = -1 ENOENT (No such file or directory)'
    )


@pytest.mark.matrix
def test_execve_has_its_path_and_arguments(traced: Traced) -> None:
    found = traced.lines("""
try:
    os.execve("/nowhere/prog", ["prog", "a b", "c\\n"], {"A": "1", "B": "2"})
except OSError:
    pass
os.execve(sys.executable, ["python", "-S", "-c", ""], {"A": "1"})
""")
    executions = [re.sub("0x[0-9a-f]+", "0x", each) for each in found if "execve" in each]
    assert executions == [
        'execve("/nowhere/prog", ["prog", "a b", "c\\n"], 0x /* 2 vars */)'
        " = -1 ENOENT (No such file or directory)",
        f'execve("{sys.executable}", ["python", "-S", "-c", ""], 0x /* 1 var */) = 0',
    ]


def test_an_argument_is_cut_as_a_buffer_is(traced: Traced) -> None:
    found = traced.lines("""
try:
    os.execve("/nowhere", ["a" * 31, "b" * 32, "c" * 33], {})
except OSError:
    pass
""")
    (line,) = (each for each in found if "execve" in each)
    assert f'["{"a" * 31}", "{"b" * 32}", "{"c" * 32}"...], ' in line
    assert "/* 0 vars */" in line


def test_many_arguments_end_with_an_ellipsis(traced: Traced) -> None:
    found = traced.lines("""
try:
    os.execve("/nowhere", [f"argument {each}" for each in range(1000)] , {"A" * 5: "1"} )
except OSError:
    pass
""")
    (line,) = (each for each in found if "execve" in each)
    assert line.startswith('execve("/nowhere", ["argument 0", "argument 1", ')
    assert '"argument 31", ...], 0x' in line
    assert "argument 32" not in line


@pytest.mark.parametrize(("size", "shown"), [
    ("0", '""...'), ("5", '"01234"...'), ("99", f'"{"0123456789" * 9}012345678"...'),
    ("4095", f'"{"0123456789" * 40}"'),
])  # fmt: skip
def test_string_size(traced: Traced, size: str, shown: str) -> None:
    script = """
pipe = os.pipe()
call("write", pipe[1], b"0123456789" * 40, 400)
call("read", pipe[0], ctypes.create_string_buffer(400), 400)
call("openat", -100, b"/nowhere/" + b"n" * 100, 0)
"""
    _, written, read, opened = traced.lines(script, "--string-size", size)
    assert f"{shown}, 400) = 400" in written
    assert f"{shown}, 400) = 400" in read
    assert f'"/nowhere/{"n" * 100}"' in opened


def test_the_longest_buffer(traced: Traced) -> None:
    script = """
pipe = os.pipe()
call("write", pipe[1], b"w" * 5000, 5000)
call("openat", -100, b"/" + b"n" * 4093, 0)
call("openat", -100, b"/" + b"n" * 6000, 0)
"""
    _, written, opened, longer = traced.lines(script, "--string-size", "4095")
    assert f'"{"w" * 4095}"..., 5000) = 5000' in written
    assert f'"/{"n" * 4093}", O_RDONLY) = -1 ENAMETOOLONG' in opened
    assert f'"/{"n" * 4094}"..., O_RDONLY) = -1 ENAMETOOLONG' in longer


def test_objects_have_these_keys(traced: Traced) -> None:
    first, second = traced.objects("""
call("lseek", -3, 5, 1)
call("nanosleep", ctypes.byref((ctypes.c_long * 2)(0, 20_000_000)), 0)
""")
    assert list(first) == [
        "timestamp_ns", "time", "pid", "tid", "comm", "syscall", "nr", "abi", "args", "ret",
        "error", "duration_ns", "slept",
    ]  # fmt: skip
    assert list(second) == list(first)
    assert first["args"] == {"fd": {"fd": -3}, "offset": 5, "whence": "SEEK_CUR"}
    assert (first["syscall"], first["nr"]) == ("lseek", NUMBERS["lseek"])
    assert (first["ret"], first["error"]) == (-9, "EBADF")
    assert first["pid"] == first["tid"]
    assert re.fullmatch(TIME, first["time"] + " ")
    assert (second["ret"], second["error"]) == (0, None)
    assert second["timestamp_ns"] >= first["timestamp_ns"] + first["duration_ns"]
    assert second["duration_ns"] >= 20_000_000
    if RunningKernelLayout().has_structs:
        assert second["slept"] is True


@pytest.mark.parametrize(
    ("kind", "front"), [("time", TIME), ("ns", re.compile(r"\d+ ")), ("none", re.compile(""))]
)
def test_timestamps(traced: Traced, kind: str, front: re.Pattern[str]) -> None:
    text = traced.run("", "--timestamps", kind)
    last = re.compile(front.pattern + r"[^ ]+\[\d+\] (close\(-77\) = .* <\d\.\d{6}>|\+\+\+ .*)")
    found = [line for line in text.splitlines() if MARK in line or "+++" in line]
    assert len(found) == (3 if RunningKernelLayout().has_structs else 2)  # +++ needs BTF
    assert all(last.fullmatch(line) for line in found), found


@pytest.mark.matrix
@pytest.mark.skipif(platform.machine() != "x86_64", reason="int 0x80 is of x86")
def test_a_32_bit_call_of_a_64_bit_process(caller: Any, stream: Any) -> None:
    calling = caller("compat", 3)
    run = stream("--pid", calling.pid, "--format", "json", "--name", "getpid,writev")
    if calling.process.poll() is not None:
        pytest.skip("this kernel has no int 0x80")
    calling.make()
    calling.wait()
    found = [each for each in run.finish().objects if each["abi"] != "x86-64"]
    assert [each["syscall"] for each in found] == ["getpid@32"] * 3
    assert {(each["nr"], each["ret"], each["error"]) for each in found} == {(20, calling.pid, None)}


@needs_paths
@pytest.mark.matrix
@pytest.mark.skipif(platform.machine() not in MACHINES_OF_32_BITS, reason="no such 32-bit programs")
def test_a_program_of_32_bits(tuxscope: Any, tmp_path: Path) -> None:
    """Its arguments are in structs of 32-bit words, and in those of its registers."""
    machine = MACHINES_OF_32_BITS[platform.machine()]
    program, lines = tmp_path / "calls", tmp_path / "lines"
    program.write_bytes(elf_32(calls_of_32_bits(machine), machine))
    program.chmod(0o755)
    try:
        subprocess.run([program], timeout=LIMIT, check=True)
    except OSError:
        pytest.skip("this kernel runs no 32-bit programs")
    run = tuxscope("syscall", "--timestamps", "none", "--output", lines, "--", program)
    run.finish()
    found = [re.sub(r"^.*?\] | <[^<>]*>$", "", each) for each in lines.read_text().splitlines()]
    assert [each.partition(" = 0x")[0] for each in found[1:]] == [
        "socketcall@32(SYS_SOCKET, [1, 1, 0]) = 3",
        "mmap@32(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)",
        "exit@32(0) = ?",
        "+++ exited with 0 +++",
    ]


def test_numbers_without_a_call(traced: Traced) -> None:
    found = traced.objects("call(9999, 1)\ncall(-1, 2)\ncall(0x7fff, 3)\n")
    none = 0xFFFF if platform.machine() == "s390x" else -1  # s390x has 16 bits for a number
    assert [(each["nr"], each["error"]) for each in found] == [
        (9999, "ENOSYS"), (none, "ENOSYS"), (0x7FFF, "ENOSYS"),
    ]  # fmt: skip
    assert [each["syscall"] for each in found] == [
        "syscall_9999", f"syscall_{none}", "syscall_32767",
    ]  # fmt: skip
