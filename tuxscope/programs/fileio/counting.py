"""An operation that has ended is counted by file and process: a CallOutcome."""

from __future__ import annotations

from tuxscope.abi.reading import copy_of_kernel
from tuxscope.asm import Assembler, helper
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.calls.account import add_to_account
from tuxscope.calls.filters import leave_out_results
from tuxscope.calls.outgoing import find_plan
from tuxscope.calls.records import Account, Thread, Who
from tuxscope.calls.wanted import Wanted
from tuxscope.files.choosing import leave_out_special
from tuxscope.files.emitting import FILE_OF_FD, file_functions
from tuxscope.files.known import KnownFile
from tuxscope.lean_dataclasses import dataclass
from tuxscope.page.emitting import address_of, copy, lookup
from tuxscope.programs.fileio.tallies import (
    BLANK_TALLY,
    FILE_TALLIES,
    MOVEMENTS,
    FileProcess,
    FileTally,
    Movement,
)
from tuxscope.record import u32, u64

DESCRIPTORS = (0, 1, 2)  # the arguments that a Movement may name


@dataclass(frozen=True)
class FileCounting:
    """A frozen dataclass: a CallOutcome: what was read and written is counted.

    Attributes:
        wanted: the Wanted: what the programs are made for.
        choose_files: a bool, whether only files that hold data count; see leave_out_special.
    """

    wanted: Wanted
    choose_files: bool

    def begin(self, a: Assembler) -> None:
        """Emit nothing."""

    def entry_functions(self, a: Assembler) -> None:
        """Emit nothing."""

    def unseen(self, a: Assembler) -> None:
        """Emit nothing: it counts as one that took no time."""

    def keep(self, a: Assembler) -> None:
        """Emit nothing."""

    def give_up(self, a: Assembler, errno: int) -> None:
        """Emit nothing, whatever ``errno`` is: what a signal interrupts has moved nothing."""

    def vanish(self, a: Assembler, slept: Memory) -> None:
        """Emit nothing, whatever ``slept``, Memory, holds."""

    def end(self, a: Assembler) -> None:
        """Emit nothing."""

    def end_functions(self, a: Assembler) -> None:
        """Emit nothing."""

    def finish(self, a: Assembler, slept: Memory) -> None:
        """Emit: count the call of the thread at r9, which took r7 ns and returned r8; ``slept``,
        Memory, is not used."""
        a.mov(r1, r9)
        a.mov(r2, r7)
        a.mov(r3, r8)
        a.ldx(r4, u64[r6 + 0])
        a.call("count")

    def leave_functions(self, a: Assembler) -> None:
        """Emit the function ``count``, and what it calls."""
        count_function(a, self.wanted, self.choose_files)
        file_functions(a, self.wanted.layout, FILE_OF_FD)


def count_function(a: Assembler, wanted: Wanted, choose_files: bool) -> None:
    """Emit the function ``count`` for ``wanted``, a Wanted: r1 is the thread, r2 how long the call
    took in ns, r3 its result, r4 the address of its registers. ``choose_files``, a bool, is as in
    FileCounting."""
    a.function("count")
    took, moved, registers, index = a.stack(u64), a.stack(u64), a.stack(u64), a.stack(u32)
    word, key = a.stack(u64), a.stack(FileProcess)
    a.mov(r6, r1)
    a.mov(r7, r2)
    a.stx(took, r2)
    a.stx(moved, r3)
    a.stx(registers, r4)
    a.mov(r8, 0)
    a.jsge(r3, 0, "not failed")
    a.sub(r8, r3)
    a.st(moved, 0)
    a.label("not failed")
    leave_out_results(a, wanted.chosen, "out")
    find_plan(a, index, "out", Thread[r6].call.number, MOVEMENTS)
    movement: Memory = Movement[r7]
    for name, descriptor, calls, count in (
        ("read", movement.read, FileTally.reads, FileTally.read_bytes),
        ("write", movement.written, FileTally.writes, FileTally.written_bytes),
    ):
        a.ldx(r1, descriptor)
        a.jeq(r1, 0, f"no {name}")
        load_descriptor(a, wanted, name, registers, word)
        a.call(FILE_OF_FD)
        a.mov(r9, r0)
        a.jeq(r9, 0, f"unknown {name}")
        if choose_files:
            leave_out_special(a, KnownFile[r9], f"no {name}")
        find_row(a, key, name)
        add(a, moved, took, calls.offset, count.offset, name)
        a.label(f"no {name}")
    a.label("out")
    a.mov(r0, 0)
    a.exit()


