"""From a file up to its root: dentries, and the mounts that they are in.

The way is that of ``prepend_path`` in the kernel's fs/d_path.c, without its locks.
"""

from __future__ import annotations

from tuxscope.asm import Assembler, Map, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.files.known import (
    LONG_PATHS,
    LONGEST_NAME,
    LONGEST_PATH,
    NSFS,
    SHORT_PATH,
    SHORT_PATHS,
    WALKS,
    FileKey,
    KnownFile,
    PathFlag,
    PathWalk,
)
from tuxscope.files.members import members
from tuxscope.page.emitting import address_of, copy, find_only
from tuxscope.record import u64

READ_PATH, CLIMB = "read_path", "climb"
DENTRY = ("d_parent", "d_name.hash", "d_name.len", "d_name.name")
STEPS = 256  # names and mounts
PRIME = 0x100000001B3  # FNV-1a's of 64 bits
CPU_BITS = 40  # above the paths that a CPU has named


def read_path(a: Assembler, layout: Layout) -> None:
    """Emit the function that reads a path, for a kernel with ``layout``, a Layout: r1 is the
    address of a ``FileKey``, r2 of a ``KnownFile``, r3 of its inode.

    If the path is not the one with ``chain``, it is sent to user space, under a new ID. The
    function returns 1, or 0 if there was no room.
    """
    fresh = a.stack(u64)
    walk: Memory = PathWalk[r9]
    a.mov(r6, r1)
    a.mov(r7, r2)
    a.mov(r8, r3)
    find_only(a, WALKS)
    a.mov(r9, r0)
    # Another program may have been interrupted within this: of those that meet, none goes on.
    a.mov(r1, 1)
    a.atomic_add(walk.users, r1)
    a.ldx(r1, walk.users)
    a.jne(r1, 1, "missed")
    a.stx(fresh, r7)
    begin(a, layout, walk)
    a.ldx(r1, FileKey[r6].dentry)
    a.stx(walk.dentry, r1)
    a.ldx(r7, FileKey[r6].mount)
    enter_mount(a, layout, walk)
    a.mov(r8, STEPS)
    a.label("step")
    a.call(CLIMB)
    a.jeq(r0, 0, "top")
    a.sub(r8, 1)
    a.jne(r8, 0, "step")
    flag(a, walk.path.head, PathFlag.TRUNCATED)
    a.label("top")
    namespace(a, layout, walk)
    a.ldx(r7, fresh)
    publish(a, walk)
    a.mov(r7, 1)
    a.ja("done")
    a.label("missed")
    a.mov(r1, 1)
    a.atomic_add(walk.missed, r1)
    a.mov(r7, 0)
    a.label("done")
    a.mov(r1, -1)
    a.atomic_add(walk.users, r1)
    a.mov(r0, r7)
    a.exit()


def begin(a: Assembler, layout: Layout, walk: Memory) -> None:
    """Emit: write what is known of the file at r7, and its inode at r8, to the head of the path in
    ``walk``, the Memory of a PathWalk. r6 is its key, and stays. ``layout`` is the kernel's
    Layout."""
    head, known, key = walk.path.head, KnownFile[r7], FileKey[r6]
    for name in ("ino", "dev", "generation", "mode"):
        a.ldx(r1, getattr(known, name))
        a.stx(getattr(head, name), r1)
    a.ldx(r1, known.deleted)
    a.stx(head.flags, r1)  # PathFlag.DELETED
    for name in ("length", "inside", "mount_namespace"):
        a.st(getattr(head, name), 0)
    copy(a, address_of(head.key), address_of(key), FileKey.size)
    a.st(walk.chain, 0)
    for value in (known.ino, known.generation, known.deleted):
        a.ldx(r1, value)
        fold(a, walk)
    inode = members(layout, "inode", ("i_sb", "i_nlink"), walk.room)
    inode.copy(a, r8)
    a.ldx(r1, inode["i_nlink"])
    a.stx(head.nlink, r1)
    a.ldx(r7, inode["i_sb"])
    block = members(layout, "super_block", ("s_magic",), walk.room)
    block.copy(a, r7)
    a.ldx(r1, block["s_magic"])
    a.stx(head.magic, r1)
    a.st(walk.name, 0)
    a.jne(r1, NSFS, "has a name")
    name_namespace(a, layout, walk)
    a.label("has a name")


def name_namespace(a: Assembler, layout: Layout, walk: Memory) -> None:
    """Emit: write the name of a namespace's kind, whose inode is at r8, to ``walk``, the Memory of
    a PathWalk; ``layout`` is the kernel's Layout. See ns_dname(), fs/nsfs.c."""
    for struct, member in (
        ("inode", "i_private"),
        ("ns_common", "ops"),
        ("proc_ns_operations", "name"),
    ):
        pointer = members(layout, struct, (member,), walk.room)
        pointer.copy(a, r8)
        a.ldx(r8, pointer[member])
    a.stx(walk.name, r8)


