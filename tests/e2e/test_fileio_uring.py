"""``tuxscope fileio``: operations of io_uring, each with what it did."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import tuxscope as library
from e2e import uring
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.programs.fileio.operations import URING_OPS
from tuxscope.programs.fileio.uring_requests import submissions

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(bool(uring.refusal()), reason=uring.refusal()),
    pytest.mark.skipif(
        not submissions(RunningKernelLayout()),
        reason="this kernel's tracepoints do not tell which request of io_uring has completed",
    ),
]

one_kernel = pytest.mark.one_kernel  # others have this tracepoint pass an overflow, too

# What a script begins with, after the client.
PRELUDE = """
import sys
ROOT = sys.argv[1]
def opened(name, flags=os.O_RDWR, data=b""):
    path = os.path.join(ROOT, name)
    with open(path, "wb") as file:
        file.write(data)
    return os.open(path, flags)
memory = mmap.mmap(-1, 1 << 16)
memory[:] = b"x" * len(memory)
buffer = ctypes.addressof(ctypes.c_char.from_buffer(memory))
words = (ctypes.c_uint64 * 4)(buffer, 100, buffer + 100, 50)
vectors = ctypes.addressof(words)  # two iovecs
def expect(found, result):
    assert found == result, (found, result)
"""
ALL = ",".join(URING_OPS)
Operation = tuple[str, int | None, int | None, int | None, str]


class Uring:
    """Runs scripts that use io_uring, traced."""

    def __init__(self, tuxscope: Any, directory: Path) -> None:
        self._tuxscope = tuxscope
        self.root = directory / "root"
        self.root.mkdir()

    def objects(self, script: str, *options: str, lost: int = 0) -> list[dict[str, Any]]:
        """What was shown of a script, and so many operations were lost."""
        asked = options if "--op" in options else ("--op", ALL, *options)
        code = f"{Path(uring.__file__).read_text()}{PRELUDE}{script}"
        command = (sys.executable, "-S", "-c", code, str(self.root))
        run = self._tuxscope("fileio", "--format", "json", *asked, "--", *command)
        result = run.finish()
        assert result.status == 0, result.stderr
        assert re.search(f", {lost} (lost|missed)", result.stderr), result.stderr
        objects: list[dict[str, Any]] = result.objects
        return objects

    def operations(self, script: str, *options: str) -> list[Operation]:
        """The operation, result, bytes, offset and file of each."""
        return [
            (each["op"], each["ret"], each["bytes"], each["offset"], self.name(each["path"]))
            for each in self.objects(script, *options)
        ]

    def name(self, path: str | None) -> str:
        return os.path.relpath(path, self.root) if path else ""


@pytest.fixture
def rings(tuxscope: Any, tmp_path: Path) -> Uring:
    return Uring(tuxscope, tmp_path.resolve())


def test_reads_and_writes_with_their_bytes_and_offsets(rings: Uring) -> None:
    found = rings.operations("""
ring, a = Ring(), opened("a")
expect(ring.do(WRITE, a, buffer, 1000, 10), 1000)
expect(ring.do(WRITEV, a, vectors, 2, 2000), 150)
expect(ring.do(READ, a, buffer, 500, 100), 500)
expect(ring.do(READV, a, vectors, 2, 7), 150)
expect(ring.do(READ, a, buffer, 500, 2100), 50)
expect(ring.do(READ, a, buffer, 500, 999999), 0)
expect(ring.do(WRITE, a, buffer, 0, 5), 0)
""")
    assert found == [
        ("uring_write", 1000, 1000, 10, "a"),
        ("uring_write", 150, 150, 2000, "a"),
        ("uring_read", 500, 500, 100, "a"),
        ("uring_read", 150, 150, 7, "a"),
        ("uring_read", 50, 50, 2100, "a"),
        ("uring_read", 0, 0, 999999, "a"),
        ("uring_write", 0, 0, 5, "a"),
    ]


def test_the_position_of_a_file_and_the_end_of_one_for_append(rings: Uring) -> None:
    found = rings.operations("""
