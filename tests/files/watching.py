"""Processes that say what /proc/self/fd shows of their files, and what the kernel's half says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pace import LIMIT

from files.opened import OPENED, Opened, programs
from tuxscope.files.paths import FilePath, FilePaths
from tuxscope.loader import Collection, Link, PerfReader
from tuxscope.loader.layout import RunningKernelLayout

# What each script begins with; see(fd) reads nothing from it, and prints what its link says.
PRELUDE = """
import os, sys
LINKS = os.open("/proc/self/fd", os.O_RDONLY)
def see(fd):
    try:
        os.read(fd, 0)
    except OSError:
        pass
    print(os.getpid(), fd, os.readlink(str(fd).encode(), dir_fd=LINKS).hex(), flush=True)
def look(path, flags=os.O_RDONLY):
    fd = os.open(path, flags)
    see(fd)
    return fd
"""


@dataclass(frozen=True)
class Seen:
    """A call, what /proc showed of its fd at that time, and what the kernel's half says.

    Attributes:
        link: empty for a call that opened the file.
    """

    event: Opened
    path: FilePath | None
    link: bytes = b""


class Watching:
    """All calls of all processes."""

    def __init__(self, loaded: Collection, reader: PerfReader) -> None:
        self.loaded = loaded
        self._reader = reader
        self.paths = FilePaths(loaded.maps)

    def of(self, script: str, *prefix: str, arguments: tuple[str, ...] = ()) -> list[Seen]:
        """The reads that a script saw, in their order, and those files alone that it opened."""
        command = [*prefix, sys.executable, "-S", "-c", PRELUDE + script, *arguments]
        done = subprocess.run(command, capture_output=True, timeout=LIMIT, check=False)
        assert done.returncode == 0, done.stderr.decode()
        links: dict[tuple[int, int], list[bytes]] = {}
        for line in done.stdout.splitlines():
            pid, fd, link = line.split(b" ")
            links.setdefault((int(pid), int(fd)), []).append(bytes.fromhex(link.decode()))
        seen = []
        for event in self._events():
            waiting = links.get((event.pid, event.fd))
            if event.opens:
                if any(event.pid == pid for pid, _ in links):
                    seen.append(Seen(event, self.paths[event.id]))
            elif waiting:
                seen.append(Seen(event, self.paths[event.id], waiting.pop(0)))
        assert not any(links.values()), f"without an event: {links}"
        return seen

    def reads(self, script: str, *prefix: str, arguments: tuple[str, ...] = ()) -> list[FilePath]:
        """The same, of reads alone; each is seen as /proc shows it. Raises AssertionError."""
        found = []
        for each in self.of(script, *prefix, arguments=arguments):
            if each.link:
                assert each.path, f"{each.link!r} is not known"
                assert each.path.inside == each.link
                found.append(each.path)
        return found

    def _events(self) -> Iterator[Opened]:
        for columns in self._reader.batches(final=True):
            yield from map(Opened.decode, zip(*columns, strict=True))


class WithoutCasts(RunningKernelLayout):
    """As before Linux 6.2, and where the kernel has no JIT."""

    def cast(self, struct: str) -> None:
        return None


@contextmanager
def watching(layout: RunningKernelLayout) -> Iterator[Watching]:
    with (
        Collection(programs(layout)) as loaded,
        PerfReader(loaded.maps[OPENED], order_by=Opened.timestamp_ns) as reader,
        Link(loaded),
    ):
        yield Watching(loaded, reader)
        assert reader.lost() == 0


def real(path: os.PathLike[str]) -> bytes:
    return os.fsencode(os.path.realpath(path))
