"""The functions that a program calls to know a file: fd, ``struct file``, or working directory.

Each takes its argument in r1, and returns in r0 the address of a ``KnownFile``, or 0. As with all
functions r6 to r9 stay as they are. :func:`file_functions` emits them, behind a program's own code:

    a.ldx(r1, ...)  # the file descriptor
    a.call(FILE_OF_FD)
    a.jeq(r0, 0, "out")
    a.ldx(r1, KnownFile[r0].id)
    ...
    a.exit()
    file_functions(a, layout, FILE_OF_FD)
"""

from __future__ import annotations

from tuxscope.asm import Assembler, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8
from tuxscope.errors import TuxscopeError
from tuxscope.files.known import KNOWN, MOVES, FileKey, KnownFile
from tuxscope.files.members import follow, members
from tuxscope.files.walking import CLIMB, READ_PATH, climb, read_path
from tuxscope.page.emitting import lookup
from tuxscope.record import u64

FILE_OF_FD = "file_of_fd"  # r1: a file descriptor of the current process
OPEN_FILE = "open_file"  # r1: a file descriptor; r0 is the address of its struct file
FILE_OF = "file_of"  # r1: the address of a struct file
WORKING_DIRECTORY = "working_directory"  # r1: nothing
KNOWN_PATH = "known_path"


class NoFilesError(TuxscopeError):
    """An error, a TuxscopeError, for a kernel that does not say where its structs have the members
    that lead to a file."""


def file_functions(a: Assembler, layout: Layout, *names: str) -> None:
    """Emit the functions with these names, each of ``names`` a str (``FILE_OF_FD``, ``FILE_OF``,
    ``WORKING_DIRECTORY``, ``OPEN_FILE``), and those that they call; ``layout`` is the
    kernel's Layout. They come after all other code of the program.

    A call needs 256 bytes of the 512 that the stacks of all functions have together.

    Raises NoFilesError if the layout has no structs.
    """
    if not layout.has_structs:
        raise NoFilesError(
            "this kernel has no BTF, so that it is not known where it keeps files and their names"
        )
    makers = {
        FILE_OF_FD: file_of_fd,
        FILE_OF: file_of,
        WORKING_DIRECTORY: working_directory,
        OPEN_FILE: open_file,
    }
    for name in names:
        a.function(name)
        makers[name](a, layout)
    a.function(KNOWN_PATH)
    known_path(a, layout)
    a.function(READ_PATH)
    read_path(a, layout)
    a.function(CLIMB, is_global=True)
    climb(a, layout)


def moved(a: Assembler) -> None:
    """Emit: a directory or a mount was moved, so that paths which were read may have changed.

    For the exit of a call of ``MOVES_FILES`` that succeeded. Uses r1 and r2.
    """
    a.ld_map_value(r1, MOVES)
    a.mov(r2, 1)
    a.atomic_add(u64[r1 + 0], r2)


# The system calls after which what was read of paths is read again.
MOVES_FILES = (
    "rename",
    "renameat",
    "renameat2",
    "mount",
    "move_mount",
    "pivot_root",
    "umount",
    "umount2",
)


def file_of_fd(a: Assembler, layout: Layout) -> None:
    """Emit the function that finds a file by the process's table of file descriptors; ``layout`` is
    the kernel's Layout."""
    look_in_table(a, layout)
    call_known_path(a, layout, "file", "f_path")
    a.label("none")
    a.mov(r0, 0)
    a.exit()


def open_file(a: Assembler, layout: Layout) -> None:
    """Emit the function that returns the address of a descriptor's ``struct file``, or 0;
    ``layout`` is the kernel's Layout."""
    look_in_table(a, layout)
    a.mov(r0, r6)
    a.exit()
    a.label("none")
    a.mov(r0, 0)
    a.exit()


def look_in_table(a: Assembler, layout: Layout) -> None:
    """Emit: r6 = the address of the ``struct file`` of the current process's descriptor r1, and r8
    of its ``struct fs_struct``; jump to the label ``none`` if there is none. ``layout`` is the
    kernel's Layout."""
    room = a.stack(u64[2])
    task = members(layout, "task_struct", ("fs", "files"), room)
    files = members(layout, "files_struct", ("fdt",), room)
    table = members(layout, "fdtable", ("max_fds", "fd"), room)
    a.mov32(r7, r1)
    a.call(helper.get_current_task)
    a.mov(r6, r0)
    task.copy(a, r6)
    a.ldx(r8, task["fs"])
    a.ldx(r6, task["files"])
    files.copy(a, r6)
    a.ldx(r6, files["fdt"])
    table.copy(a, r6)
    a.ldx(r1, table["max_fds"])
    a.jge(r7, r1, "none")
    a.ldx(r6, table["fd"])
    a.lsh(r7, 3)
    a.add(r6, r7)
    follow(a, layout, r6, room)
    a.jeq(r6, 0, "none")


def file_of(a: Assembler, layout: Layout) -> None:
    """Emit the function that finds the file of a ``struct file``, as the current process sees it;
    ``layout`` is the kernel's Layout."""
    a.mov(r6, r1)
    own_root(a, layout)
    call_known_path(a, layout, "file", "f_path")


