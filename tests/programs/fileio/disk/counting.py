"""The programs of fileio --disk while a test's processes read and write."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filesystems import FileSystem
from pace import LIMIT

from tuxscope.files.paths import FilePaths
from tuxscope.loader import Collection, Link
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.programs.fileio.disk.live import row_of_others
from tuxscope.programs.fileio.disk.page import disk
from tuxscope.programs.fileio.disk.places import Places
from tuxscope.programs.fileio.disk.records import DISK_ACCOUNT, ROWS, WRITERS, Account
from tuxscope.programs.fileio.disk.rows import Details, rows, writers_by_file

PRELUDE = """
import mmap, os, sys
path = sys.argv[1]
with open("/proc/self/comm", "w") as file:
    file.write(sys.argv[2])
MiB = 1 << 20
"""


@dataclass(frozen=True)
class DiskUse:
    """A row of the table."""

    path: str | None
    pid: int | None
    comm: str
    kind: str
    dev: str
    read: int
    written: int
    requests: int
    writers: list[dict[str, Any]]
    device: int
    """The file's device, as the kernel has it."""


class Counting:
    def __init__(self, loaded: Collection) -> None:
        self.loaded = loaded
        self._paths, self._places = FilePaths(loaded.maps), Places()

    def rows(self) -> list[DiskUse]:
        """All rows."""
        details: dict[int, Details] = {}
        moved = dict(self.loaded.maps[ROWS].items())
        moved = {key: each for key, each in moved.items() if each.read_bytes or each.written_bytes}
        writers = writers_by_file(self.loaded.maps[WRITERS].items())
        shown = rows(moved, writers, self._paths.__getitem__, self._places, {}, details)
        devices = [key.file.dev for key in moved]
        found = []
        for (who, line), device in zip(shown, devices, strict=True):
            own = details[who.path]
            found.append(
                DiskUse(
                    own.path,
                    who.pid,
                    who.comm,
                    who.kind,
                    own.dev,
                    line.device_read_bytes,
                    line.device_written_bytes,
                    line.requests,
                    own.writers,
                    device,
                )
            )
        return found

    def of_path(self, path: Path) -> list[DiskUse]:
        return [each for each in self.rows() if each.path == str(path)]

    def of(self, mounted: FileSystem) -> list[DiskUse]:
        return [each for each in self.rows() if each.device in mounted.devices]

    @property
    def account(self) -> Account:
        _, account = next(iter(self.loaded.maps[DISK_ACCOUNT].items()))
        return account


@contextmanager
def counting(layout: RunningKernelLayout | None = None, **page: Any) -> Iterator[Counting]:
    """The programs, attached; ``page`` are the page's arguments."""
    layout = layout or RunningKernelLayout()
    if problem := layout.without_structs:
        pytest.skip(str(problem))
    programs = disk(layout=layout, **page)
    with Collection(programs) as loaded:
        loaded.maps[ROWS].update(*row_of_others())
        with Link(loaded):
            yield Counting(loaded)


def process(script: str, path: Path, comm: str = "disk-test") -> int:
    """Run a script on a file, in a process called ``comm``; its PID."""
    command = [sys.executable, "-S", "-c", PRELUDE + script, str(path), comm]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as running:
        _, errors = running.communicate(timeout=LIMIT)
    assert running.returncode == 0, errors.decode()
    return running.pid