ring, a, b = Ring(), opened("a", data=b"x" * 700), opened("b", os.O_WRONLY | os.O_APPEND)
os.lseek(a, 20, os.SEEK_SET)
expect(ring.do(READ, a, buffer, 300, POSITION), 300)
expect(ring.do(READV, a, vectors, 2, POSITION), 150)
expect(ring.do(READ, a, buffer, 300, POSITION), 230)
expect(ring.do(READ, a, buffer, 300, POSITION), 0)
expect(ring.do(WRITE, b, buffer, 11, 5), 11)
expect(ring.do(WRITE, b, buffer, 12, 5), 12)
""")
    assert found == [
        ("uring_read", 300, 300, 20, "a"),
        ("uring_read", 150, 150, 320, "a"),
        ("uring_read", 230, 230, 470, "a"),
        ("uring_read", 0, 0, 700, "a"),
        ("uring_write", 11, 11, 0, "b"),
        ("uring_write", 12, 12, 11, "b"),
    ]


def test_what_moves_no_bytes(rings: Uring) -> None:
    found = rings.objects("""
ring, a = Ring(), opened("a", data=b"x")
expect(ring.do(FSYNC, a, 0, 0, 0), 0)
expect(ring.do(FSYNC, a, 0, 0, 0, of_operation=1), 0)
expect(ring.do(FALLOCATE, a, 8192, 0, 4096), 0)
expect(ring.do(SYNC_FILE_RANGE, a, 0, 100, 50, of_operation=2), 0)
""")
    keys = ("op", "ret", "bytes", "offset", "length", "flags")
    assert [tuple(each[key] for key in keys) for each in found] == [
        ("uring_fsync", 0, None, None, None, None),
        ("uring_fsync", 0, None, None, None, "IORING_FSYNC_DATASYNC"),
        ("uring_fallocate", 0, None, 4096, 8192, None),
        ("uring_sync_file_range", 0, None, 50, None, None),
    ]
    assert {rings.name(each["path"]) for each in found} == {"a"}


def test_failures(rings: Uring) -> None:
    """Also of what the kernel rejects before it looks the file up, and of what it cancels."""
    script = """
ring, a, b = Ring(), opened("a", data=b"x"), opened("b", os.O_WRONLY)
expect(ring.do(READ, b, buffer, 10, 3), -9)
expect(ring.do(READ, os.open(ROOT, os.O_RDONLY), buffer, 10, 4), -21)
expect(ring.do(READ, a, 8, 1, 0), -14)
expect(ring.do(READV, a, 8, 2, 77), -14)
expect(ring.do(READ, 999, buffer, 10, 5), -9)
ring.put(READ, b, buffer, 10, 6, flags=LINK)
ring.put(WRITE, a, buffer, 10, 7)
expect(ring.submit(), [-9, -125])
expect(ring.do(WRITE, a, buffer, 10, 8), 10)
"""
    failed = [
        ("uring_read", -9, None, 3, "b"),
        ("uring_read", -21, None, 4, "."),
        ("uring_read", -14, None, 0, "a"),
        ("uring_read", -14, None, 77, "a"),
        ("uring_read", -9, None, 6, "b"),
        ("uring_write", -125, None, 7, "a"),
    ]
    assert rings.operations(script) == [*failed, ("uring_write", 10, 10, 8, "a")]
    assert rings.operations(script, "--failed") == failed
    assert rings.operations(script, "--error", "EISDIR,ECANCELED") == [failed[1], failed[5]]
    everything = rings.objects(script, "--all")
    assert [(each["path"], each["error"]) for each in everything if each["offset"] == 5] == [
        (None, "EBADF")
    ]
    assert len(everything) == 8


def test_fixed_files_and_fixed_buffers(rings: Uring) -> None:
    found = rings.operations("""
ring, a, b = Ring(), opened("a", data=b"x" * 100), opened("b")
ring.register(FILES, (ctypes.c_int * 2)(a, b), 2)
ring.register(BUFFERS, (ctypes.c_uint64 * 2)(buffer, 8192), 1)
os.close(b)
expect(ring.do(READ, 0, buffer, 33, 3, flags=FIXED_FILE), 33)
expect(ring.do(READ_FIXED, a, buffer, 44, 4), 44)
expect(ring.do(WRITE_FIXED, 1, buffer + 100, 45, 5, flags=FIXED_FILE), 45)
expect(ring.do(FSYNC, 1, 0, 0, 0, flags=FIXED_FILE), 0)
expect(ring.do(WRITE, 0, buffer, 7, 7, flags=FIXED_FILE | ASYNC), 7)
""")
    assert found == [
        ("uring_read", 33, 33, 3, "a"),
        ("uring_read", 44, 44, 4, "a"),
        ("uring_write", 45, 45, 5, "b"),
        ("uring_fsync", 0, None, None, "b"),
        ("uring_write", 7, 7, 7, "a"),
    ]


def test_what_tells_nothing_when_it_succeeds(rings: Uring) -> None:
    """A line says that it was submitted; one that chooses by the result has none."""
    script = """
