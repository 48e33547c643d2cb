"""A page becomes dirty: in the process that writes, or that stored to a mapping."""

from __future__ import annotations

from tuxscope.asm import Assembler, Program, RawTracepoint, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r6, r7, r8, r9
from tuxscope.files.emitting import store
from tuxscope.files.members import members
from tuxscope.page.pid_namespace import PidNamespace, namespaced_pid
from tuxscope.programs.fileio.disk.inodes import (
    DIRTIED_FILE,
    add_to_account,
    dirtied_file,
    find_or_add,
    path_functions,
)
from tuxscope.programs.fileio.disk.layout import called, constant, has_member
from tuxscope.programs.fileio.disk.records import (
    COMM,
    NEW_WRITER,
    WRITERS,
    Account,
    DiskFile,
    Writer,
    WriterKey,
)
from tuxscope.record import u64

BDEVFS = 0x62646576  # BDEVFS_MAGIC, include/uapi/linux/magic.h
# include/linux/sched.h; a thread of the loop driver or of nfsd, which writes for others
PF_KTHREAD, PF_LOCAL_THROTTLE = 0x00200000, 0x00100000
PAGES_OF_FOLIO = ("_nr_pages", "_folio_nr_pages")  # Linux 6.15, 5.18


def dirtied(layout: Layout, namespace: PidNamespace | None) -> Program:
    """Return the Program that runs when a page becomes dirty, for a kernel with ``layout``, a
    Layout; PIDs are those in ``namespace``, a PidNamespace, or None for the initial one."""
    folios = layout.arguments("writeback_dirty_folio") is not None
    point = "writeback_dirty_folio" if folios else "writeback_dirty_page"  # before Linux 5.18
    a = Assembler("disk_dirtied", attach=RawTracepoint(point))
    key, room, pages = a.stack(WriterKey), a.stack(u64[4]), a.stack(u64)
    mapping = members(layout, "address_space", ("host",), room)
    inode = members(layout, "inode", ("i_sb",), room)
    block = members(layout, "super_block", ("s_magic",), room)
    task = members(layout, "task_struct", ("flags",), room)
    file, writer = DiskFile[r7], Writer[r9]
    a.ldx(r8, u64[r1 + 0])
    a.ldx(r6, u64[r1 + 8])
    a.jeq(r6, 0, "out")
    mapping.copy(a, r6)
    a.ldx(r6, mapping["host"])
    a.jeq(r6, 0, "out")
    inode.copy(a, r6)
    a.ldx(r7, inode["i_sb"])
    block.copy(a, r7)
    a.ldx(r1, block["s_magic"])
    a.jeq(r1, BDEVFS, "out")  # blocks of a device: their rows name who submitted them
    count_pages(a, layout, room, pages)
    a.mov(r1, r6)
    a.call(DIRTIED_FILE)
    a.jeq(r0, 0, "missed")
    a.mov(r7, r0)
    # A flusher makes a page dirty again that it could not write now.
    a.call(helper.get_current_task)
    a.mov(r8, r0)
    task.copy(a, r8)
    a.ldx(r1, task["flags"])
    a.and_(r1, PF_KTHREAD | PF_LOCAL_THROTTLE)
    a.jne(r1, PF_KTHREAD, "writes")
    a.ldx(r1, file.dirtied)
    a.jne(r1, 0, "out")
    a.label("writes")
    load_pid(a, namespace)
    a.stx(file.pid, r0)
    a.st(file.dirtied, 1)
    a.zero(key)
    a.stx(key.pid, r0)
    for name in ("ino", "dev", "generation"):
        store(a, getattr(key.file, name), getattr(file.known, name))
    find_or_add(a, WRITERS, key, NEW_WRITER, "missed")
    a.mov(r9, r0)
    a.lea(r1, writer.comm)
    a.mov(r2, COMM)
    a.call(helper.get_current_comm)
    a.ldx(r1, pages)
    a.atomic_add(writer.pages, r1)
    a.ja("out")
    a.label("missed")
    add_to_account(a, Account.nameless.offset, 1)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    a.function(DIRTIED_FILE)
    dirtied_file(a, layout)
    path_functions(a, layout)
    return a.program()


def count_pages(a: Assembler, layout: Layout, room: Memory, pages: Memory) -> None:
    """Emit: store in ``pages``, Memory, the number of pages of the folio at r8; ``layout`` is the
    kernel's Layout, ``room`` Memory for copies."""
    a.st(pages, 1)
    member = called(layout, "folio", *PAGES_OF_FOLIO)
    if not has_member(layout, "folio", member):
        return
    page = members(layout, "page", ("flags",), room)
    folio = members(layout, "folio", (member,), room)
    page.copy(a, r8)
    a.ldx(r1, page["flags"])
    a.and_(r1, 1 << constant(layout, "PG_head"))
    a.jeq(r1, 0, "counted")
    folio.copy(a, r8)
    store(a, pages, folio[member])
    a.label("counted")


def load_pid(a: Assembler, namespace: PidNamespace | None) -> None:
    """Emit: r0 = the current process's PID in ``namespace``, a PidNamespace, or None for the
    initial one; 0 if it has none there. Uses r1 to r5."""
    if namespace is None:
        a.call(helper.get_current_pid_tgid)
        a.rsh(r0, 32)
        return
    namespaced_pid(a, namespace, "no pid")
    a.ja("a pid")
    a.label("no pid")
    a.mov(r0, 0)
    a.label("a pid")
