"""Bytes that were walked are counted: of which file, of what kind, and for which process."""

from __future__ import annotations

from tuxscope.asm import Assembler, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.files.emitting import store
from tuxscope.files.members import members
from tuxscope.page.emitting import address_of, copy
from tuxscope.programs.fileio.disk.dirtying import BDEVFS, PF_KTHREAD
from tuxscope.programs.fileio.disk.inodes import FILE_OF_INODE, add_to_account
from tuxscope.programs.fileio.disk.layout import constant
from tuxscope.programs.fileio.disk.records import (
    NEW_ROW,
    ROWS,
    SUBMITTERS,
    WRITERS,
    Account,
    DiskFile,
    Identity,
    Kind,
    Moved,
    RequestWalk,
    RowKey,
    Submitter,
    Writer,
    WriterKey,
)
from tuxscope.programs.fileio.disk.walking import ANON, SWAP, UNDER_IO, WRITE, find_request_walk
from tuxscope.record import u32, u64

BTRFS, BTREE_INODE = 0x9123683E, 1  # BTRFS_SUPER_MAGIC, BTRFS_BTREE_INODE_OBJECTID
IOCB_DIRECT = 1 << 17  # include/linux/fs.h
JBD2 = int.from_bytes(b"jbd2", "little"), int.from_bytes(b"jbd2", "big")
NOT_KNOWN = -1


def count_pending(a: Assembler, layout: Layout, pid: int | None, exclude: tuple[int, ...]) -> None:
    """Emit the global function that counts the pending bytes of this CPU's RequestWalk, for a
    kernel with ``layout``, a Layout: only those of process ``pid``, an int, or None for all, and
    none of the processes ``exclude``, a tuple of int."""
    walk: Memory = RequestWalk[r9]
    find_request_walk(a)
    a.ldx(r1, walk.pending)
    a.jeq(r1, 0, "out")
    a.zero(walk.key)
    a.st(walk.path, 0)
    load_submitter(a, walk)
    a.ldx(r6, walk.owner)
    a.jeq(r6, SWAP, "swap")
    a.jeq(r6, ANON, "direct")
    a.jeq(r6, 0, "no file")
    a.and_(r6, -1 - UNDER_IO)
    find_inode(a, layout, walk, "no file")
    classify_inode(a, layout, walk)

    a.label("no file")
    a.ldx(r1, walk.flags)
    a.mov(r2, r1)
    a.and_(r2, 1 << constant(layout, "__REQ_META"))
    a.jeq(r2, 0, "direct")
    # XFS has its log and its metadata in memory of its own; REQ_IDLE is for the log.
    a.st(u32[address_of(walk.key.kind)], Kind.METADATA)
    a.and_(r1, 1 << constant(layout, "__REQ_IDLE") | WRITE)
    a.jne(r1, 1 << constant(layout, "__REQ_IDLE") | WRITE, "of the device")
    a.st(u32[address_of(walk.key.kind)], Kind.JOURNAL)
    a.ja("of the device")

    a.label("swap")
    a.st(u32[address_of(walk.key.kind)], Kind.SWAP)
    a.ja("of the device")

    a.label("direct")
    a.st(u32[address_of(walk.key.kind)], Kind.DIRECT)
    find_direct(a, layout, walk)  # or goes to "no direct file"
    inode_key(a, layout, walk, "memory")
    a.jeq(r0, BDEVFS, "row")
    a.mov(r1, r6)
    a.call(FILE_OF_INODE)
    a.jeq(r0, 0, "row")
    store(a, walk.path, DiskFile[r0].known.id)
    a.ja("row")
    a.label("no direct file")
    a.ldx(r1, walk.owner)
    a.jne(r1, 0, "of the device")
    a.st(u32[address_of(walk.key.kind)], Kind.UNKNOWN)
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
    """Emit: r6 = the inode whose ``address_space`` is at r6; jump to the label ``otherwise`` if it
    is none, as other memory may look like one. ``walk`` is the Memory of a RequestWalk, ``layout``
    the kernel's Layout."""
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
    and jump to "row" or "direct"; ``layout`` is the kernel's Layout."""
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
    a.st(kind, Kind.DATA)
    a.mov(r1, r6)
    a.call(FILE_OF_INODE)
    a.jeq(r0, 0, "row")
    a.mov(r6, r0)
    store(a, walk.path, DiskFile[r6].known.id)
    name_writer(a, walk)
    a.ja("row")

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
    a.zero(walk.key.file)
    a.ja("direct")


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
    """Emit: where ``walk``, the Memory of a RequestWalk, is of a write, the process is the one that
    dirtied the DiskFile at r6 last; none if that is not known."""
    file, key = DiskFile[r6], a.stack(WriterKey)
    a.ldx(r1, walk.flags)
    a.and_(r1, WRITE)
    a.jeq(r1, 0, "row")
    a.zero(walk.who)
    a.st(walk.key.pid, 0)
    a.ldx(r1, file.dirtied)
    a.jeq(r1, 0, "row")
    a.zero(key)
    store(a, key.pid, file.pid)
    a.stx(walk.key.pid, r1)
    copy(a, address_of(key.file), address_of(walk.key.file), Identity.size)
    a.ld_map(r1, WRITERS)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "row")
    copy(a, address_of(walk.who.comm), address_of(Writer[r0].comm), Writer.comm.size)