def working_directory(a: Assembler, layout: Layout) -> None:
    """Emit the function that finds the current process's working directory; ``layout`` is the
    kernel's Layout."""
    own_root(a, layout)
    a.mov(r6, r8)
    call_known_path(a, layout, "fs_struct", "pwd")


def own_root(a: Assembler, layout: Layout) -> None:
    """Emit: r8 = the current task's ``fs``; ``layout`` is the kernel's Layout."""
    room = a.stack(u64[1])
    task = members(layout, "task_struct", ("fs",), room)
    a.call(helper.get_current_task)
    a.mov(r8, r0)
    task.copy(a, r8)
    a.ldx(r8, task["fs"])


def call_known_path(a: Assembler, layout: Layout, struct: str, path: str) -> None:
    """Emit: return what is known of member ``path``, a name, of the ``struct``, a name, at r6: 0 if
    that is at no address. ``layout`` is the kernel's Layout.

    r8 is the process's ``struct fs_struct``.
    """
    a.mov(r1, r6)
    a.add(r1, layout.member(struct, path).offset)
    a.mov(r2, r8)
    a.call(KNOWN_PATH)
    a.exit()


def known_path(a: Assembler, layout: Layout) -> None:
    """Emit the function that returns the address of the KnownFile of a ``struct path``, or 0;
    ``layout`` is the kernel's Layout.

    Its r1 is the address of the ``struct path``, r2 of the ``struct fs_struct`` of the process that
    has it.
    """
    key, fresh, room = a.stack(FileKey), a.stack(KnownFile), a.stack(u64[8])
    path = members(layout, "path", ("mnt", "dentry"), room)
    root = members(layout, "fs_struct", ("root.mnt", "root.dentry"), room)
    name = members(
        layout, "dentry", ("d_hash.pprev", "d_parent", "d_name.hash", "d_name.len", "d_inode"), room
    )
    inode = members(layout, "inode", ("i_ino", "i_generation"), room)
    kind = members(layout, "inode", ("i_mode", "i_sb"), room)
    device = members(layout, "super_block", ("s_dev", "s_magic"), room)
    a.mov(r6, r1)
    a.mov(r7, r2)
    path.copy(a, r6)
    store(a, key.mount, path["mnt"])
    store(a, key.dentry, path["dentry"])
    a.mov(r6, r1)
    a.jeq(r6, 0, "none")
    root.copy(a, r7)
    store(a, key.root_mount, root["root.mnt"])
    store(a, key.root_dentry, root["root.dentry"])
    name.copy(a, r6)
    store(a, fresh.name_hash, name["d_name.hash"])
    store(a, fresh.name_length, name["d_name.len"])
    store(a, fresh.parent, name["d_parent"])
    # d_unlinked(), include/linux/dcache.h
    a.st(fresh.deleted, 0)
    a.jeq(r1, r6, "hashed")
    a.ldx(r1, name["d_hash.pprev"])
    a.jne(r1, 0, "hashed")
    a.st(fresh.deleted, 1)
    a.label("hashed")
    a.ldx(r6, name["d_inode"])
    a.jeq(r6, 0, "none")
    inode.copy(a, r6)
    store(a, fresh.ino, inode["i_ino"])
    store(a, fresh.generation, inode["i_generation"])
    a.ld_map_value(r1, MOVES)
    store(a, fresh.moves, u64[r1 + 0])
    lookup(a, KNOWN, key)
    a.jeq(r0, 0, "new")
    known: Memory = KnownFile[r0]
    for one, other in (
        (fresh.ino, known.ino),
        (fresh.name_hash, known.name_hash),
        (fresh.name_length, known.name_length),
        (fresh.parent, known.parent),
        (fresh.moves, known.moves),
        (fresh.generation, known.generation),
        (fresh.deleted, known.deleted),
    ):
        a.ldx(r1, one)
        a.ldx(r2, other)
        a.jne(r1, r2, "changed")
    a.exit()
    a.label("changed")
    store(a, fresh.id, known.id)
    store(a, fresh.chain, known.chain)
    a.ja("read")
    a.label("new")
    a.st(fresh.id, 0)
    a.st(fresh.chain, 0)
    a.label("read")
    kind.copy(a, r6)
    store(a, fresh.mode, kind["i_mode"])
    a.ldx(r7, kind["i_sb"])
    device.copy(a, r7)
    store(a, fresh.dev, device["s_dev"])
    store(a, fresh.magic, device["s_magic"])
    a.lea(r1, key)
    a.lea(r2, fresh)
    a.mov(r3, r6)
    a.call(READ_PATH)
    a.jeq(r0, 0, "none")
    a.ld_map(r1, KNOWN)
    a.lea(r2, key)
    a.lea(r3, fresh)
    a.mov(r4, 0)  # BPF_ANY
    a.call(helper.map_update_elem)
    lookup(a, KNOWN, key)
    a.exit()
    a.label("none")
    a.mov(r0, 0)
    a.exit()


def store(a: Assembler, to: Memory, origin: Memory) -> None:
    """Emit: copy an integer from ``origin`` to ``to``, both Memory, through r1."""
    a.ldx(r1, origin)
    a.stx(to, r1)
