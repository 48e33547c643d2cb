"""Bytes that were walked are counted: of which file, of what kind, and for which process."""

from __future__ import annotations

from tuxscope.asm import Assembler, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r6, r7, r8, r9
from tuxscope.files.emitting import store
from tuxscope.files.members import members
from tuxscope.page.emitting import address_of, copy, lookup
from tuxscope.programs.fileio.disk.counting import add_to_row, leave_out
from tuxscope.programs.fileio.disk.dirtying import BDEVFS, PF_KTHREAD
from tuxscope.programs.fileio.disk.layout import constant, has_member
from tuxscope.programs.fileio.disk.records import (
    DISK_FILES,
    SUBMITTERS,
    WRITERS,
    DiskFile,
    Identity,
    Kind,
    RequestWalk,
    Submitter,
    Writer,
    WriterKey,
)
from tuxscope.programs.fileio.disk.walking import ANON, SWAP, UNDER_IO, WRITE, find_request_walk
from tuxscope.record import u32

BTRFS, BTREE_INODE = 0x9123683E, 1  # BTRFS_SUPER_MAGIC, BTRFS_BTREE_INODE_OBJECTID
IOCB_DIRECT = 1 << 17  # include/linux/fs.h
JBD2 = int.from_bytes(b"jbd2", "little"), int.from_bytes(b"jbd2", "big")


def count_pending(a: Assembler, layout: Layout, pid: int | None, exclude: tuple[int, ...]) -> None:
    """Emit the global function that counts the pending bytes of this CPU's RequestWalk, for a
    kernel with ``layout``, a Layout: only those of process ``pid``, an int, or None for all, and
    none of the processes ``exclude``, a tuple of int."""
    walk: Memory = RequestWalk[r9]
    kind = u32[address_of(walk.key.kind)]
    find_request_walk(a)
    a.ldx(r1, walk.pending)
    a.jeq(r1, 0, "out")
    a.zero(walk.key)
    a.st(walk.inode, 0)
    a.st(walk.path, 0)
    load_submitter(a, walk)
    a.st(kind, Kind.SWAP)
    a.ldx(r1, walk.owner)
    a.jeq(r1, SWAP, "of the device")
    a.st(kind, Kind.DIRECT)
    find_direct(a, layout, walk, otherwise="not direct")
    inode_key(a, layout, walk, "memory")
    a.jeq(r0, BDEVFS, "row")
    a.ja("named")

    a.label("not direct")
    a.ldx(r6, walk.owner)
    a.jle(r6, ANON, "no file")  # or memory of the kernel's own, which may look like it
    a.and_(r6, -1 - UNDER_IO)
    find_inode(a, layout, walk, otherwise="no file")
    classify_inode(a, layout, walk)

    a.label("data")
    a.st(kind, Kind.DATA)
    a.label("named")
    a.stx(walk.inode, r6)
    name_writer(a, walk)
    a.ja("row")

    a.label("no file")
    a.ldx(r1, walk.flags)
    a.mov(r2, r1)
    a.and_(r2, 1 << constant(layout, "__REQ_META"))
    a.jeq(r2, 0, "memory of its own")
    # XFS has its log and its metadata in memory of its own; REQ_IDLE is for the log.
    a.st(kind, Kind.METADATA)
    a.and_(r1, 1 << constant(layout, "__REQ_IDLE") | WRITE)
    a.jne(r1, 1 << constant(layout, "__REQ_IDLE") | WRITE, "of the device")
    a.st(kind, Kind.JOURNAL)
    a.ja("of the device")

    a.label("memory of its own")
    if has_member(layout, "btrfs_bio", "inode"):  # not before Linux 6.3, or if btrfs is a module
        find_btrfs(a, layout, walk, otherwise="nothing known")
        a.ldx(r1, walk.owner)
        a.jne(r1, 0, "named")
        a.ja("data")  # its page says nothing: it was compressed
    a.label("nothing known")
    a.zero(walk.key.file)
    a.ldx(r1, walk.owner)
    a.jne(r1, 0, "of the device")
    a.st(kind, Kind.UNKNOWN)
    a.label("of the device")
    store(a, walk.key.file.dev, walk.device)
    a.label("row")
    leave_out(a, walk, pid, exclude)
    add_to_row(a, walk)
    a.label("out")
    a.st(walk.pending, 0)
    a.mov(r0, 0)
    a.exit()


def load_submitter(a: Assembler, walk: Memory) -> None:
    """Emit: who submitted the bio of ``walk``, the Memory of a RequestWalk, or the bio that it was
    split from; the key's process is this one."""
    a.zero(walk.who)
    for address in (walk.bio, walk.private):
        a.ld_map(r1, SUBMITTERS)
        a.lea(r2, address)
        a.call(helper.map_lookup_elem)
        a.jne(r0, 0, "a submitter")
    a.ja("no submitter")
    a.label("a submitter")
    copy(a, address_of(walk.who), address_of(Submitter[r0]), Submitter.size)
    a.label("no submitter")
    store(a, walk.key.pid, walk.who.pid)


