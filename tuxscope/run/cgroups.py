"""Control groups (v2): ids as programs in the kernel see them, and their paths."""

from __future__ import annotations

import os

from tuxscope.errors import UsageError

ROOT_ID = 1  # of the hierarchy's root: its inode number, which is the id (fs/kernfs/mount.c)
MOST = 65536  # directories that are looked at for their names


class CgroupError(UsageError):
    """An error, a UsageError, for a cgroup that does not exist, or cannot be chosen."""


def mount_point() -> str | None:
    """Return the directory where the hierarchy of cgroup v2 is mounted, a str; None if it is
    not."""
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
    """Return a pair of ints: the ID of the cgroup ``path``, a str, and its depth in the hierarchy.
    Raises CgroupError.

    ``path`` is that of its directory, or the one in the hierarchy, as /proc/PID/cgroup has it.
    """
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
    """Return whether ``directory`` is ``root`` or below it; both are absolute paths, str."""
    return directory == root or directory.startswith(os.path.join(root, ""))


def cgroup_paths() -> dict[int, str]:
    """Return the paths of all cgroups, a dict of str by ID, as /proc/PID/cgroup has them."""
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
    """Return the path of the cgroup of process ``pid``, an int, as a str; None if it has none, or
    has ended."""
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                if line.startswith("0::"):
                    return line[3:].rstrip("\n")
    except OSError:
        return None
    return None
