"""All bios of a request and all their segments, one segment at a time.

Bytes with the same owner are counted together. An owner is a number: 0 if a page says nothing, ANON
for a process's own memory, SWAP, or the address of a page's ``address_space`` (the file that it is
a page of), with UNDER_IO if the request is for the page itself. A page that a process reads or
writes by direct I/O may be of a file, too, but not of the file that is read or written.
"""

from __future__ import annotations

from tuxscope.asm import Assembler
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r6, r7, r8, r9
from tuxscope.files.emitting import store
from tuxscope.files.members import Members, members
from tuxscope.page.emitting import find_only
from tuxscope.programs.fileio.disk.layout import called, constant, has_member
from tuxscope.programs.fileio.disk.records import REQUEST_WALKS, RequestWalk

NEXT_SEGMENT, COUNT_PENDING = "next_segment", "count_pending"
# Bios and segments of a request that are walked; what is left is of kind unknown.
STEPS = 2048
ANON, SWAP, UNDER_IO = 1, 2, 4
MAPPING_FLAGS = 3  # PAGE_MAPPING_FLAGS, include/linux/page-flags.h
SEGMENT_SIZE = 16  # of a struct bio_vec
SMALLEST_MASK = -(1 << 32)
OPERATION = 0xFF  # REQ_OP_MASK, include/linux/blk_types.h
WRITE = 1  # REQ_OP_WRITE; its lowest bit says that data goes to the device


def find_request_walk(a: Assembler) -> None:
    """Emit: r9 = the address of this CPU's RequestWalk; return 0 if there is none, which never
    happens."""
    find_only(a, REQUEST_WALKS)
    a.mov(r9, r0)


def next_segment(a: Assembler, layout: Layout) -> None:
    """Emit the global function that goes one segment, or one bio, further; it returns whether to go
    on. ``layout`` is the kernel's Layout.

    It is global so that the verifier follows it once, and not for each step.
    """
    walk: Memory = RequestWalk[r9]
    find_request_walk(a)
    a.ldx(r1, walk.left)
    a.jeq(r1, 0, "end")
    a.ldx(r1, walk.left_in_bio)
    a.jne(r1, 0, "segment")
    a.call(COUNT_PENDING)
    a.ldx(r6, walk.next)
    a.jeq(r6, 0, "end")
    enter_bio(a, layout, walk)
    a.mov(r0, 1)
    a.exit()

    a.label("segment")
    segment = members(layout, "bio_vec", ("bv_page", "bv_len"), walk.room)
    a.ldx(r6, walk.index)
    a.mov(r1, r6)
    a.add(r1, 1)
    a.stx(walk.index, r1)
    a.mul(r6, SEGMENT_SIZE)
    a.ldx(r1, walk.segments)
    a.add(r6, r1)
    segment.copy(a, r6)
    a.ldx(r7, segment["bv_len"])
    a.ldx(r6, segment["bv_page"])
    a.ldx(r1, walk.skip)
    a.st(walk.skip, 0)
    a.jgt(r1, r7, "empty")
    a.sub(r7, r1)
    a.jeq(r7, 0, "empty")
    for limit in (walk.left_in_bio, walk.left):
        a.ldx(r1, limit)
        a.jle(r7, r1, f"below {limit._offset}")
        a.mov(r7, r1)
        a.label(f"below {limit._offset}")
    for limit in (walk.left_in_bio, walk.left):
        a.ldx(r1, limit)
        a.sub(r1, r7)
        a.stx(limit, r1)
    load_owner(a, layout, walk)
    a.ldx(r1, walk.owner)
    a.jeq(r1, r8, "same")
    a.call(COUNT_PENDING)
    a.stx(walk.owner, r8)
    a.label("same")
    a.ldx(r1, walk.pending)
    a.add(r1, r7)
    a.stx(walk.pending, r1)
    a.label("empty")
    a.mov(r0, 1)
    a.exit()
    a.label("end")
    a.mov(r0, 0)
    a.exit()


