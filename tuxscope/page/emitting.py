"""Instruction sequences that programs share: map lookups, reads of kernel memory, copies.

Each function emits its instructions where it is called, and clobbers r0 to r5.
"""

from __future__ import annotations

from tuxscope.asm import Assembler, helper
from tuxscope.asm.layout import Place
from tuxscope.asm.maps import Map
from tuxscope.asm.registers import Address, Memory, r0, r1, r2, r3, r4, r5, r8
from tuxscope.record import u32, u64


def lookup(a: Assembler, map: Map, key: Memory) -> None:
    """Emit: r0 = the address of the value for ``key``, a Memory, or 0 if ``map``, a Map, has no
    such entry."""
    a.ld_map(r1, map)
    a.lea(r2, key)
    a.call(helper.map_lookup_elem)


def find_only(a: Assembler, map: Map) -> None:
    """Emit: r0 = the address of the only value of ``map``, a Map, an array; return 0 without one,
    which never happens. Uses r1 and r2."""
    index = a.stack(u32)
    found = f"the {map.name}"
    a.st(index, 0)
    lookup(a, map, index)
    a.jne(r0, 0, found)
    a.exit()
    a.label(found)


def delete(a: Assembler, map: Map, key: Memory) -> None:
    """Emit: delete the entry of ``map``, a Map, for ``key``, a Memory, if it exists."""
    a.ld_map(r1, map)
    a.lea(r2, key)
    a.call(helper.map_delete_elem)


def read(a: Assembler, to: Memory, size: int) -> None:
    """Emit: copy ``size`` bytes, an int, of kernel memory from the address in r3 to ``to``, a
    Memory; zeros if it faults."""
    a.lea(r1, to)
    a.mov(r2, size)
    a.call(helper.probe_read_kernel)


def read_member(a: Assembler, place: Place, base: Memory, to: Memory) -> None:
    """Emit: copy the member at ``place``, a Place, of the kernel struct, whose address is stored in
    ``base``, a Memory, to ``to``, a Memory."""
    size = place.whole_size
    a.ldx(r3, base)
    a.add(r3, place.offset)
    read(a, to, size)


def follow(a: Assembler, place: Place, scratch: Memory) -> None:
    """Emit: r8 = the pointer member at ``place``, a Place, of the struct at r8; a copy of it is in
    ``scratch``, a Memory."""
    a.mov(r3, r8)
    if place.offset:
        a.add(r3, place.offset)
    read(a, scratch, 8)
    a.ldx(r8, scratch)


def copy(a: Assembler, to: Address, origin: Address, size: int) -> None:
    """Emit: copy ``size`` bytes, an int and a multiple of 8, from ``origin``, an Address, to
    ``to``, an Address. Clobbers r1 only."""
    for at in range(0, size, 8):
        a.ldx(r1, u64[origin + at])
        a.stx(u64[to + at], r1)


def address_of(memory: Memory) -> Address:
    """Return the Address of ``memory``, a Memory: base register plus offset."""
    return memory._base + memory._offset


def range_of(a: Assembler, powers: int) -> None:
    """Emit: r1 = the range that the number in r1 is in: 0 to 3 have ranges of their own, from there
    on there are four to each power of two, up to ``powers``, an int. ``4 * powers`` ranges: the
    last is that of all numbers from ``2**powers`` on, too."""
    a.ld_imm64(r2, (1 << powers) - 1)
    a.jle(r1, r2, "in range")
    a.mov(r1, r2)
    a.label("in range")
    a.mov(r3, r1)
    a.mov(r4, 0)  # the power of two
    for bits in (32, 16, 8, 4, 2, 1):
        if bits < powers:
            a.mov(r5, r3)
            a.rsh(r5, bits)
            a.jeq(r5, 0, f"below {bits}")
            a.mov(r3, r5)
            a.add(r4, bits)
            a.label(f"below {bits}")
    a.jlt(r4, 2, "single")
    a.mov(r3, r4)
    a.sub(r3, 2)
    a.rsh(r1, r3)  # the power and the two bits below it: 4 to 7
    a.sub(r1, 4)
    a.lsh(r4, 2)
    a.add(r1, r4)
    a.label("single")