def load_descriptor(
    a: Assembler, wanted: Wanted, name: str, registers: Memory, word: Memory
) -> None:
    """Emit: r1 = the descriptor that is argument r1 - 1 of the thread at r6; one of DESCRIPTORS.

    ``wanted`` is a Wanted, ``name``, a str, is for the labels, ``registers`` Memory with the
    address of the thread's registers, ``word`` Memory of 8 bytes to copy to.
    """
    native, short = (
        each.arguments for each in (wanted.readable.registers, wanted.readable.compat_registers)
    )
    a.ldx(r2, Thread[r6].call.number.compat)
    a.ldx(r3, registers)
    for compat, arguments in ((0, native), (1, short)):
        a.jne(r2, compat, f"{name} of another ABI than {compat}")
        for argument in DESCRIPTORS:
            a.jne(r1, argument + 1, f"{name} of another than {compat} {argument}")
            copy_of_kernel(a, arguments[argument], word)
            a.ja(f"descriptor to {name}")
            a.label(f"{name} of another than {compat} {argument}")
        a.label(f"{name} of another ABI than {compat}")
    a.ja(f"no {name}")
    a.label(f"descriptor to {name}")
    a.ldx(r1, word)
    a.mov32(r1, r1)


def find_row(a: Assembler, key: Memory, name: str) -> None:
    """Emit: r0 = the address of the FileTally of the file at r9 and the thread at r6; ``key`` is
    the Memory of a FileProcess, ``name``, a str, for the labels. It is the one of all others for a
    file that is not known, or has no room."""
    known: Memory = KnownFile[r9]
    for field, value in (
        (key.ino, known.ino),
        (key.dev, known.dev),
        (key.generation, known.generation),
        (key.pid, Thread[r6].who.pid),
    ):
        a.ldx(r1, value)
        a.stx(field, r1)
    a.st(key.unused, 0)
    lookup(a, FILE_TALLIES, key)
    a.jne(r0, 0, f"row of {name}")
    a.ld_map(r1, FILE_TALLIES)
    a.lea(r2, key)
    a.ld_map_value(r3, BLANK_TALLY)
    a.mov(r4, 1)  # BPF_NOEXIST: where another CPU was faster, its row stays
    a.call(helper.map_update_elem)
    lookup(a, FILE_TALLIES, key)
    a.jeq(r0, 0, f"others {name}")
    copy(a, address_of(FileTally[r0].comm), address_of(Thread[r6].who.comm), Who.comm.size)
    a.label(f"row of {name}")
    a.ldx(r1, known.id)
    a.stx(FileTally[r0].path, r1)
    a.ja(f"add {name}")
    a.label(f"unknown {name}")
    a.jne(r8, 0, f"no {name}")  # not a descriptor, and nothing was moved
    a.label(f"others {name}")
    for word in range(FileProcess.size // 8):
        a.st(u64[address_of(key) + 8 * word], -1)
    lookup(a, FILE_TALLIES, key)
    a.jne(r0, 0, f"add {name}")
    add_to_account(a, Account.missed.offset)
    a.ja(f"no {name}")
    a.label(f"add {name}")


def add(a: Assembler, moved: Memory, took: Memory, calls: int, count: int, name: str) -> None:
    """Emit: add a call to the FileTally at r0, whose counters are at ``calls`` and ``count``, in
    bytes: ``moved`` bytes, in ``took`` ns, both Memory. ``name``, a str, is for the labels."""
    a.mov(r2, 1)
    a.atomic_add(u64[r0 + calls], r2)
    a.ldx(r2, moved)
    a.atomic_add(u64[r0 + count], r2)
    a.ldx(r2, took)
    a.atomic_add(FileTally[r0].total_ns, r2)
    a.ldx(r1, FileTally[r0].max_ns)
    a.jge(r1, r2, f"not the longest to {name}")
    a.stx(FileTally[r0].max_ns, r2)
    a.label(f"not the longest to {name}")