ring, a = Ring(), opened("a", data=b"x" * 100)
for number in range(3):
    ring.put(WRITE, a, buffer, 10, number, flags=SKIP_SUCCESS)
    ring.put(READ, a, buffer, 11, number)
    expect(ring.submit(wait=1), [11])
"""
    reads: list[Operation] = [("uring_read", 11, 11, number, "a") for number in range(3)]
    unknown: list[Operation] = [("uring_write", None, None, number, "a") for number in range(3)]
    found = rings.objects(script)
    assert all(each["duration_ns"] is None for each in found if each["op"] == "uring_write")
    assert sorted(rings.operations(script)) == sorted(reads + unknown)
    assert rings.operations(script, "--failed") == []


def test_direct_io_and_the_kernels_own_threads_belong_to_the_submitter(rings: Uring) -> None:
    """Those that complete what could not be done at once."""
    try:
        os.close(os.open(rings.root / "a", os.O_CREAT | os.O_RDWR | os.O_DIRECT, 0o600))
    except OSError:
        pytest.skip("this file system has no O_DIRECT")
    found = rings.objects("""
ring, a = Ring(), opened("a", os.O_RDWR | os.O_DIRECT)
expect(ring.do(WRITE, a, buffer, 8192, 4096), 8192)
expect(ring.do(READ, a, buffer, 4096, 8192), 4096)
expect(ring.do(READ, a, buffer, 4096, 0, flags=ASYNC), 4096)
expect(ring.do(FSYNC, a, 0, 0, 0), 0)
""")
    keys = ("op", "bytes", "offset")
    assert [tuple(each[key] for key in keys) for each in found] == [
        ("uring_write", 8192, 4096),
        ("uring_read", 4096, 8192),
        ("uring_read", 4096, 0),
        ("uring_fsync", None, None),
    ]
    assert {each["tid"] == each["pid"] for each in found} == {True}
    assert len({(each["pid"], each["comm"]) for each in found}) == 1
    assert not any(each["comm"].startswith("iou-") for each in found)
    assert {each["uid"] for each in found} == {os.getuid()}
    file = os.stat(rings.root / "a")
    assert {each["ino"] for each in found} == {file.st_ino}


def test_a_ring_that_the_kernel_polls(rings: Uring) -> None:
    """Its process is right, its thread is the kernel's; a child's is followed, too."""
    script = """
ring, a = Ring(flags=SQPOLL), opened("a")
for number in range(5):
    expect(ring.do(WRITE, a, buffer, 10 + number, 100 * number), 10 + number)
child = os.fork()
if not child:
    ring = Ring(flags=SQPOLL)
    expect(ring.do(READ, a, buffer, 6, 1), 6)
    os._exit(0)
os.waitpid(child, 0)
"""
    writes = [("uring_write", 10 + n, 10 + n, 100 * n, "a") for n in range(5)]
    assert rings.operations(script) == writes
    assert rings.operations(script, "--follow") == [*writes, ("uring_read", 6, 6, 1, "a")]
    found = rings.objects(script, "--follow")
    assert len({each["pid"] for each in found}) == 2
    assert [each["comm"] for each in found] == [f"iou-sqp-{each['pid']}"[:15] for each in found]


def test_filters(rings: Uring) -> None:
    """They are about who submits, and about the operation."""
    script = """
ring, a = Ring(), opened("a", data=b"x" * 10)
expect(ring.do(WRITE, a, buffer, 10, 0), 10)
os.pread(a, 3, 1)
expect(ring.do(READ, a, buffer, 4, 2), 4)
expect(ring.do(FSYNC, a, 0, 0, 0), 0)
first, second = os.pipe()
os.write(second, b"abc")
expect(ring.do(READ, first, buffer, 10, 0), 3)
"""
    here = ("--path", str(rings.root))
    assert rings.operations(script, "--op", "uring_write") == [("uring_write", 10, 10, 0, "a")]
    assert rings.operations(script, "--op", "pread", *here) == [("pread", 3, 3, 1, "a")]
    assert rings.operations(script, "--op", "read", *here) == [
        ("pread", 3, 3, 1, "a"),
        ("uring_read", 4, 4, 2, "a"),
    ]
    assert rings.operations(script, "--uid", "12345") == []
    assert rings.operations(script, "--comm", "another") == []
    assert len(rings.operations(script, "--uid", str(os.getuid()))) == 3
    pipe = [each for each in rings.objects(script, "--all") if each["path"].startswith("pipe:")]
    assert [(each["op"], each["bytes"]) for each in pipe] == [("uring_read", 3)]


@one_kernel
def test_what_overflows_the_completion_queue_is_counted_as_lost(rings: Uring) -> None:
    """No tracepoint tells which request that was."""
    found = rings.objects(
        """