def climb(a: Assembler, layout: Layout) -> None:
    """Emit the global function that goes one name, or one mount, further up; it returns whether to
    go on. ``layout`` is the kernel's Layout.

    It is global so that the verifier follows it once, and not for each step.
    """
    walk: Memory = PathWalk[r9]
    head = walk.path.head
    offset = layout.member("mount", "mnt").offset
    dentry = members(layout, "dentry", DENTRY, walk.room)
    find_only(a, WALKS)
    a.mov(r9, r0)
    a.ldx(r6, walk.dentry)
    a.ldx(r7, walk.mount)
    a.ldx(r1, head.key.root_dentry)
    a.jne(r1, r6, "below")
    a.ldx(r1, head.key.root_mount)
    a.jne(r1, r7, "below")
    a.ldx(r1, head.length)
    a.stx(head.inside, r1)
    flag(a, head, PathFlag.ROOT)
    a.label("below")
    a.ldx(r1, walk.mount_root)
    a.jne(r1, r6, "name")
    a.ldx(r1, walk.mount_parent)
    a.add(r1, offset)
    a.jeq(r1, r7, "top")
    a.ldx(r2, walk.mountpoint)
    a.stx(walk.dentry, r2)
    a.mov(r7, r1)
    enter_mount(a, layout, walk)
    a.mov(r0, 1)
    a.exit()
    a.label("name")
    dentry.copy(a, r6)
    for part in ("d_name.hash", "d_name.len"):
        a.ldx(r1, dentry[part])
        fold(a, walk)
    a.ldx(r8, dentry["d_parent"])
    a.stx(walk.dentry, r8)
    a.jne(r8, r6, "named")
    flag(a, head, PathFlag.ROOTLESS)
    a.ldx(r1, head.length)
    a.jne(r1, 0, "top")  # NFS, before it knows the directories above
    a.ldx(r1, walk.name)
    a.jeq(r1, 0, "named")
    a.stx(dentry["d_name.name"], r1)
    a.label("named")
    a.ldx(r1, head.length)
    a.jge(r1, LONGEST_PATH, "full")
    a.add(r1, r9)
    a.add(r1, address_of(walk.path.names).offset)
    a.mov(r2, LONGEST_NAME)
    a.ldx(r3, dentry["d_name.name"])
    a.call(helper.probe_read_kernel_str)
    a.jsle(r0, 0, "full")
    a.ldx(r1, head.length)
    a.add(r1, r0)
    a.stx(head.length, r1)
    a.jeq(r8, r6, "top")
    a.mov(r0, 1)
    a.exit()
    a.label("full")
    flag(a, head, PathFlag.TRUNCATED)
    a.label("top")
    a.mov(r0, 0)
    a.exit()


def enter_mount(a: Assembler, layout: Layout, walk: Memory) -> None:
    """Emit: continue ``walk``, the Memory of a PathWalk, in the mount at r7; ``layout`` is the
    kernel's Layout."""
    offset = layout.member("mount", "mnt").offset
    mount = members(
        layout, "mount", ("mnt_parent", "mnt_mountpoint", "mnt.mnt_root"), walk.room, offset
    )
    a.stx(walk.mount, r7)
    mount.copy(a, r7)
    for to, name in (
        (walk.mount_root, "mnt.mnt_root"),
        (walk.mount_parent, "mnt_parent"),
        (walk.mountpoint, "mnt_mountpoint"),
    ):
        a.ldx(r1, mount[name])
        a.stx(to, r1)


def namespace(a: Assembler, layout: Layout, walk: Memory) -> None:
    """Emit: store the mount namespace of the mount of ``walk``, the Memory of a PathWalk;
    ``layout`` is the kernel's Layout.

    That of kernel-internal mounts is no address, and reads as 0.
    """
    offset = layout.member("mount", "mnt").offset
    a.ldx(r7, walk.mount)
    mount = members(layout, "mount", ("mnt_ns",), walk.room, offset)
    mount.copy(a, r7)
    a.ldx(r7, mount["mnt_ns"])
    number = members(layout, "mnt_namespace", ("ns.inum",), walk.room)
    number.copy(a, r7)
    a.ldx(r1, number["ns.inum"])
    a.stx(walk.path.head.mount_namespace, r1)


def publish(a: Assembler, walk: Memory) -> None:
    """Emit: send the path of ``walk``, the Memory of a PathWalk, to user space, if it is new, and
    store its ID in the ``KnownFile`` at r7; jump to ``missed`` if there is no room."""
    head, known = walk.path.head, KnownFile[r7]
    a.ldx(r1, known.id)
    a.jeq(r1, 0, "new")
    a.ldx(r1, known.chain)
    a.ldx(r2, walk.chain)
    a.jeq(r1, r2, "published")
    a.label("new")
    a.call(helper.get_smp_processor_id)
    a.add(r0, 1)
    a.lsh(r0, CPU_BITS)
    a.ldx(r1, walk.ids)
    a.add(r1, 1)
    a.stx(walk.ids, r1)
    a.add(r0, r1)
    a.stx(head.id, r0)
    a.stx(known.id, r0)
    a.ldx(r1, walk.chain)
    a.stx(known.chain, r1)
    a.ldx(r1, head.length)
    a.jgt(r1, SHORT_PATH, "long")
    insert(a, SHORT_PATHS, walk)
    a.ja("published")
    a.label("long")
    insert(a, LONG_PATHS, walk)
    a.label("published")


def insert(a: Assembler, paths: Map, walk: Memory) -> None:
    """Emit: put the path of ``walk``, the Memory of a PathWalk, into ``paths``, a Map; jump to
    ``missed`` if that is full."""
    a.ld_map(r1, paths)
    a.lea(r2, KnownFile[r7].id)
    a.lea(r3, walk.path)
    a.mov(r4, 0)  # BPF_ANY
    a.call(helper.map_update_elem)
    a.jne(r0, 0, "missed")


def fold(a: Assembler, walk: Memory) -> None:
    """Emit: continue the hash ``chain`` of ``walk``, the Memory of a PathWalk, with r1. Uses r2."""
    a.ldx(r2, walk.chain)
    a.xor(r1, r2)
    a.ld_imm64(r2, PRIME)
    a.mul(r1, r2)
    a.stx(walk.chain, r1)


def flag(a: Assembler, head: Memory, which: PathFlag) -> None:
    """Emit: set the flag ``which``, a PathFlag, in ``head``, the Memory of a PathHead. Uses r1."""
    a.ldx(r1, head.flags)
    a.or_(r1, which)
    a.stx(head.flags, r1)
