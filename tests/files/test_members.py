"""Which members of a struct are copied together."""

from __future__ import annotations

import pytest

from tuxscope.asm import Assembler, RawTracepoint
from tuxscope.asm.layout import Place, RecordedLayout
from tuxscope.asm.registers import r6
from tuxscope.files.members import members
from tuxscope.record import u32, u64


@pytest.mark.parametrize(
    ("offsets", "copies", "places"),
    [
        ((16, 24), [(16, 16)], [0, 8]),
        ((24, 16), [(16, 16)], [8, 0]),
        ((20, 24), [(16, 16)], [4, 8]),
        ((16, 1000), [(16, 8), (1000, 8)], [0, 8]),
        # Near, but with no room for what is between them.
        ((16, 40), [(16, 8), (40, 8)], [0, 8]),
        ((20, 44), [(16, 8), (40, 8)], [4, 12]),
    ],
)
def test_members_are_copied_together_where_there_is_room(
    offsets: tuple[int, int], copies: list[tuple[int, int]], places: list[int]
) -> None:
    size = 4 if offsets[0] % 8 else 8
    there = {f"member{index}": Place(each, size) for index, each in enumerate(offsets)}
    a = Assembler("copies", attach=RawTracepoint())
    room = a.stack(u64[2])
    found = members(RecordedLayout({}, {"it": there}), "it", tuple(there), room)
    assert [(start, length) for start, length, _ in found.copies] == copies
    assert [found[each]._offset - room._offset for each in there] == places
    assert {found[each]._type for each in there} == {u32 if size == 4 else u64}
    found.copy(a, r6)
