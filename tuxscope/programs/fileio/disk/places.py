"""Where file systems are mounted, and what devices are called: what user space knows of both."""

from __future__ import annotations

import os
from collections.abc import Mapping

MOUNTS = "/proc/self/mountinfo"
Mount = tuple[bytes, bytes]  # the directory of the file system that is mounted, and where


def read_mounts(file: str = MOUNTS) -> dict[int, list[Mount]]:
    """Return a dict of the mounts in ``file``, a path, by their device, an int as the kernel has
    it: a list of pairs of bytes, the mounted directory and the mount point. See proc(5).

    Raises OSError.
    """
    found: dict[int, list[Mount]] = {}
    with open(file, "rb") as opened:
        for line in opened:
            parts = line.split(b" ")
            if len(parts) > 4:
                major, _, minor = parts[2].partition(b":")
                device = int(major) << 20 | int(minor)
                found.setdefault(device, []).append((unescaped(parts[3]), unescaped(parts[4])))
    return found


def unescaped(text: bytes) -> bytes:
    r"""Return ``text``, bytes of mountinfo, with ``\040`` and the like as the bytes they stand
    for."""
    first, *rest = text.split(b"\\")
    return first + b"".join(bytes([int(each[:3], 8) & 0xFF]) + each[3:] for each in rest)


def below_mount(path: bytes, mounts: list[Mount]) -> bytes:
    """Return ``path``, bytes, which begins at the root of its file system, as it is seen below one
    of ``mounts``, a list of pairs: of the one that has most of the file system, else the first.

    If none has it, as in another mount namespace, ``path`` stays as it is.
    """
    best: Mount | None = None
    for root, point in mounts:
        inside = root == b"/" or path == root or path.startswith(root + b"/")
        if inside and (best is None or len(root) < len(best[0])):
            best = root, point
    if best is None:
        return path
    root, point = best
    rest = path if root == b"/" else path[len(root) :]
    return (point.rstrip(b"/") + rest.rstrip(b"/")) or b"/"


def device_numbers(device: int) -> str:
    """Return ``device``, an int as the kernel has it, as ``major:minor``."""
    return f"{device >> 20}:{device & 0xFFFFF}"


def device_name(device: int) -> str:
    """Return the name of the block ``device``, an int as the kernel has it, as in /dev; its numbers
    if it has none, as that of btrfs."""
    numbers = device_numbers(device)
    try:
        with open(f"/sys/dev/block/{numbers}/uevent") as file:
            lines = file.read().splitlines()
    except OSError:
        return numbers
    return next((each[8:] for each in lines if each.startswith("DEVNAME=")), numbers)


class Places:
    """Paths and devices as user space sees them. Mounts are read once for each table.

    Attributes:
        mounts: a mapping of device to a list of pairs of bytes, as read_mounts returns it.
    """

    def __init__(self) -> None:
        self.mounts: Mapping[int, list[Mount]] = {}
        self._names: dict[int, str] = {}
        self._shown: dict[int, tuple[bytes, str]] = {}

    def look(self, ids: set[int]) -> None:
        """Read the mounts if one of ``ids``, a set of int, is of a path that was not shown yet, and
        forget all paths that are not among them."""
        self._shown = {id: each for id, each in self._shown.items() if id in ids}
        if not ids <= self._shown.keys():
            self.mounts = read_mounts()

    def of(self, id: int, path: bytes, device: int, ino: int) -> tuple[bytes, str]:
        """Return the path and the device of a file as ``stat`` shows them, a pair of bytes and a
        str: ``id`` is the ID of ``path``, bytes from the root of the file system on ``device``, an
        int; ``ino`` is the inode's number. They stay as they were when they were asked for
        first."""
        if id not in self._shown:
            seen = below_mount(path, self.mounts.get(device, []))
            self._shown[id] = seen, stat_device(seen, device, ino)
        return self._shown[id]

    def name(self, device: int) -> str:
        """Return the name of ``device``, an int, as device_name does."""
        if device not in self._names:
            self._names[device] = device_name(device)
        return self._names[device]


def stat_device(path: bytes, device: int, ino: int) -> str:
    """Return the device, ``major:minor``, that stat shows of the file at ``path``, bytes, with the
    inode ``ino`` on ``device``, both int: with btrfs that of its subvolume, if the file is still
    there."""
    if device >> 20 == 0:
        try:
            found = os.lstat(path)
        except (OSError, ValueError):
            return device_numbers(device)
        if found.st_ino == ino and os.major(found.st_dev) == 0:
            return f"0:{os.minor(found.st_dev)}"
    return device_numbers(device)
