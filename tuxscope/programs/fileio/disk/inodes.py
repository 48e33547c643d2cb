"""From an inode to what is known of its file: its identity, its name, and who dirtied it.

There is no mount in an inode, so a path is that from the root of the file system (a FileKey with
mount 0, docs/files.md). User space puts it below the mount point.
"""

from __future__ import annotations

from tuxscope.asm import Array, Assembler, Map, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.files.emitting import store
from tuxscope.files.known import FileKey, KnownFile
from tuxscope.files.members import members
from tuxscope.files.walking import CLIMB, READ_PATH, climb, read_path
from tuxscope.page.emitting import lookup
from tuxscope.programs.fileio.disk.layout import called
from tuxscope.programs.fileio.disk.records import (
    DISK_ACCOUNT,
    DISK_FILES,
    NEW_FILE,
    Account,
    DiskFile,
    Identity,
)
from tuxscope.record import u64

DIRTIED_FILE, PATH_OF_INODE = "dirtied_file", "path_of_inode"


def path_functions(a: Assembler, layout: Layout) -> None:
    """Emit PATH_OF_INODE and what it calls, for a kernel with ``layout``, a Layout, behind all
    other code of the program."""
    a.function(PATH_OF_INODE)
    path_of_inode(a, layout)
    a.function(READ_PATH)
    read_path(a, layout)
    a.function(CLIMB, is_global=True)
    climb(a, layout)


def dirtied_file(a: Assembler, layout: Layout) -> None:
    """Emit the function that returns the address of the DiskFile of the inode at r1, or 0; it is
    made if there is none. ``layout`` is the kernel's Layout."""
    key, room = a.stack(Identity), a.stack(u64[8])
    inode = members(layout, "inode", ("i_sb", "i_ino", "i_generation"), room)
    device = members(layout, "super_block", ("s_dev",), room)
    file: Memory = DiskFile[r9]
    a.mov(r6, r1)
    inode.copy(a, r6)
    store(a, key.ino, inode["i_ino"])
    store(a, key.generation, inode["i_generation"])
    a.ldx(r7, inode["i_sb"])
    device.copy(a, r7)
    store(a, key.dev, device["s_dev"])
    find_or_add(a, DISK_FILES, key, NEW_FILE, "none")
    a.mov(r9, r0)
    a.ldx(r1, file.known.id)
    a.jne(r1, 0, "named")
    for name in ("ino", "dev", "generation"):
        store(a, getattr(file.known, name), getattr(key, name))
    a.mov(r1, r6)
    a.lea(r2, file.known)
    a.call(PATH_OF_INODE)
    a.label("named")
    a.mov(r0, r9)
    a.exit()
    a.label("none")
    a.mov(r0, 0)
    a.exit()


def path_of_inode(a: Assembler, layout: Layout) -> None:
    """Emit the function that reads a path of the inode at r1 for the KnownFile at r2, whose
    identity is there, and whose ``id`` is 0: it stays 0 if the kernel knows no name, or there is no
    room. ``layout`` is the kernel's Layout."""
    place, room = a.stack(FileKey), a.stack(u64[8])
    inode = members(layout, "inode", ("i_mode",), room)
    first = members(layout, "inode", ("i_dentry.first",), room)
    name = members(layout, "dentry", ("d_hash.pprev", "d_parent"), room)
    known: Memory = KnownFile[r7]
    a.mov(r6, r1)
    a.mov(r7, r2)
    inode.copy(a, r6)
    store(a, known.mode, inode["i_mode"])
    first.copy(a, r6)
    a.ldx(r8, first["i_dentry.first"])
    a.jeq(r8, 0, "out")  # as of a file that was opened by its handle
    a.sub(r8, alias_offset(layout))
    name.copy(a, r8)
    a.st(known.deleted, 0)
    a.ldx(r1, name["d_parent"])
    a.jeq(r1, r8, "hashed")  # d_unlinked(), include/linux/dcache.h
    a.ldx(r1, name["d_hash.pprev"])
    a.jne(r1, 0, "hashed")
    a.st(known.deleted, 1)
    a.label("hashed")
    a.zero(place)
    a.stx(place.dentry, r8)
    a.lea(r1, place)
    a.mov(r2, r7)
    a.mov(r3, r6)
    a.call(READ_PATH)
    a.jne(r0, 0, "out")
    a.st(known.id, 0)  # it is tried again
    add_to_account(a, Account.nameless.offset, 1)
    a.label("out")
    a.mov(r0, 0)
    a.exit()


def alias_offset(layout: Layout) -> int:
    """Return where a dentry has its node in the inode's list, an int, in bytes; ``layout`` is the
    kernel's Layout."""
    # Unions have had names, or none.
    return layout.member("dentry", called(layout, "dentry", "d_u.d_alias", "d_alias")).offset


def find_or_add(a: Assembler, map: Map, key: Memory, new: Array, full: str) -> None:
    """Emit: r0 = the address of the value of ``map``, a Map, for ``key``, Memory; where it has
    none, that of ``new``, an Array, is added. Jump to the label ``full`` if there is no room."""
    lookup(a, map, key)
    a.jne(r0, 0, f"in {map.name}")
    a.ld_map(r1, map)
    a.lea(r2, key)
    a.ld_map_value(r3, new)
    a.mov(r4, 1)  # BPF_NOEXIST: where another CPU was faster, its entry stays
    a.call(helper.map_update_elem)
    lookup(a, map, key)
    a.jeq(r0, 0, full)
    a.label(f"in {map.name}")


def add_to_account(a: Assembler, offset: int, amount: int | None = None) -> None:
    """Emit: add ``amount``, an int, or None for r2, to the counter at ``offset``, in bytes, of the
    Account. Uses r1 and r2."""
    a.ld_map_value(r1, DISK_ACCOUNT)
    if amount is not None:
        a.mov(r2, amount)
    a.atomic_add(u64[r1 + offset], r2)
