"""Paths in user space: what the kernel's half read, as bytes and as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from tuxscope.asm.maps import Map
from tuxscope.files.known import (
    KNOWN,
    LONG_PATHS,
    NSFS,
    SHORT_PATHS,
    WALKS,
    PathFlag,
    PathHead,
)
from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import Any, Protocol

# include/uapi/linux/magic.h: file systems whose files have no directories.
PIPEFS, SOCKFS, ANON_INODE_FS = 0x50495045, 0x534F434B, 0x09041934
PIDFS, DMA_BUF = 0x50494446, 0x444D4142
DELETED = b" (deleted)"
MOST_PATHS = 65536  # that are kept; some 30 MB


class PathSource(Protocol):
    """A Protocol: the methods of a loaded map that FilePaths calls: lookup(), items(), delete() and
    delete_batch()."""

    def lookup(self, key: Any) -> Any | None: ...
    def items(self) -> Iterable[tuple[Any, Any]]: ...
    def delete(self, key: Any) -> bool: ...
    def delete_batch(self, keys: Iterable[Any]) -> int: ...


@dataclass(frozen=True, slots=True)
class FilePath:
    """A frozen dataclass: a file's path and identity. ``str()`` of it is ``inside`` as text.

    Attributes:
        inside: the path as the process sees it, from its own root, bytes; /proc/PID/fd shows it,
            too.
        outside: the path from the root of its mount namespace, bytes; of a file whose ``FileKey``
            has no mount, from the root of its file system. It is the same if the process's root is
            that root, and for what has no directory.
        dev: an int, the device of the file system, as the kernel has it: major << 20 | minor.
        ino: an int, the inode's number.
        generation: an int, of the inode; another file with the same number has another generation.
        mode: an int, type and permissions, as in ``st_mode``.
        nlink: an int, the number of names that the file had.
        mount_namespace: an int, its inode number, as in /proc/PID/ns/mnt; 0 for a file in none,
            such as pipes, and mounts that are attached nowhere.
        reachable: whether it is below the process's root.
        truncated: whether the first directories are missing, for lack of room; both paths then
            begin with ``...``.
    """

    inside: bytes
    outside: bytes
    dev: int
    ino: int
    generation: int
    mode: int
    nlink: int
    mount_namespace: int
    reachable: bool
    truncated: bool

    def __str__(self) -> str:
        """``inside`` as text; U+FFFD for what is no UTF-8."""
        return self.inside.decode("utf-8", "replace")


class FilePaths:
    """The paths of files by their IDs: ``paths[id]`` is a FilePath, or None. All that wait in the
    kernel are read when one is requested that is not here yet, and by ``take()``.

    ``FilePaths(maps, most)``: ``maps`` is a mapping of Map to the loaded map, ``most`` the number
    of paths kept, an int.

    Attributes:
        missed: an int, a property.
    """

    def __init__(self, maps: Mapping[Map, Any], most: int = MOST_PATHS) -> None:
        """``maps`` are the loaded maps by description, a Map; ``most`` is how many paths are kept,
        an int: those requested or read last."""
        # None if no program asks by descriptors or struct files, but by inodes.
        self._known: PathSource | None = maps.get(KNOWN)
        self._walks: PathSource = maps[WALKS]
        self._waiting: tuple[PathSource, ...] = (maps[SHORT_PATHS], maps[LONG_PATHS])
        self._most = most
        self._read: dict[int, Any] = {}  # ShortPath or LongPath
        self._made: dict[int, FilePath] = {}  # of those that were requested

    def __getitem__(self, id: int) -> FilePath | None:
        """The path of a ``KnownFile.id``; None where it is not kept any more.

        Raises MapError.
        """
        if id not in self._read:
            self.take()
        found = self._read.pop(id, None)
        if found is None:
            return None
        self._read[id] = found  # the last one now
        if id not in self._made:
            self._made[id] = file_path(found.head, found.names)
        return self._made[id]

    @property
    def missed(self) -> int:
        """The number of files without a path, an int: too many waited to be read, or a program
        interrupted another one while that read a path. Raises MapError."""
        return sum(each.missed for each in self._walks.lookup(0) or ())

    def finish(self) -> None:
        """Take what waits for the last time: the maps are closed after this. Raises MapError."""
        self.take()
        self._waiting = ()

    def take(self) -> None:
        """Take what waits in the kernel, which makes room there. Raises MapError."""
        for each in self._waiting:
            taken = dict(each.items())
            each.delete_batch(taken)
            self._read.update(taken)
        while len(self._read) > self._most:
            oldest = next(iter(self._read))
            self._made.pop(oldest, None)
            # It is read again when the file is seen again.
            key = self._read.pop(oldest).head.key
            if self._waiting and self._known is not None:
                self._known.delete(key)


def file_path(head: PathHead, names: bytes) -> FilePath:
    """Return the FilePath of ``head``, a PathHead, and ``names``, bytes, as the kernel's half read
    them."""
    flags = PathFlag(head.flags)
    truncated, reachable = PathFlag.TRUNCATED in flags, PathFlag.ROOT in flags
    # A walk without a mount ends at the file system's root, which is no mount's.
    if PathFlag.ROOTLESS in flags and head.key.mount:
        outside = inside = rootless(head, names[: head.length])
    else:
        outside = joined(names[: head.length], truncated)
        inside = joined(names[: head.inside], False) if reachable else outside
        if PathFlag.DELETED in flags:
            outside, inside = outside + DELETED, inside + DELETED
    return FilePath(
        inside,
        outside,
        head.dev,
        head.ino,
        head.generation,
        head.mode,
        head.nlink,
        head.mount_namespace,
        reachable,
        truncated,
    )


def joined(names: bytes, truncated: bool) -> bytes:
    """Return the path, bytes, with these ``names``, bytes: the last one first, each ended by a NUL;
    it begins with ``...`` if ``truncated``, a bool."""
    parts: Iterable[bytes] = reversed(names.split(b"\0")[:-1])
    return (b".../" if truncated else b"/") + b"/".join(parts)


def rootless(head: PathHead, names: bytes) -> bytes:
    """Return what /proc/PID/fd shows of a file that is in no directory, as bytes; ``head`` is its
    PathHead, ``names`` are its names, bytes."""
    name = names.partition(b"\0")[0]
    shown: dict[int, Callable[[], bytes]] = {
        PIPEFS: lambda: b"pipe:[%d]" % head.ino,
        SOCKFS: lambda: b"socket:[%d]" % head.ino,
        ANON_INODE_FS: lambda: b"anon_inode:" + name,
        PIDFS: lambda: b"anon_inode:[pidfd]",
        NSFS: lambda: b"%s:[%d]" % (name, head.ino),
        DMA_BUF: lambda: b"/dmabuf:",
    }
    if head.magic in shown:
        return shown[head.magic]()
    # simple_dname(), fs/d_path.c: memfd_create() and the like
    return b"/" if head.mount_namespace else b"/" + name + DELETED
