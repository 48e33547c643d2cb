"""Files of simulated processes, as structs in the memory of a simulated kernel.

All of them are in one mount; pipes and sockets are in none.
"""

from __future__ import annotations

import stat
import struct
import sys
from collections.abc import Mapping

from tuxscope.asm.layout import Layout
from tuxscope.files.paths import PIPEFS, SOCKFS
from tuxscope.run.synthetic_structs import struct_bytes
from tuxscope.vm.memory import Region

# Beside the caller's registers (run/workload.py): a region of its own.
KERNEL = 0xFFFF_C881_0000_0000
EXT4 = 0xEF53
DEVICE = 8 << 20 | 1  # as the kernel has it: major << 20 | minor
NAMESPACE = 0xF000_0000  # of mounts, as the kernel numbers the first one
MOST_FDS = 16
ROOTLESS = {"pipe": (PIPEFS, stat.S_IFIFO), "socket": (SOCKFS, stat.S_IFSOCK)}


class SyntheticFiles:
    """Files in a kernel with ``layout``, a Layout. Each is made when it is first asked for.

    Attributes:
        region: the memory that has them, a Region; its address is ``KERNEL``.
        root: the address of the ``struct fs_struct`` of all processes.
    """

    def __init__(self, layout: Layout) -> None:
        self.region = Region("the kernel's structs", bytearray(64), writable=False)
        self._layout = layout
        self._inodes = 0
        self._files: dict[str, int] = {}
        self._dentries: dict[str, int] = {}
        self._tables: dict[tuple[tuple[int, str], ...], int] = {}
        self._disk = self.add("super_block", {"s_dev": DEVICE, "s_magic": EXT4})
        top = self._dentry("/")
        self._mount = self._new_mount(top, self.add("mnt_namespace", {"ns.inum": NAMESPACE}))
        pwd = layout.member("fs_struct", "pwd").offset
        root = struct_bytes(layout, "fs_struct", {"root.mnt": self._mount, "root.dentry": top})
        whole = root.ljust(pwd, b"\0")[:pwd] + self._path(self._mount, self._dentry("/root"))
        self.root = self.put(whole)

    def table(self, descriptors: Mapping[int, str]) -> int:
        """Return the address of the ``struct files_struct`` of a process with ``descriptors``,
        a mapping of int to str: paths, ``socket:[31]`` or ``pipe:[7]``."""
        key = tuple(sorted(descriptors.items()))
        if key not in self._tables:
            files = [
                self._file(descriptors[fd]) if fd in descriptors else 0 for fd in range(MOST_FDS)
            ]
            array = self.put(struct.pack(f"={MOST_FDS}Q", *files))
            table = self.add("fdtable", {"max_fds": MOST_FDS, "fd": array})
            self._tables[key] = self.add("files_struct", {"fdt": table})
        return self._tables[key]

    def seek(self, path: str, position: int) -> None:
        """Set the position of the open file ``path``, a str as in :meth:`table`, to ``position``,
        an int."""
        start, place = self._file(path) - KERNEL, self._position()
        at = slice(start + place.start, start + place.stop)
        self.region.data[at] = position.to_bytes(len(place), sys.byteorder, signed=True)
        self.region.frozen = None

    def _position(self) -> range:
        """Return the offsets of the position in a ``struct file``, a range."""
        place = self._layout.member("file", "f_pos")
        return range(place.offset, place.offset + place.size)

    def put(self, data: bytes) -> int:
        """Add ``data``, bytes, to the kernel's memory; return its address, an int."""
        at = len(self.region.data)
        self.region.data += data.ljust(-(-len(data) // 16) * 16, b"\0")
        self.region.frozen = None
        return KERNEL + at

    def add(self, struct: str, values: Mapping[str, int]) -> int:
        """Add a ``struct`` whose members, by name, have ``values``; return its address, an int."""
        return self.put(struct_bytes(self._layout, struct, values))

    def _path(self, mount: int, dentry: int) -> bytes:
        return struct_bytes(self._layout, "path", {"mnt": mount, "dentry": dentry})

    def _new_mount(self, top: int, namespace: int = 0) -> int:
        """Add a mount without a parent, whose root is the dentry at ``top``; return the address of
        its ``struct vfsmount``."""
        address = KERNEL + len(self.region.data)
        values = {"mnt_parent": address, "mnt.mnt_root": top, "mnt_ns": namespace}
        return self.add("mount", values) + self._layout.member("mount", "mnt").offset

    def _file(self, path: str) -> int:
        if path not in self._files:
            kind = path.partition(":")[0]
            if kind in ROOTLESS:
                mount, dentry = self._rootless(kind, int(path[len(kind) + 2 : -1]))
            else:
                mount, dentry = self._mount, self._dentry(path)
            start = self._layout.member("file", "f_path").offset
            whole = bytes(start) + self._path(mount, dentry)
            self._files[path] = self.put(whole.ljust(self._position().stop, b"\0"))
        return self._files[path]

    def _rootless(self, kind: str, number: int) -> tuple[int, int]:
        """Add a pipe or a socket with that inode ``number``; return its mount and its dentry."""
        magic, mode = ROOTLESS[kind]
        block = self.add("super_block", {"s_dev": number, "s_magic": magic})
        return self._new_mount(0), self._new_dentry("", 0, self._inode(mode, block, number))

    def _dentry(self, path: str) -> int:
        """Return the address of the dentry of an absolute ``path``, with those above it."""
        if path not in self._dentries:
            above, _, name = path.rpartition("/")
            parent = self._dentry(above or "/") if name else 0
            mode = stat.S_IFCHR if path.startswith("/dev/") else stat.S_IFREG
            self._inodes += 1
            inode = self._inode(mode | 0o644, self._disk, self._inodes)
            self._dentries[path] = self._new_dentry(name or "/", parent, inode)
        return self._dentries[path]

    def _inode(self, mode: int, block: int, number: int) -> int:
        values = {"i_mode": mode, "i_sb": block, "i_ino": number, "i_nlink": 1}
        return self.add("inode", values | {"i_generation": 0, "i_private": 0})

    def _new_dentry(self, name: str, parent: int, inode: int) -> int:
        """Add a dentry; without a ``parent`` it is its own."""
        text = name.encode()
        where = self.put(text + b"\0")
        address = KERNEL + len(self.region.data)
        return self.add(
            "dentry",
            {
                "d_hash.pprev": KERNEL,  # its name was not removed
                "d_parent": parent or address,
                "d_name.hash": hash_of(text),
                "d_name.len": len(text),
                "d_name.name": where,
                "d_inode": inode,
            },
        )


def hash_of(name: bytes) -> int:
    """Return a number of 32 bits, an int, for ``name``, bytes; two names seldom share it."""
    value = 0
    for each in name:
        value = value * 31 + each & 0xFFFFFFFF
    return value
