"""Files that are open already: /proc says by which process, and where in them it is."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator

from tuxscope.files.choosing import VIEWS
from tuxscope.lean_typing import Any
from tuxscope.programs.fileio.operation import UNKNOWN, Permissions, open_flags
from tuxscope.programs.fileio.operations import EXISTING, OPS
from tuxscope.programs.fileio.options import FileioOptions
from tuxscope.run.cgroups import cgroup_of, cgroup_paths

NUMBER = OPS.index(EXISTING)
Row = tuple[Any, ...]  # the values of a FileOperation


def open_files(
    wanted: FileioOptions, left_out: tuple[int, ...], cgroup: int | None
) -> Iterator[Row]:
    """Yield the files that are open now, as the values of a FileOperation: those of the processes
    and of the kinds that ``wanted``, FileioOptions, includes.

    ``left_out`` are PIDs; ``cgroup`` is the ID of --cgroup, an int, or None. A file that several
    processes have open comes once for each, and for each descriptor.
    """
    views = frozenset() if wanted.all else views_mounted()
    inside = cgroup_paths().get(cgroup, "") if cgroup is not None else None
    every = (int(each) for each in os.listdir("/proc") if each.isdigit())
    processes = [wanted.pid] if wanted.pid else sorted(every)
    for pid in processes:
        if pid in left_out or (inside is not None and not below(cgroup_of(pid), inside)):
            continue
        try:
            yield from of_process(pid, wanted, views)
        except OSError:
            continue  # it has ended, or is not ours to look at


def below(cgroup: str | None, inside: str) -> bool:
    """Return whether ``cgroup``, a path or None, is ``inside``, a path, or below it."""
    return cgroup is not None and f"{cgroup}/".startswith(f"{inside}/".replace("//", "/"))


def of_process(pid: int, wanted: FileioOptions, views: frozenset[int]) -> Iterator[Row]:
    """Yield the files that process ``pid`` has open, as :func:`open_files` does, for ``wanted``,
    FileioOptions; ``views`` are the devices, as stat has them, that are left out. Raises
    OSError."""
    with open(f"/proc/{pid}/comm", "rb") as file:
        comm = file.read().rstrip(b"\n")
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="surrogateescape") as lines:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
    uid = int(status["Uid"].split()[0])
    if wanted.comm not in (None, comm) or wanted.uid not in (None, uid):
        return
    for fd in sorted(map(int, os.listdir(f"/proc/{pid}/fd"))):
        try:
            found = os.stat(f"/proc/{pid}/fd/{fd}")
            path = os.readlink(b"/proc/%d/fd/%d" % (pid, fd))
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as lines:
                info = dict(line.split(":", 1) for line in lines if ":" in line)
            position, flags = int(info["pos"]), int(info["flags"], 8)
        except (OSError, KeyError, ValueError):
            continue  # it is closed by now
        holds_data = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
        if not wanted.all and not (holds_data and found.st_dev not in views):
            continue
        yield (
            time.monotonic_ns(),
            UNKNOWN,
            UNKNOWN,
            position if holds_data else UNKNOWN,
            found.st_ino,
            fd,
            UNKNOWN,
            pid,
            pid,
            int(status["PPid"]),
            uid,
            os.major(found.st_dev) << 20 | os.minor(found.st_dev),
            Permissions.NOTHING,
            0,
            NUMBER,
            comm,
            open_flags(flags).encode(),
            path,
            b"",
        )


def views_mounted() -> frozenset[int]:
    """Return the devices, as stat has them, of the mounted file systems in VIEWS."""
    found = set()
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            front, _, back = line.partition(" - ")
            if back.split(" ", 1)[0] in VIEWS:
                major, minor = front.split(" ")[2].split(":")
                found.add(os.makedev(int(major), int(minor)))
    return frozenset(found)
