"""Sequences of instructions that programs share: maps, the kernel's memory, copies.

Each of these functions emits instructions where it is called, and clobbers r1 to r5.
"""

from __future__ import annotations

from tuxscope.asm import Assembler, helper
from tuxscope.asm.layout import Place
from tuxscope.asm.maps import Map
from tuxscope.asm.registers import Address, Memory, r1, r2, r3, r8
from tuxscope.record import u64


def find(a: Assembler, map: Map, key: Memory) -> None:
    """Emit: r0 = the address of an entry, or 0."""
    a.ld_map(r1, map)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)


def forget(a: Assembler, map: Map, key: Memory) -> None:
    """Emit: delete an entry, if there is one."""
    a.ld_map(r1, map)
    a.lea(r2, key)
    a.call(helper.map_delete_elem)


def read(a: Assembler, to: Memory, size: int) -> None:
    """Emit: copy ``size`` bytes of the kernel's memory from r3; zeros if they cannot be read."""
    a.lea(r1, to)
    a.mov(r2, size)
    a.call(helper.probe_read_kernel)


def read_member(a: Assembler, place: Place, base: Memory, to: Memory) -> None:
    """Emit: copy a member of the struct whose address is in ``base``."""
    size = place.whole_size
    a.ldx(r3, base)
    a.add(r3, place.offset)
    read(a, to, size)


def follow(a: Assembler, place: Place, scratch: Memory) -> None:
    """Emit: r8 = the pointer that is a member of the struct at r8; it is in ``scratch``, too."""
    a.mov(r3, r8)
    if place.offset:
        a.add(r3, place.offset)
    read(a, scratch, 8)
    a.ldx(r8, scratch)


def copy(a: Assembler, to: Address, origin: Address, size: int) -> None:
    """Emit: copy ``size`` bytes, a multiple of eight."""
    for at in range(0, size, 8):
        a.ldx(r1, u64[origin + at])
        a.stx(u64[to + at], r1)


def place_of(memory: Memory) -> Address:
    """The address of a place in memory."""
    return memory._base + memory._offset
