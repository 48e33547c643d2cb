"""``tuxscope fileio --summary``: each call and each byte, by file and process; what is open."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

import tuxscope as library
from tuxscope.loader import bpf
from tuxscope.loader.bpf import BpfCommand, UpdateFlag
from tuxscope.loader.found_maps import open_map
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.programs.fileio.tallies import FILE_TALLIES, FileProcess, FileTally

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.one_kernel,
    pytest.mark.skipif(
        not RunningKernelLayout().has_structs, reason="this kernel does not say where files are"
    ),
]

# Two processes and two threads, which share a descriptor; short and failing calls.
MOVES = """
import ctypes, os, sys, threading
os.chdir(sys.argv[1])
a = os.open("a", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
b = os.open("b", os.O_RDWR | os.O_CREAT | os.O_APPEND)
for _ in range(5):
    os.write(a, b"x" * 100)
os.pwrite(a, b"y" * 7, 1000)
os.writev(a, [b"1" * 3, b"2" * 4])
os.pwritev(a, [b"3"], 2000)
os.lseek(a, 0, 0)
os.read(a, 50)
os.read(a, 5000)
os.read(a, 5000)
os.pread(a, 9, 0)
os.readv(a, [bytearray(5)])
os.preadv(a, [bytearray(5)], 0)
os.write(b, b"z" * 11)
c = os.open("c", os.O_RDWR | os.O_CREAT)
os.copy_file_range(a, c, 20, 0, 100)
os.sendfile(c, a, 0, 30)
try:
    os.write(os.open("a", os.O_RDONLY), b"no")
except OSError:
    pass
try:
    os.read(1000, 1)
except OSError:
    pass
thread = threading.Thread(target=lambda: os.write(os.dup(a), b"t" * 13))
thread.start()
thread.join()
child = os.fork()
if not child:
    os.write(a, b"c" * 17)
    os._exit(0)
os.waitpid(child, 0)
os.rename("a", "renamed")
os.write(a, b"r")
"""
# reads, writes, read_bytes, written_bytes; of a: 2001 bytes at the end of pwritev
PARENT = {
    "renamed": (8, 11, 50 + 1951 + 0 + 9 + 0 + 5 + 20 + 30, 500 + 7 + 7 + 1 + 13 + 1),
    "b": (0, 1, 0, 11),
    "c": (0, 2, 0, 20 + 30),
}
CHILD = {"a": (0, 1, 0, 17)}  # that process used it last by this name


def counts(row: dict[str, Any]) -> tuple[int, int, int, int]:
    return row["reads"], row["writes"], row["read_bytes"], row["written_bytes"]


def rows_of(result: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(result.stdout.splitlines()[-1])["rows"]
    return rows


def test_each_byte_and_each_call_by_file_and_process(tuxscope: Any, tmp_path: Path) -> None:
    command = (sys.executable, "-S", "-c", MOVES, str(tmp_path))
    run = tuxscope(
        "fileio", "--summary", "--follow", "--format", "json", "--path", tmp_path, "--", *command
    )
    found = rows_of(run.finish())
    pids = list(dict.fromkeys(each["pid"] for each in found))
    by_pid = [
        {Path(each["path"]).name: counts(each) for each in found if each["pid"] == pid}
        for pid in pids
    ]
    assert sorted(by_pid, key=len) == [CHILD, PARENT]
    file = os.stat(tmp_path / "renamed")
    named = next(each for each in found if each["path"] == str(tmp_path / "renamed"))
    assert named["ino"] == file.st_ino
    assert named["dev"] == f"{os.major(file.st_dev)}:{os.minor(file.st_dev)}"
    assert 0 < named["avg_ns"] <= named["max_ns"]


@pytest.mark.parametrize("by", ["process", "directory", "mount"])
def test_rows_by_another_key_have_the_same_sums(tuxscope: Any, tmp_path: Path, by: str) -> None:
    command = (sys.executable, "-S", "-c", MOVES, str(tmp_path))
    run = tuxscope(
        "fileio", "--summary", "--by", by, "--follow", "--format", "json", "--path", tmp_path,
        "--", *command,
    )  # fmt: skip
    found = rows_of(run.finish())
    every = [*PARENT.values(), *CHILD.values()]
    assert tuple(map(sum, zip(*map(counts, found), strict=True))) == tuple(
        map(sum, zip(*every, strict=True))
    )
    assert len(found) == (2 if by == "process" else 1)
    match by:
        case "directory":
            assert found[0]["path"] == str(tmp_path)
        case "mount":
            assert os.path.ismount(found[0]["path"])
            assert str(tmp_path).startswith(found[0]["path"])
        case "process":
            assert {each["path"] for each in found} == {None}


def test_more_files_than_have_room(tuxscope: Any, tmp_path: Path) -> None:
    """Those that have no row are counted in the one of all others."""
    run = tuxscope(
        "fileio", "--summary", "--format", "json", "--interval", "1000", "--pid", os.getpid()
    )  # one table, at the end
    run.wait_until_attached(4)
    fill(map_of(run.process.pid, "FILE_TALLIES"))
    for number in range(5):
        (tmp_path / f"{number}").write_bytes(b"abc")
    run.signal(signal.SIGINT)
    result = run.finish()
    (others,) = [each for each in rows_of(result) if each["path"] == "(other)"]
    assert counts(others) == (0, 5, 0, 15)
    assert "5 of them in (other): too many files, or no path" in result.stderr


def map_of(pid: int, name: str) -> int:
    """The ID of the map with a name that a process has."""
    for each in os.listdir(f"/proc/{pid}/fdinfo"):
        info = Path(f"/proc/{pid}/fdinfo/{each}").read_text()
        if found := re.search(r"^map_id:\s*(\d+)$", info, re.MULTILINE):
            with open_map(int(found[1])) as one:
                if one.info.name == name:
                    return int(found[1])
    raise AssertionError(f"process {pid} has no map {name}")


def fill(map_id: int) -> None:
    """Leave no room in FILE_TALLIES, with files that have not been read or written."""
    with bpf.fd_by_id(BpfCommand.MAP_GET_FD_BY_ID, map_id) as map:
        for number in range(FILE_TALLIES.max_entries):
            key = FileProcess(ino=number + 1, dev=0xFFFFF, pid=1)
            try:
                bpf.map_update(map.fileno(), bytes(key), bytes(FileTally()), UpdateFlag.ANY)
            except OSError:
                return
    raise AssertionError("there is room for all")


def test_without_all_pipes_are_not_counted(tuxscope: Any, tmp_path: Path) -> None:
    script = (
        "import os; r, w = os.pipe(); os.write(w, b'abc'); os.read(r, 3)\n"
        "open('/proc/self/stat').read()"
    )
    command = (sys.executable, "-S", "-c", script)
    for options, seen in (((), False), (("--all",), True)):
        run = tuxscope("fileio", "--summary", "--format", "json", *options, "--", *command)
        paths = [each["path"] for each in rows_of(run.finish())]
        assert any(str(each).startswith("pipe:") for each in paths) is seen
        assert any(str(each).startswith("/proc/") for each in paths) is seen


def test_files_that_are_open_already(tuxscope: Any, tmp_path: Path) -> None:
    name = tmp_path / "open"
    name.write_bytes(b"0123456789")
    with name.open("rb") as file:
        file.read(4)
        os.lseek(file.fileno(), 4, 0)
        run = tuxscope(
            "fileio", "--existing", "--pid", os.getpid(), "--format", "json", "--path", name,
            "--count", 1,
        )  # fmt: skip
        (found,) = run.finish().objects
        assert found["op"] == "existing"
        assert (found["pid"], found["ret"]) == (os.getpid(), file.fileno())
        assert (found["path"], found["offset"], found["ino"]) == (
            str(name), 4, os.fstat(file.fileno()).st_ino,
        )  # fmt: skip
        assert found["flags"].startswith("O_RDONLY")


def test_as_a_library(tmp_path: Path) -> None:
    name = tmp_path / "file"
    with library.open(library.fileio(os.getpid(), op=("open", "write"))) as operations:
        fd = os.open(name, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(fd, b"hello")
        os.close(fd)
    found = [each for each in operations if each.path == str(name)]
    assert [(each.op, each.ret, each.bytes, each.offset) for each in found] == [
        ("open", fd, None, None),
        ("write", 5, 5, 0),
    ]
    assert found[0].flags == "O_WRONLY|O_CREAT|O_CLOEXEC"
    assert found[0].mode == "0600"
    assert operations.lost == 0


def test_as_a_library_while_it_runs(tmp_path: Path) -> None:
    """Paths are read from the kernel's maps before these are closed, and after."""
    names = [tmp_path / f"{each}" for each in range(3)]
    found = []
    with library.open(library.fileio(os.getpid(), op="open", failed=True)) as operations:
        for name in names:
            assert not name.exists()
            with pytest.raises(FileNotFoundError):
                os.open(name, os.O_RDONLY)
        for each in operations:
            found.append((each.path, each.error))
            if len(found) == len(names):
                operations.stop()
    assert found == [(str(name), "ENOENT") for name in names]


def test_a_library_user_mistypes_an_operation() -> None:
    with pytest.raises(library.TuxscopeError) as raised:
        library.fileio(op="opne")
    assert str(raised.value) == "fileio has no operation 'opne'; did you mean open?"


def test_intervals_have_what_was_moved_in_them(tuxscope: Any, tmp_path: Path) -> None:
    name = tmp_path / "file"
    run = tuxscope(
        "fileio", "--summary", "--format", "json", "--interval", "0.1", "--pid", os.getpid(),
        "--path", name,
    )  # fmt: skip
    run.wait_until_attached(4)
    with name.open("wb", buffering=0) as file:
        for _ in range(3):
            file.write(b"x" * 10)
        run.wait_for_text(b'"written_bytes"')
        file.write(b"y" * 5)
        run.wait_for_text(b'"written_bytes"', 2)
    run.signal(signal.SIGINT)
    rows = [row for each in run.finish().objects for row in each["rows"]]
    assert sum(each["written_bytes"] for each in rows) == 35
    assert rows[-1]["written_bytes"] == 5