def find_inode(a: Assembler, layout: Layout, walk: Memory, otherwise: str) -> None:
    """Emit: r6 = the inode whose ``address_space`` is at r6; jump to the label ``otherwise`` if no
    inode has it, as other memory may look like one. ``walk`` is the Memory of a RequestWalk,
    ``layout`` the kernel's Layout."""
    mapping = members(layout, "address_space", ("host",), walk.room)
    inode = members(layout, "inode", ("i_mapping",), walk.room)
    a.jeq(r6, 0, otherwise)
    a.mov(r7, r6)
    mapping.copy(a, r6)
    a.ldx(r6, mapping["host"])
    a.jeq(r6, 0, otherwise)
    inode.copy(a, r6)
    a.ldx(r1, inode["i_mapping"])
    a.jne(r1, r7, otherwise)


def inode_key(a: Assembler, layout: Layout, walk: Memory, what: str) -> None:
    """Emit: store the identity of the inode at r6 in the key of ``walk``, the Memory of a
    RequestWalk; r0 = the file system's magic number, r7 = the superblock. ``layout`` is the
    kernel's Layout, ``what`` a str, for a label."""
    names = ("i_sb", "i_ino", "i_generation", "i_rdev")
    inode = members(layout, "inode", names, walk.room)
    block = members(layout, "super_block", ("s_dev", "s_magic"), walk.room)
    file = walk.key.file
    inode.copy(a, r6)
    store(a, file.ino, inode["i_ino"])
    store(a, file.generation, inode["i_generation"])
    a.ldx(r8, inode["i_rdev"])
    a.ldx(r7, inode["i_sb"])
    block.copy(a, r7)
    store(a, file.dev, block["s_dev"])
    a.ldx(r0, block["s_magic"])
    a.jne(r0, BDEVFS, f"{what} of a file")
    a.stx(file.dev, r8)
    a.st(file.ino, 0)
    a.st(file.generation, 0)
    a.label(f"{what} of a file")


def classify_inode(a: Assembler, layout: Layout, walk: Memory) -> None:
    """Emit: make the key of ``walk``, the Memory of a RequestWalk, for a page of the inode at r6,
    and jump on; ``layout`` is the kernel's Layout."""
    kind = u32[address_of(walk.key.kind)]
    inode_key(a, layout, walk, "page")
    a.jeq(r0, BDEVFS, "blocks")
    a.ld_imm64(r1, BTRFS)
    a.jne(r0, r1, "no tree")
    a.ldx(r1, walk.key.file.ino)
    a.jeq(r1, BTREE_INODE, "tree")
    a.label("no tree")
    a.ldx(r1, walk.owner)
    a.and_(r1, UNDER_IO)
    a.jeq(r1, 0, "another's")
    leave_stack(a, layout, walk)
    a.ja("data")

    a.label("tree")
    a.st(walk.key.file.ino, 0)
    a.st(walk.key.file.generation, 0)
    a.st(kind, Kind.METADATA)
    a.ja("row")

    a.label("blocks")
    a.st(kind, Kind.METADATA)
    a.ldx(r1, walk.who.flags)
    a.and_(r1, PF_KTHREAD)
    a.jeq(r1, 0, "row")
    a.ldx(r1, u32[address_of(walk.who.comm)])
    for each in JBD2:  # in either byte order
        a.jeq32(r1, each, "journal")
    a.ja("row")
    a.label("journal")
    a.st(kind, Kind.JOURNAL)
    a.ja("row")

    a.label("another's")
    a.ja("memory of its own")


def leave_stack(a: Assembler, layout: Layout, walk: Memory) -> None:
    """Emit: jump to "another's" where the device of the file system, whose superblock is at r7, has
    requests of its own, and the one of ``walk``, the Memory of a RequestWalk, is another device's:
    the loop driver hands the pages on by direct I/O. ``layout`` is the kernel's Layout.

    A device without requests (mq_ops is NULL), such as dm's, only has those of the device below.
    """
    for struct, member, to in (
        ("super_block", "s_bdev", r7),
        ("block_device", "bd_disk", r7),
        ("gendisk", "queue", r7),
    ):
        pointer = members(layout, struct, (member,), walk.room)
        pointer.copy(a, to)
        a.ldx(to, pointer[member])
        a.jeq(to, 0, "own request")
    a.ldx(r1, walk.queue)
    a.jeq(r1, r7, "own request")
    queue = members(layout, "request_queue", ("mq_ops",), walk.room)
    queue.copy(a, r7)
    a.ldx(r1, queue["mq_ops"])
    a.jne(r1, 0, "another's")
    a.label("own request")


