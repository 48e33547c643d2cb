"""Places in a tracepoint's context, and in a kernel's struct, as memory."""

from __future__ import annotations

import pytest

from tuxscope.asm import Assembler, OperandError, ProgramError, Tracepoint, r6, r10
from tuxscope.asm.layout import Place, RecordedLayout
from tuxscope.page.emitting import read_member
from tuxscope.record import u32, u64


def test_a_place_is_loaded_as_what_it_is() -> None:
    assert str(Place(8, 4).at(r6)) == str(u32[r6 + 8])
    assert str(Place(0, 8).at(r6)) == str(u64[r6])


FLAG = Place(1463, 1, 2, 1)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (FLAG, "this is a bit field (1 bits of the u8 at offset 1463); load the u8 into r0, then "
               "a.rsh(r0, 2) and a.and_(r0, 0x1)"),
        (Place(4, 4, 5, 7), "7 bits of the u32 at offset 4); load the u32 into r0, then "
                            "a.rsh(r0, 5) and a.and_(r0, 0x7f)"),
        (Place(4, 9, 5, 64), "64 bits of the 9 bytes at offset 4"),
        (Place(1752, 16), "the 16 bytes at offset 1752 are not an integer of 1, 2, 4 "
                        "or 8 bytes; copy them with helper.probe_read_kernel"),
        (Place(0, 0), "the 0 bytes at offset 0 are not an integer"),
    ],
)  # fmt: skip
def test_what_is_no_integer_is_not_loaded(place: Place, words: str) -> None:
    with pytest.raises(OperandError) as caught:
        place.at(r6)
    assert words in str(caught.value)
    assert caught.value.source
    assert caught.value.source.code == "place.at(r6)"


def test_a_recorded_layout_says_what_it_has_not() -> None:
    layout = RecordedLayout({"sock/a": {"port": Place(24, 2)}}, {"task_struct": {}})
    assert layout.field(Tracepoint("sock", "a"), "port") == Place(24, 2)
    for ask in (
        lambda: layout.field(Tracepoint("sock", "a"), "state"),
        lambda: layout.field(Tracepoint("sock", "b"), "port"),
        lambda: layout.member("task_struct", "se.vruntime"),
        lambda: layout.member("sock", "sk"),
    ):
        with pytest.raises(ProgramError, match=r"the recorded layout has no .* add it to"):
            ask()


def test_a_bit_field_is_not_copied_as_if_it_were_bytes() -> None:
    a = Assembler("member", attach=Tracepoint("syscalls", "sys_enter_write"))
    with pytest.raises(OperandError, match="bit field"):
        read_member(a, FLAG, u64[r10 - 8], u64[r10 - 16])
