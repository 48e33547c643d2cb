"""What is known of files: the maps between the kernel's half of this room and user space's.

A file is known by its place (``FileKey``): a dentry in a mount, as a process with that root sees
it. What is known (``KnownFile``) also holds what tells another file or name at the same place, and
an id. User space finds the path under that id, in ``SHORT_PATHS`` or ``LONG_PATHS``.
"""

from __future__ import annotations

from enum import IntFlag

from tuxscope.asm import Array, Hash, LruHash, PerCpuArray
from tuxscope.record import Record, u8, u32, u64

LONGEST_NAME = 768  # bytes with the NUL; 255 on most file systems, three times as many on NTFS
LONGEST_PATH = 4096  # bytes, PATH_MAX: what a path may have before its last name is added
SHORT_PATH = 192
NSFS = 0x6E736673  # NSFS_MAGIC, include/uapi/linux/magic.h


class PathFlag(IntFlag):
    """An IntFlag: what a walk from a file to its root met.

    Attributes:
        DELETED: the name was removed from its directory.
        ROOT: the process's root.
        ROOTLESS: a dentry without a parent that is no mount's root: a pipe, a memfd and the like,
            or a file that was opened by its handle.
        TRUNCATED: no room for more components.
    """

    DELETED = 1
    ROOT = 2
    ROOTLESS = 4
    TRUNCATED = 8


class FileKey(Record):
    """A Record, the key of a file: addresses in the kernel of a ``struct path`` and of the
    process's ``fs->root``.

    Attributes:
        mount, dentry: those of the path, each a u64. With a mount of 0, the path is read up to the
            root of the file system.
        root_mount, root_dentry: those of the root, each a u64.
    """

    mount = u64
    dentry = u64
    root_mount = u64
    root_dentry = u64


class KnownFile(Record):
    """A Record, a file that was seen. The functions of :mod:`tuxscope.files.emitting` return the
    address of one.

    Attributes:
        id: a u64, of its path; another one after each rename.
        ino: a u64, the inode's number.
        dev: a u32, the device of its file system, as the kernel has it: major << 20 | minor.
        generation: a u32, of the inode; 0 if the file system counts none. It identifies the file,
            with ``dev`` and ``ino``.
        mode: a u32, type and permissions, as in ``st_mode``.
        deleted: a u32, whether the name is gone.
        magic: a u64, the file system's, s_magic.
        parent: a u64, the dentry's d_parent.
        chain: a u64, a hash of all names of the path.
        moves: a u64, the value of ``MOVES`` before the path was read.
        name_hash, name_length: u32 each, the dentry's d_name.hash and d_name.len.
    """

    id = u64
    ino = u64
    dev = u32
    generation = u32
    mode = u32
    deleted = u32
    magic = u64
    parent = u64
    name_hash = u32
    name_length = u32
    chain = u64
    moves = u64


class PathHead(Record):
    """A Record: what comes before the names of a path.

    Attributes:
        id: a u64, as in ``KnownFile``.
        key: the FileKey by which the file is known; ``ino``, ``dev``, ``generation`` and ``mode``
            are as in ``KnownFile``, too.
        magic: a u64, the file system's, s_magic.
        mount_namespace: a u32, its inode number; 0 for a mount that is in none.
        nlink: a u32, the number of names that the file has.
        flags: a u32, a PathFlag.
        length: a u32, the length of the names in bytes.
        inside: a u32, how many of these bytes are below the process's root, if that was met.
    """

    id = u64
    key = FileKey
    ino = u64
    magic = u64
    dev = u32
    generation = u32
    mode = u32
    nlink = u32
    mount_namespace = u32
    flags = u32
    length = u32
    inside = u32


class ShortPath(Record):
    """A Record, a path.

    Attributes:
        head: its PathHead.
        names: an array of u8, one bytes object with all names, the file's own first, each ended by
            a NUL.
    """

    head = PathHead
    names = u8[SHORT_PATH]


class LongPath(Record):
    """A Record, a path with room for ``LONGEST_PATH`` bytes, and one more name.

    Attributes:
        head: its PathHead.
        names: an array of u8, as in ShortPath.
    """

    head = PathHead
    names = u8[LONGEST_PATH + LONGEST_NAME]


class PathWalk(Record):
    """A Record: what each CPU has for the path that it reads.

    Attributes:
        users: a u64, the number of programs that use it now: only one may.
        ids: a u64, the number of paths that this CPU has named.
        missed: a u64, how often there was no room for a path, or another program used it.
        chain: a u64, see ``KnownFile``.
        dentry, mount: each a u64, addresses of where the walk is.
        mount_root, mount_parent, mountpoint: each a u64, of that mount.
        name: a u64, the address of the name of a file that has none in its dentry; 0 for all
            others.
        room: ``u64[32]``, for copies from the kernel.
        path: the LongPath that was read so far.
    """

    users = u64
    ids = u64
    missed = u64
    chain = u64
    dentry = u64
    mount = u64
    mount_root = u64
    mount_parent = u64
    mountpoint = u64
    name = u64
    room = u64[32]
    path = LongPath


KNOWN = LruHash("FILES", key=FileKey, value=KnownFile, max_entries=16384)
# Paths that user space has not taken yet; one that has no room is read again at the next call.
SHORT_PATHS = Hash("SHORT_PATHS", key=u64, value=ShortPath, max_entries=8192)
LONG_PATHS = Hash("LONG_PATHS", key=u64, value=LongPath, max_entries=512)
WALKS = PerCpuArray("PATH_WALKS", value=PathWalk, max_entries=1)
# How many directories and mounts were moved.
MOVES = Array("FILE_MOVES", value=u64, max_entries=1)