def name_writer(a: Assembler, walk: Memory) -> None:
    """Emit: where ``walk``, the Memory of a RequestWalk, is of data that was written, the process
    is the one that dirtied the file last; none if that is not known."""
    file, key = DiskFile[r6], a.stack(WriterKey)
    lookup(a, DISK_FILES, walk.key.file)
    a.mov(r6, r0)
    a.jeq(r6, 0, "not dirtied")
    store(a, walk.path, file.known.id)
    a.label("not dirtied")
    a.ldx(r1, u32[address_of(walk.key.kind)])
    a.jne(r1, Kind.DATA, "row")
    a.ldx(r1, walk.flags)
    a.and_(r1, WRITE)
    a.jeq(r1, 0, "row")
    a.zero(walk.who)
    a.st(walk.key.pid, 0)
    a.jeq(r6, 0, "row")
    a.ldx(r1, file.dirtied)
    a.jeq(r1, 0, "row")
    a.zero(key)
    store(a, key.pid, file.pid)
    a.stx(walk.key.pid, r1)
    copy(a, address_of(key.file), address_of(walk.key.file), Identity.size)
    lookup(a, WRITERS, key)
    a.jeq(r0, 0, "row")
    copy(a, address_of(walk.who.comm), address_of(Writer[r0].comm), Writer.comm.size)


def find_direct(a: Assembler, layout: Layout, walk: Memory, otherwise: str) -> None:
    """Emit: r6 = the inode of the file that is read or written by direct I/O; jump to the label
    ``otherwise`` if none is known. ``walk`` is the Memory of a RequestWalk, ``layout`` the kernel's
    Layout.

    Most file systems keep a ``struct iomap_dio`` there, whose ``kiocb`` leads to the file, and
    devices one that begins in the same way. What it leads to has to look like a file's.
    """
    a.ldx(r6, walk.private)
    follow_direct(a, layout, walk, "split")
    a.ja("a direct file")
    a.label("split")  # from a bio that has it
    whole = members(layout, "bio", ("bi_private",), walk.room)
    a.ldx(r6, walk.private)
    whole.copy(a, r6)
    a.ldx(r6, whole["bi_private"])
    follow_direct(a, layout, walk, otherwise)
    a.label("a direct file")


def follow_direct(a: Assembler, layout: Layout, walk: Memory, otherwise: str) -> None:
    """Emit: r6 = the inode of the file whose ``struct iomap_dio`` is at r6; jump to the label
    ``otherwise`` if there is none. ``walk`` is the Memory of a RequestWalk, ``layout`` the kernel's
    Layout."""
    steps = (("iomap_dio", "iocb"), ("kiocb", "ki_filp"), ("file", "f_mapping"))
    for struct, member in steps:
        names = (member, "ki_flags") if struct == "kiocb" else (member,)
        pointer = members(layout, struct, names, walk.room)
        a.jeq(r6, 0, otherwise)
        pointer.copy(a, r6)
        if struct == "kiocb":
            a.ldx(r1, pointer["ki_flags"])
            a.and_(r1, IOCB_DIRECT)
            a.jeq(r1, 0, otherwise)
        a.ldx(r6, pointer[member])
    find_inode(a, layout, walk, otherwise)


def find_btrfs(a: Assembler, layout: Layout, walk: Memory, otherwise: str) -> None:
    """Emit: r6 = the inode whose data the bio of ``walk``, the Memory of a RequestWalk, has by
    direct I/O or compressed, if the bio is in a ``struct btrfs_bio``; its identity is in the key.
    Jump to the label ``otherwise`` if not. ``layout`` is the kernel's Layout.

    What it leads to has to be an inode of btrfs.
    """
    follow_btrfs(a, layout, walk, walk.bio, "not in one")
    a.ja("of btrfs")
    a.label("not in one")  # but it may be split from a bio that is
    follow_btrfs(a, layout, walk, walk.private, otherwise)
    a.label("of btrfs")


def follow_btrfs(a: Assembler, layout: Layout, walk: Memory, bio: Memory, otherwise: str) -> None:
    """Emit: what find_btrfs does, for the bio whose address is in ``bio``, Memory; jump to the
    label ``otherwise`` if it is in no ``struct btrfs_bio``. ``walk`` is the Memory of a
    RequestWalk, ``layout`` the kernel's Layout."""
    whole = members(layout, "btrfs_bio", ("inode",), walk.room)
    inode = members(layout, "inode", ("i_mapping",), walk.room)
    a.ldx(r6, bio)
    a.jeq(r6, 0, otherwise)
    a.sub(r6, layout.member("btrfs_bio", "bio").offset)
    whole.copy(a, r6)
    a.ldx(r6, whole["inode"])
    a.jeq(r6, 0, otherwise)
    a.add(r6, layout.member("btrfs_inode", "vfs_inode").offset)
    inode.copy(a, r6)
    a.ldx(r6, inode["i_mapping"])
    find_inode(a, layout, walk, otherwise)
    inode_key(a, layout, walk, otherwise)
    a.ld_imm64(r1, BTRFS)
    a.jne(r0, r1, otherwise)
