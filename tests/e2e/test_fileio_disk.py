"""``tuxscope fileio --disk``, as a user runs it."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filesystems import FileSystem, file_system
from programs.fileio.disk.counting import process

from e2e.harness import Result

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

PROGRAMS = 8
MIB = 1 << 20
WRITE = "fd = os.open(path, os.O_CREAT | os.O_WRONLY); os.write(fd, b'x' * MiB)"
LAST = re.compile(
    r"tuxscope: (\d+) rows, (\d+) bytes read from devices, (\d+) written, \d+\.\d s"
    r"(?:, \d+ missed by recursion)?\n"
)
KEYS = {
    "path", "pid", "comm", "writers", "dev", "kind", "device_read_bytes", "device_written_bytes",
    "read_bytes", "written_bytes", "requests", "avg_ns", "max_ns",
}  # fmt: skip


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[FileSystem]:
    with file_system("ext4", tmp_path) as made:
        yield made


def started(tuxscope: Any, *arguments: object) -> Any:
    run = tuxscope("fileio", "--disk", *arguments)
    run.wait_until_attached(PROGRAMS)
    return run


def stopped(run: Any) -> Result:
    run.signal(signal.SIGINT)
    result: Result = run.finish()
    assert result.status == 0, result.stderr
    return result


def rows_of(result: Result, path: Path, table: int = -1) -> list[dict[str, Any]]:
    return [each for each in result.objects[table]["rows"] if each["path"] == str(path)]


def test_the_writer_of_a_file(tuxscope: Any, mounted: FileSystem) -> None:
    path = mounted.where / "file"
    run = started(tuxscope, "--format", "json")
    pid = process(WRITE, path, "wrote and left")
    mounted.flush()
    result = stopped(run)
    (row,) = rows_of(result, path)
    assert row.keys() == KEYS
    assert (row["pid"], row["comm"], row["kind"]) == (pid, "wrote and left", "data")
    assert (row["device_read_bytes"], row["device_written_bytes"]) == (0, MIB)
    assert (row["read_bytes"], row["written_bytes"]) == (0, MIB)
    assert [each["pid"] for each in row["writers"]] == [pid]
    assert row["requests"] > 0
    assert 0 < row["avg_ns"] <= row["max_ns"]
    last = LAST.search(result.stderr)
    assert last
    assert int(last[3]) >= MIB
    assert int(last[1]) == len(result.objects[-1]["rows"])


def test_a_table_of_text(tuxscope: Any, mounted: FileSystem) -> None:
    path = mounted.where / "a\nfile"
    run = started(tuxscope, "--pid", str(os.getpid()), "--sort", "dev_written", "--rows", "1")
    path.write_bytes(b"x" * MIB)
    mounted.flush()
    header, *lines = stopped(run).stdout.splitlines()[-2:]
    assert header.split() == [
        "PID", "COMM", "DEVICE", "KIND", "READ_BYTES", "WRITTEN_BYTES", "DEV_READ", "DEV_WRITTEN",
        "AVG", "MAX", "PATH",
    ]  # fmt: skip
    (line,) = lines
    assert line.split()[0] == str(os.getpid())
    assert f" {mounted.loop} " in line
    assert line.endswith(r"/mounted/a\nfile")


def test_what_the_cache_has_is_asked_for_alone(tuxscope: Any, mounted: FileSystem) -> None:
    path = mounted.where / "file"
    process(WRITE, path)
    mounted.flush()
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    run = started(tuxscope, "--format", "json")
    for _ in range(3):
        process("fd = os.open(path, os.O_RDONLY); os.read(fd, MiB)", path, "reads")
    (row,) = rows_of(stopped(run), path)
    assert (row["read_bytes"], row["device_read_bytes"]) == (3 * MIB, MIB)


def test_an_interval_has_what_came_in_it(tuxscope: Any, mounted: FileSystem) -> None:
    path = mounted.where / "file"
    run = started(tuxscope, "--format", "json", "--interval", "1ms")
    process(WRITE, path)
    mounted.flush()
    run.wait_for_text(b'/file"')
    process(WRITE, path)
    mounted.flush()
    result = stopped(run)
    found = [row for table in range(len(result.objects)) for row in rows_of(result, path, table)]
    assert sum(each["device_written_bytes"] for each in found) == 2 * MIB
    assert all(each["device_written_bytes"] for each in found)


def test_a_command_is_the_only_process(tuxscope: Any, mounted: FileSystem) -> None:
    path = mounted.where / "file"
    arguments = ("if=/dev/zero", f"of={path}", "bs=64k", "count=16", "conv=fsync")
    result = tuxscope("fileio", "--disk", "--format", "json", "--", "dd", *arguments).finish()
    assert result.status == 0, result.stderr
    assert [each["device_written_bytes"] for each in rows_of(result, path)] == [MIB]
    assert {each["comm"] for each in result.objects[-1]["rows"]} <= {"dd"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--disk", "--op", "open"), "--op and --disk conflict"),
        (("--disk", "--path", "/etc"), "--path and --disk conflict"),
        (("--disk", "--sort", "nothing"), "there is no column nothing"),
        (("--rows", "3"), "--rows needs"),
        (("--interval", "3"), "--interval needs"),
    ],
)
def test_what_does_not_go_together(tuxscope: Any, arguments: tuple[str, ...], words: str) -> None:
    result = tuxscope("fileio", *arguments).finish()
    assert result.status == 2
    assert words in result.stderr
    assert not result.stdout
