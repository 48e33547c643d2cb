"""What a call's descriptors lead to is read into the record of this CPU.

Each function of OF_FILES emits the label that the ReadKind has as its name: r6 is the argument, r7
the number of the read, ``pair`` to copy to. It ends at the label ``out``.
"""

from __future__ import annotations

from tuxscope.asm import Assembler, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r6, r7, r8, r9
from tuxscope.calls.events import Outgoing
from tuxscope.calls.parts import SIZE, append_number, bits, load_count, store_element
from tuxscope.calls.reads import AT_FDCWD, ReadKind
from tuxscope.files.choosing import leave_out_special
from tuxscope.files.emitting import FILE_OF_FD, OPEN_FILE, WORKING_DIRECTORY
from tuxscope.files.known import KnownFile
from tuxscope.files.members import members
from tuxscope.lean_dataclasses import dataclass
from tuxscope.page.emitting import address_of
from tuxscope.record import u32, u64

MOST_FILES = 8


@dataclass(frozen=True)
class Captured:
    """A frozen dataclass: what the plans of a tool ask for.

    Attributes:
        kinds: a frozenset of the ReadKinds of all its reads.
        on_failure: a bool, whether any of them is done for calls that failed alone.
        choose_files: a bool, whether a call is sent only if one of its files holds data (see
            leave_out_special), or if its plan says so.
    """

    kinds: frozenset[ReadKind]
    on_failure: bool = False
    choose_files: bool = False


def choose(a: Assembler, captured: Captured, label: str) -> None:
    """Emit: the call is wanted if the KnownFile at r0 holds data, where the files of ``captured``,
    a Captured, choose. Defines ``label``, a str, with a prefix. Uses r1 and r2."""
    if captured.choose_files:
        leave_out_special(a, KnownFile[r0], f"special {label}")
        a.st(Outgoing[r9].is_wanted, 1)
        a.label(f"special {label}")


def file(a: Assembler, layout: Layout, captured: Captured, pair: Memory) -> None:
    """Emit the label ``FILE``: the file of a descriptor; for ``layout``, a
    Layout, and ``captured``, a Captured. ``pair`` is Memory of 16 bytes."""
    a.label(ReadKind.FILE.name)
    if not layout.has_structs:
        a.ja("out")
        return
    a.mov32(r1, r6)
    a.mov32(r2, AT_FDCWD)
    a.jeq(r1, r2, "directory")
    a.call(FILE_OF_FD)
    a.jeq(r0, 0, "out")
    choose(a, captured, "file")
    a.label("known")
    a.ldx(r8, KnownFile[r0].id)
    append_number(a, r7, r8, "out")
    a.ja("out")
    a.label("directory")
    a.call(WORKING_DIRECTORY)
    a.jne(r0, 0, "known")
    a.ja("out")


def directory(a: Assembler, layout: Layout, captured: Captured, pair: Memory) -> None:
    """Emit the label ``DIRECTORY``: the working directory; for ``layout``, a
    Layout, and ``captured``, a Captured. ``pair`` is Memory of 16 bytes."""
    a.label(ReadKind.DIRECTORY.name)
    if layout.has_structs:
        a.call(WORKING_DIRECTORY)
        a.jeq(r0, 0, "out")
        a.ldx(r8, KnownFile[r0].id)
        append_number(a, r7, r8, "out")
    a.ja("out")


def position(a: Assembler, layout: Layout, captured: Captured, pair: Memory) -> None:
    """Emit the label ``POSITION``: where the open file of a descriptor is; for ``layout``, a
    Layout, and ``captured``, a Captured. ``pair`` is Memory of 16 bytes."""
    a.label(ReadKind.POSITION.name)
    if layout.has_structs:
        opened = members(layout, "file", ("f_pos",), pair)
        a.mov32(r1, r6)
        a.call(OPEN_FILE)
        a.jeq(r0, 0, "out")
        a.mov(r6, r0)
        opened.copy(a, r6)
        a.ldx(r8, opened["f_pos"])
        append_number(a, r7, r8, "out")
    a.ja("out")


def owner(a: Assembler, layout: Layout, captured: Captured, pair: Memory) -> None:
    """Emit the label ``OWNER``: the parent's process ID, and the user ID; for ``layout``, a
    Layout, and ``captured``, a Captured. ``pair`` is Memory of 16 bytes."""
    a.label(ReadKind.OWNER.name)
    a.mov(r8, 0)
    if layout.has_structs:
        task = members(layout, "task_struct", ("real_parent",), pair)
        parent = members(layout, "task_struct", ("tgid",), pair)
        a.call(helper.get_current_task)
        a.mov(r6, r0)
        task.copy(a, r6)
        a.ldx(r6, task["real_parent"])
        parent.copy(a, r6)
        a.ldx(r8, parent["tgid"])
        a.lsh(r8, 32)
    a.call(helper.get_current_uid_gid)
    a.mov32(r0, r0)
    a.or_(r8, r0)
    append_number(a, r7, r8, "out")
    a.ja("out")


def files(a: Assembler, layout: Layout, captured: Captured, pair: Memory) -> None:
    """Emit the label ``FILES``: the files of descriptors in an array at r6; for ``layout``, a
    Layout, and ``captured``, a Captured. ``pair`` is Memory of 16 bytes."""
    most = a.stack(u64)
    a.label(ReadKind.FILES.name)
    if not layout.has_structs:
        a.ja("out")
        return
    a.ldx(r2, Outgoing[r9].place)
    a.mov32(r2, r2)  # the offset
    a.add(r6, r2)
    load_count(a, pair, "files")
    a.stx(most, r2)
    a.mov(r8, 0)
    a.label("next file")
    a.ldx(r1, most)
    a.jge(r8, r1, "out")
    a.jge(r8, MOST_FILES, "out")
    a.add(r8, 1)
    a.lea(r1, pair)
    a.mov(r2, 4)
    a.mov(r3, r6)
    a.call(helper.probe_read_user)
    a.jne(r0, 0, "out")
    bits(a, r1, SIZE, 0xFFFF)
    a.add(r6, r1)
    a.ldx(r1, u32[address_of(pair) + 0])
    a.call(FILE_OF_FD)
    a.jeq(r0, 0, "next file")
    store_element(a)
    choose(a, captured, "files")
    a.ldx(r3, KnownFile[r0].id)
    append_number(a, r7, r3, "out")
    a.ja("next file")


OF_FILES = {
    ReadKind.FILE: file,
    ReadKind.FILES: files,
    ReadKind.DIRECTORY: directory,
    ReadKind.POSITION: position,
    ReadKind.OWNER: owner,
}
