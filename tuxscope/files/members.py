"""Members of the kernel's structs, copied several at a time."""

from __future__ import annotations

from tuxscope.asm import Assembler, helper
from tuxscope.asm.layout import INTEGERS, Layout
from tuxscope.asm.registers import Memory, Register, r1, r2, r3
from tuxscope.errors import TuxscopeError
from tuxscope.lean_dataclasses import dataclass

WORD = 8
LONGEST_COPY = 64  # bytes: up to here one copy costs less than two


@dataclass(frozen=True, slots=True)
class Members:
    """Some members of a struct, and where a copy of them is.

    Attributes:
        copies: for each copy where it begins, from the address that :meth:`copy` is given, how
            many bytes it has, and where they go.
        places: where each member is after :meth:`copy`.
    """

    copies: tuple[tuple[int, int, Memory], ...]
    places: dict[str, Memory]

    def copy(self, a: Assembler, base: Register) -> None:
        """Emit: copy the members of the struct at ``base``, one of r6 to r9; zeros where it cannot
        be read. Uses r1 to r5."""
        for start, size, to in self.copies:
            a.mov(r3, base)
            if start:
                a.add(r3, start)
            a.lea(r1, to)
            a.mov(r2, size)
            a.call(helper.probe_read_kernel)

    def __getitem__(self, name: str) -> Memory:
        return self.places[name]


def members(
    layout: Layout, struct: str, names: tuple[str, ...], room: Memory, inside: int = 0
) -> Members:
    """Members of a struct, to be copied into ``room``; as few copies as their places allow.

    ``inside``: where in the struct the address points to that :meth:`Members.copy` is given.

    Raises TuxscopeError where the room is too small, and what ``layout.member`` raises.
    """
    found = {name: layout.member(struct, name) for name in names}
    groups: list[list[str]] = []
    for name in sorted(names, key=lambda each: found[each].offset):
        end = found[name].offset + found[name].whole_size
        if groups and end - aligned(found[groups[-1][0]].offset) <= LONGEST_COPY:
            groups[-1].append(name)
        else:
            groups.append([name])
    copies: list[tuple[int, int, Memory]] = []
    places: dict[str, Memory] = {}
    at = 0
    for group in groups:
        start = aligned(found[group[0]].offset)
        end = max(found[each].offset + found[each].whole_size for each in group)
        to = room._base + (room._offset + at)
        copies.append((start - inside, end - start, to.typed(room._type)))
        for each in group:
            place = found[each]
            places[each] = INTEGERS[place.whole_size][to + (place.offset - start)]
        at += aligned(end - start + WORD - 1)
    if at > room._type.size:
        raise TuxscopeError(f"{', '.join(names)} of struct {struct} take {at} bytes")
    return Members(tuple(copies), places)


def aligned(offset: int) -> int:
    """The multiple of eight that is not above."""
    return offset // WORD * WORD