ring, a = Ring(1), opened("a", data=b"x" * 4096)  # room for two completions
for each in range(5):
    ring.put(READ, a, buffer, 10 + each, each)
    ring.enter(0)
expect(ring.submit(wait=0), [10, 11])
expect(ring.submit(wait=0), [12, 13])
expect(ring.submit(wait=0), [14])
expect(ring.do(READ, a, buffer, 15, 5), 15)
""",
        lost=3,
    )
    assert [each["bytes"] for each in found] == [10, 11, 15]


MOVES = """
ring, a, b = Ring(), opened("a", data=b"x" * 100), opened("b", os.O_WRONLY)
expect(ring.do(WRITE, a, buffer, 1000, 10), 1000)
expect(ring.do(WRITEV, a, vectors, 2, 2000), 150)
expect(ring.do(READ, a, buffer, 500, 2100), 50)
expect(ring.do(READ, b, buffer, 10, 3), -9)
expect(ring.do(FSYNC, a, 0, 0, 0), 0)
ring.put(WRITE, b, buffer, 10, 0, flags=SKIP_SUCCESS)
ring.put(WRITE, b, buffer, 20, 0)
expect(ring.submit(wait=1), [20])
os.pwrite(b, b"abc", 0)
ring.close()
"""


def test_the_summary_counts_them_with_the_calls(rings: Uring) -> None:
    """One whose result nothing tells counts as one that has moved nothing."""
    counted = ("reads", "writes", "read_bytes", "written_bytes")

    def summary(*options: str) -> dict[str, tuple[int, ...]]:
        tables = rings.objects(MOVES, "--summary", "--path", str(rings.root), *options)
        return {
            rings.name(row["path"]): tuple(row[key] for key in counted)
            for row in tables[-1]["rows"]
        }

    assert summary("--op", "uring_read,uring_write") == {
        "a": (1, 2, 50, 1150),
        "b": (1, 2, 0, 20),
    }
    assert summary("--op", "write,uring_read") == {"a": (1, 3, 50, 1250), "b": (1, 3, 0, 23)}
    assert summary("--op", "uring_read") == {"a": (1, 0, 50, 0), "b": (1, 0, 0, 0)}


def test_as_a_library(tmp_path: Path) -> None:
    name = tmp_path / "file"
    name.write_bytes(b"x" * 100)
    memory = ctypes.create_string_buffer(100)
    ring, fd = uring.Ring(1), os.open(name, os.O_RDONLY)
    try:
        with library.open(library.fileio(os.getpid(), op="uring_read")) as operations:
            assert ring.do(uring.READ, fd, ctypes.addressof(memory), 30, 90) == 10
    finally:
        ring.close()
        os.close(fd)
    assert [(each.op, each.bytes, each.offset, each.path) for each in operations] == [
        ("uring_read", 10, 90, str(name)),
    ]
    assert operations.lost == 0


def test_many_at_once(rings: Uring) -> None:
    """Of several rings, threads and processes: each once, with its bytes."""
    found = rings.operations(
        """
import threading
a = opened("a", data=b"x" * 4096)
def work(first):
    ring, file = Ring(), opened(f"of {first}")
    for turn in range(20):
        for each in range(32):
            ring.put(READ, a, buffer, 1 + each, first * 700 + turn * 32 + each)
            ring.put(WRITE, file, buffer, 1 + each, first * 700 + turn * 32 + each)
        expect(sorted(ring.submit()), sorted(2 * [1 + each for each in range(32)]))
threads = [threading.Thread(target=work, args=(each,)) for each in range(2)]
child = os.fork()
if not child:
    work(2)
    os._exit(0)
for each in threads:
    each.start()
for each in threads:
    each.join()
expect(os.waitpid(child, 0)[1], 0)
""",
        "--follow",
    )
    assert sorted(found) == sorted(
        (op, 1 + each, 1 + each, first * 700 + turn * 32 + each, name)
        for first in range(3)
        for op, name in (("uring_read", "a"), ("uring_write", f"of {first}"))
        for turn in range(20)
        for each in range(32)
    )