def enter_bio(a: Assembler, layout: Layout, walk: Memory) -> None:
    """Emit: continue ``walk``, the Memory of a RequestWalk, in the bio at r6; ``layout`` is the
    kernel's Layout."""
    done = called(layout, "bio", "bi_iter.bi_bvec_done", "bi_iter.bi_offset")  # as of Linux 7.3
    parts = (
        (walk.next, "bi_next"),
        (walk.private, "bi_private"),
        (walk.segments, "bi_io_vec"),
        (walk.left_in_bio, "bi_iter.bi_size"),
        (walk.index, "bi_iter.bi_idx"),
        (walk.skip, done),
    )
    bio = members(layout, "bio", tuple(name for _, name in parts), walk.room)
    bio.copy(a, r6)
    a.stx(walk.bio, r6)
    for to, name in parts:
        store(a, to, bio[name])
    if has_member(layout, "bio", "bi_bdev"):
        whole = members(layout, "bio", ("bi_bdev",), walk.room)
        device = members(layout, "block_device", ("bd_dev",), walk.room)
        whole.copy(a, r6)
        a.ldx(r7, whole["bi_bdev"])
        device.copy(a, r7)
        store(a, walk.device, device["bd_dev"])
        return
    # Before Linux 5.12 a bio has a disk, and the number of a partition.
    whole = members(layout, "bio", ("bi_disk", "bi_partno"), walk.room)
    disk = members(layout, "gendisk", ("major", "first_minor"), walk.room)
    whole.copy(a, r6)
    a.ldx(r7, whole["bi_disk"])
    a.ldx(r8, whole["bi_partno"])
    disk.copy(a, r7)
    a.ldx(r1, disk["major"])
    a.lsh(r1, 20)
    a.ldx(r2, disk["first_minor"])
    a.add(r1, r2)
    a.add(r1, r8)
    a.stx(walk.device, r1)


def load_owner(a: Assembler, layout: Layout, walk: Memory) -> None:
    """Emit: r8 = whose the page at r6 is; ``walk`` is the Memory of a RequestWalk, ``layout`` the
    kernel's Layout. r7 stays."""
    page = members(layout, "page", ("flags", "mapping"), walk.room)
    a.mov(r8, 0)
    a.jeq(r6, 0, "owner")
    load_head(a, layout, walk)
    page.copy(a, r6)
    a.ldx(r8, page["mapping"])
    a.ldx(r6, page["flags"])
    under_io(a, layout, walk, page)
    a.label("owner")


def load_head(a: Assembler, layout: Layout, walk: Memory) -> None:
    """Emit: r6 = the first page of the folio that the page at r6 is in; ``walk`` is the Memory of a
    RequestWalk, ``layout`` the kernel's Layout.

    The lowest bit says that there is another one; the rest is its address. From Linux 7.1 on it may
    also be a mask for the page's own (_compound_head(), include/linux/page-flags.h), which is a
    small negative number.
    """
    name = called(layout, "page", "compound_head", "compound_info")
    page = members(layout, "page", (name,), walk.room)
    page.copy(a, r6)
    a.ldx(r1, page[name])
    a.mov(r2, r1)
    a.and_(r2, 1)
    a.jeq(r2, 0, "head")
    a.sub(r1, 1)
    if name == "compound_info":
        a.ld_imm64(r2, SMALLEST_MASK)
        a.jle(r1, r2, "address")
        a.and_(r6, r1)
        a.ja("head")
        a.label("address")
    a.mov(r6, r1)
    a.label("head")


def under_io(a: Assembler, layout: Layout, walk: Memory, page: Members) -> None:
    """Emit: r8 = the owner of a page with the mapping r8 and the flags r6; ``walk`` is the Memory
    of a RequestWalk, ``layout`` the kernel's Layout, ``page`` the Members that were copied.

    The page cache writes a page with PG_writeback, and reads one with PG_locked.
    """
    a.ldx(r3, walk.flags)
    a.and_(r3, WRITE)
    a.mov(r1, r6)
    a.jne(r3, 0, "written")
    a.and_(r1, 1 << constant(layout, "PG_locked"))
    a.ja("tested")
    a.label("written")
    a.and_(r1, 1 << constant(layout, "PG_writeback"))
    a.label("tested")
    # folio_test_swapcache(): the flag has another meaning for a file's pages
    swap = 1 << constant(layout, "PG_swapcache") | 1 << constant(layout, "PG_swapbacked")
    a.jeq(r1, 0, "not swapped")
    a.mov(r2, r6)
    a.and_(r2, swap)
    a.jne(r2, swap, "not swapped")
    a.mov(r8, SWAP)
    a.ja("owner")
    a.label("not swapped")
    a.mov(r2, r8)
    a.and_(r2, MAPPING_FLAGS)
    a.jeq(r2, 0, "a file's")
    a.mov(r8, ANON)
    a.ja("owner")
    a.label("a file's")
    a.jeq(r8, 0, "owner")
    a.jeq(r1, 0, "owner")
    a.or_(r8, UNDER_IO)
