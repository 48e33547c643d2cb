"""The bytes of one owner are added to their row."""

from __future__ import annotations

from tuxscope.asm import Assembler
from tuxscope.asm.registers import Memory, r0, r1, r2, r8
from tuxscope.page.emitting import address_of, copy, lookup
from tuxscope.programs.fileio.disk.inodes import PATH_OF_INODE, add_to_account, find_or_add
from tuxscope.programs.fileio.disk.records import (
    NEW_ROW,
    ROWS,
    Account,
    Kind,
    Moved,
    RowKey,
)
from tuxscope.programs.fileio.disk.walking import WRITE
from tuxscope.record import u32, u64

NOT_KNOWN = -1


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
    find_or_add(a, ROWS, walk.key, NEW_ROW, "no room")
    a.ja("in rows")
    a.label("no room")  # the row for all others was made before
    add_to_account(a, Account.others.offset, 1)
    a.zero((walk.key, walk.who))
    a.st(walk.inode, 0)
    a.st(walk.path, 0)
    a.st(walk.key.file.ino, NOT_KNOWN)
    a.st(u32[address_of(walk.key.kind)], Kind.UNKNOWN)
    lookup(a, ROWS, walk.key)
    a.jne(r0, 0, "in rows")
    add_to_account(a, Account.missed.offset, 1)
    a.ja("out")
    a.label("in rows")
    a.mov(r8, r0)
    name_row(a, walk, row)
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


def name_row(a: Assembler, walk: Memory, row: Memory) -> None:
    """Emit: give ``row``, the Memory of a Moved, the path of the file of ``walk``, the Memory of a
    RequestWalk. It is read if it is not known, and the row has none."""
    a.ldx(r1, walk.path)
    a.jne(r1, 0, "known")
    a.ldx(r1, row.path)
    a.jne(r1, 0, "named row")
    a.ldx(r1, walk.inode)
    a.jeq(r1, 0, "named row")
    a.zero(walk.known)
    for name in ("ino", "dev", "generation"):
        a.ldx(r2, getattr(walk.key.file, name))
        a.stx(getattr(walk.known, name), r2)
    a.lea(r2, walk.known)
    a.call(PATH_OF_INODE)
    a.ldx(r1, walk.known.id)
    a.label("known")
    a.stx(row.path, r1)
    a.label("named row")


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