def find_direct(a: Assembler, layout: Layout, walk: Memory) -> None:
    """Emit: r6 = the inode of the file that is read or written by direct I/O; jump to "no direct
    file" if that is not known. ``walk`` is the Memory of a RequestWalk, ``layout`` the kernel's
    Layout.

    Most file systems keep a ``struct iomap_dio`` there, whose ``kiocb`` leads to the file, and
    devices one that begins in the same way. What it leads to has to look like a file's.
    """
    steps = (("iomap_dio", "iocb"), ("kiocb", "ki_filp"), ("file", "f_mapping"))
    a.ldx(r6, walk.private)
    for struct, member in steps:
        names = (member, "ki_flags") if struct == "kiocb" else (member,)
        pointer = members(layout, struct, names, walk.room)
        a.jeq(r6, 0, "no direct file")
        pointer.copy(a, r6)
        if struct == "kiocb":
            a.ldx(r1, pointer["ki_flags"])
            a.and_(r1, IOCB_DIRECT)
            a.jeq(r1, 0, "no direct file")
        a.ldx(r6, pointer[member])
    find_inode(a, layout, walk, "no direct file")


def leave_out(a: Assembler, walk: Memory, pid: int | None, exclude: tuple[int, ...]) -> None:
    """Emit: jump to "out" if the process of the key of ``walk``, the Memory of a RequestWalk, is
    not ``pid``, an int (None: any), or is one of ``exclude``, a tuple of int."""
    a.ldx(r1, walk.key.pid)
    if pid is not None:
        a.jne(r1, pid, "out")
    for each in exclude:
        a.jeq(r1, each, "out")


def add_to_row(a: Assembler, walk: Memory) -> None:
    """Emit: add the pending bytes of ``walk``, the Memory of a RequestWalk, to the row of its key,
    and the request's time if this is the first of its bytes there."""
    row: Memory = Moved[r8]
    a.ld_map(r1, ROWS)
    a.lea(r2, walk.key)
    a.call(helper.map_lookup_elem)
    a.jne(r0, 0, "in rows")
    a.ld_map(r1, ROWS)
    a.lea(r2, walk.key)
    a.ld_map_value(r3, NEW_ROW)
    a.mov(r4, 1)  # BPF_NOEXIST
    a.call(helper.map_update_elem)
    a.ld_map(r1, ROWS)
    a.lea(r2, walk.key)
    a.call(helper.map_lookup_elem)
    a.jne(r0, 0, "in rows")
    # There is no room: the row for all others was made before.
    add_to_account(a, Account.others.offset, 1)
    a.zero(walk.key)
    a.st(walk.path, 0)
    a.st(walk.key.file.ino, NOT_KNOWN)
    a.st(u32[address_of(walk.key.kind)], Kind.UNKNOWN)
    a.zero(walk.who)
    a.ld_map(r1, ROWS)
    a.lea(r2, walk.key)
    a.call(helper.map_lookup_elem)
    a.jne(r0, 0, "in rows")
    add_to_account(a, Account.missed.offset, 1)
    a.ja("out")
    a.label("in rows")
    a.mov(r8, r0)
    a.ldx(r1, walk.path)
    a.jeq(r1, 0, "no path")
    a.stx(row.path, r1)
    a.label("no path")
    copy(a, address_of(row.comm), address_of(walk.who.comm), Moved.comm.size)
    a.ldx(r2, walk.pending)
    a.ldx(r1, walk.flags)
    a.and_(r1, WRITE)
    a.jeq(r1, 0, "read")
    a.atomic_add(row.written_bytes, r2)
    a.ja("added")
    a.label("read")
    a.atomic_add(row.read_bytes, r2)
    a.label("added")
    add_time(a, walk, row)


def add_time(a: Assembler, walk: Memory, row: Memory) -> None:
    """Emit: add the time of the request of ``walk``, the Memory of a RequestWalk, to ``row``, the
    Memory of a Moved, unless that was done, or it is not known."""
    for at in range(0, RowKey.size, 8):
        a.ldx(r1, u64[address_of(walk.key) + at])
        a.ldx(r2, u64[address_of(walk.counted) + at])
        a.jne(r1, r2, "new here")
    a.ja("out")
    a.label("new here")
    copy(a, address_of(walk.counted), address_of(walk.key), RowKey.size)
    a.ldx(r2, walk.elapsed)
    a.jeq(r2, NOT_KNOWN, "out")
    a.atomic_add(row.total_ns, r2)
    a.ldx(r1, row.max_ns)
    a.jge(r1, r2, "not the longest")
    a.stx(row.max_ns, r2)
    a.label("not the longest")
    a.mov(r1, 1)
    a.atomic_add(row.requests, r1)
