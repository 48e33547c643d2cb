"""Members of the kernel's structs, copied several at a time."""

from __future__ import annotations

from tuxscope.asm import Assembler, helper
from tuxscope.asm.layout import INTEGERS, Layout, Place, PointerCast
from tuxscope.asm.registers import Memory, Register, r0, r1, r2, r3
from tuxscope.lean_dataclasses import dataclass

WORD = 8
LONGEST_COPY = 64  # bytes: up to here one copy costs less than two


@dataclass(frozen=True, slots=True)
class Members:
    """A frozen dataclass: some members of a struct, and where a copy of them is.
    ``members["name"]`` is the Memory of one.

    Attributes:
        copies: a tuple of triples: where a copy begins in the struct, its size in bytes, and the
            Memory that it goes to.
        found: a dict of the Place of each member in the struct, by name.
        places: a dict of the Memory of each member after :meth:`copy`, by name.
        inside: an int, the offset in the struct of the address that :meth:`copy` takes, in bytes.
        cast: the PointerCast that makes that address a pointer to the struct, or None.
    """

    copies: tuple[tuple[int, int, Memory], ...]
    found: dict[str, Place]
    places: dict[str, Memory]
    inside: int
    cast: PointerCast | None

    def copy(self, a: Assembler, base: Register) -> None:
        """Emit: copy the members of the struct at Register ``base``, one of r6 to r9; zeros if the
        kernel cannot read it. Uses r0 to r5."""
        if self.cast:
            point(a, base, -self.inside, self.cast)
            for name, place in self.found.items():
                a.ldx(r1, place.at(r0))
                a.stx(self.places[name], r1)
            return
        for start, size, to in self.copies:
            a.mov(r3, base)
            if start != self.inside:
                a.add(r3, start - self.inside)
            a.lea(r1, to)
            a.mov(r2, size)
            a.call(helper.probe_read_kernel)

    def __getitem__(self, name: str) -> Memory:
        return self.places[name]


def members(
    layout: Layout, struct: str, names: tuple[str, ...], room: Memory, inside: int = 0
) -> Members:
    """Return the Members with ``names``, a tuple, of ``struct``, a name, to be copied into
    ``room``, Memory; as few copies as their places in ``layout``, a Layout, allow.

    ``inside`` is the offset in the struct of the address to copy from, in bytes. Each member takes
    eight bytes of the room at most. Raises what ``layout.member`` raises.
    """
    found = {name: layout.member(struct, name) for name in names}
    groups = grouped(found, LONGEST_COPY)
    if sum(span(found, each)[1] for each in groups) > room._type.size:
        groups = grouped(found, WORD)
    copies: list[tuple[int, int, Memory]] = []
    places: dict[str, Memory] = {}
    to = room._base + room._offset
    for group in groups:
        start, size = span(found, group)
        copies.append((start, size, to.typed(room._type)))
        for each in group:
            place = found[each]
            places[each] = INTEGERS[place.whole_size][to + (place.offset - start)]
        to += size
    return Members(tuple(copies), found, places, inside, layout.cast(struct))


def grouped(found: dict[str, Place], longest: int) -> list[list[str]]:
    """Return a list of lists of names: the members in ``found``, a dict of Place by name, that are
    copied together, each list of ``longest`` bytes, an int, at most."""
    groups: list[list[str]] = []
    for name in sorted(found, key=lambda each: found[each].offset):
        if groups and span(found, [*groups[-1], name])[1] <= longest:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def span(found: dict[str, Place], names: list[str]) -> tuple[int, int]:
    """Return a pair: the offset of the first 8-byte word that has the members ``names``, a list
    sorted by offset, and the size of all such words, in bytes, both int; ``found`` is a dict of
    Place by name."""
    start = aligned(found[names[0]].offset)
    end = max(found[each].offset + found[each].whole_size for each in names)
    return start, aligned(end - start + WORD - 1)


def aligned(offset: int) -> int:
    """Return the largest multiple of eight that is not above ``offset``, an int."""
    return offset // WORD * WORD


def point(a: Assembler, base: Register, offset: int, cast: PointerCast) -> None:
    """Emit: r0 = a pointer to the struct at Register ``base`` plus ``offset`` bytes, an int, by
    ``cast``, a PointerCast."""
    a.mov(r1, base)
    if offset:
        a.add(r1, offset)
    a.ld_imm64(r2, cast.type)
    a.call_btf_id(cast.function)


def follow(a: Assembler, layout: Layout, address: Register, scratch: Memory) -> None:
    """Emit: load into Register ``address``, one of r6 to r9, the pointer that is at that address;
    ``layout`` is the kernel's Layout, ``scratch`` Memory for a copy."""
    pointer = members(layout, "list_head", ("next",), scratch)  # any struct that begins with one
    pointer.copy(a, address)
    a.ldx(address, pointer["next"])
