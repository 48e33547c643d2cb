"""Control groups (v2): ids as programs in the kernel see them, and their paths."""

from __future__ import annotations

import os

from tuxscope.errors import UsageError

ROOT_ID = 1  # of the hierarchy's root: its inode number, which is the id (fs/kernfs/mount.c)
MOST = 65536  # directories that are looked at for their names


class CgroupError(UsageError):
    """No cgroup that can be chosen."""


def mount_point() -> str | None:
    """Where the hierarchy of cgroup v2 is mounted; None where it is not."""
    try:
        with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as mounts:
            for line in mounts:
                _, directory, kind, *_ = line.split(" ")
                if kind == "cgroup2":
                    return directory.encode("latin-1", "surrogateescape").decode("unicode_escape")
    except (OSError, UnicodeError):
        return None
    return None


def identify(path: str) -> tuple[int, int]:
    """The id of a cgroup, and how deep in the hierarchy it is. ``path`` is that of its directory,
    or in the hierarchy, as /proc/PID/cgroup has it. Raises CgroupError."""
    root = mount_point()
    if root is None:
        raise CgroupError("--cgroup needs cgroup v2, and it is not mounted")
    directory = os.path.realpath(path)
    if not is_inside(directory, root) or not os.path.isdir(directory):
        directory = os.path.realpath(os.path.join(root, path.lstrip("/")))
    if not is_inside(directory, root) or not os.path.isdir(directory):
        raise CgroupError(f"there is no cgroup {path}: cgroups are directories in {root}")
    if os.stat(root).st_ino != ROOT_ID:
        raise CgroupError(
            "--cgroup needs the whole hierarchy, and only a part of it is mounted here, as in "
            "containers"
        )
    inside = os.path.relpath(directory, root)
    return os.stat(directory).st_ino, 0 if inside == "." else inside.count("/") + 1


def is_inside(directory: str, root: str) -> bool:
    return directory == root or directory.startswith(os.path.join(root, ""))


def cgroup_paths() -> dict[int, str]:
    """The paths of all cgroups by their ids, as /proc/PID/cgroup has them."""
    root = mount_point()
    found: dict[int, str] = {}
    if root is not None:
        for directory, _, _ in os.walk(root):
            try:
                inode = os.stat(directory).st_ino
            except OSError:
                continue
            found[inode] = directory.removeprefix(root) or "/"
            if len(found) >= MOST:
                break
    return found


def cgroup_of(pid: int) -> str | None:
    """The path of a process's cgroup; None where it has none, or is gone."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                if line.startswith("0::"):
                    return line[3:].rstrip("\n")
    except OSError:
        return None
    return None
