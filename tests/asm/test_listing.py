from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asm.strategies import programs, valid_instructions
from tuxscope.asm import (
    Array,
    Assembler,
    Instruction,
    PerfEventArray,
    Program,
    RawTracepoint,
    decode_all,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r10,
)
from tuxscope.asm.lexer import quoted, unquoted
from tuxscope.asm.listing import lines, named, text
from tuxscope.asm.parser import parse
from tuxscope.record import Record, char, s16, u8, u16, u32, u64


class Point(Record):
    x = s16
    y = s16


class Event(Record):
    pid = u32
    timestamp_ns = u64
    comm = char[16]
    points = Point[2]
    codes = u32[3]


EVENTS = PerfEventArray("EVENTS", Event)
COUNTS = Array("COUNTS", value=u64[4], max_entries=1)


def example() -> Program:
    a = Assembler("page", attach=RawTracepoint())
    event = a.stack(Event)
    a.call(helper.get_current_pid_tgid)
    a.jne(r0, 7, "out")
    a.stx(event.pid, r0)
    a.ld_map(r2, EVENTS)
    a.ld_map_value(r3, COUNTS, 8)
    a.ld_map_value(r3, COUNTS)
    a.ld_func(r4, "other")
    a.call("other")
    a.label("again")
    a.gotol("out")
    a.may_goto("again")
    a.label("out")
    a.label("end")
    a.exit()
    a.function("other")
    a.label("out")
    a.ja("out")
    return a.program(check=False)


EXAMPLE = """\
.type page, @function
page:
    call bpf_get_current_pid_tgid
    if r0 != 7 goto out
    *(u32 *)(r10 - 56) = r0  # event.pid
    r2 = EVENTS ll
    r3 = COUNTS+8 ll
    r3 = COUNTS+0 ll
    r4 = other ll
    call other
again:
    gotol out
    may_goto again
out:
end:
    exit
.type other, @function
other:
out:
    goto out
"""


def test_the_text_has_the_authors_names() -> None:
    assert text(example()) == EXAMPLE


def test_a_line_has_all_that_is_known_of_an_instruction() -> None:
    program = example()
    listed = list(lines(program, "big"))
    assert [line.slot for line in listed] == list(program.slots)
    assert b"".join(line.data for line in listed) == program.encode(
        dict.fromkeys(program.maps, 0), "big"
    )
    assert [line.function for line in listed if line.function] == ["page", "other"]
    assert [line.labels for line in listed if line.labels] == [("again",), ("out", "end"), ("out",)]
    third = listed[2]
    assert (third.text, third.note) == ("*(u32 *)(r10 - 56) = r0", "event.pid")
    assert third.source
    assert third.source.code == "a.stx(event.pid, r0)"


@given(programs())
def test_a_listing_has_the_bytes_of_its_program(program: Program) -> None:
    data = b"".join(line.data for line in lines(program, "little"))
    assert data == program.encode(dict.fromkeys(program.maps, 0), "little")


def texts(program: Program) -> list[str]:
    return [line.text for line in lines(program)]


def test_a_helper_is_a_number_where_its_name_means_something_else() -> None:
    a = Assembler("page", attach=RawTracepoint())
    a.call(helper.loop)
    a.call(helper.ktime_get_ns)
    a.emit(Instruction(0x85, imm=212))
    a.call("bpf_loop")
    a.label("bpf_ktime_get_ns")
    a.exit()
    a.function("bpf_loop")
    a.exit()
    assert texts(a.program(check=False))[:4] == ["call 181", "call 5", "call 212", "call bpf_loop"]


def test_a_function_is_a_number_where_its_name_is_a_maps() -> None:
    a = Assembler("page", attach=RawTracepoint())
    a.ld_func(r1, "EVENTS")
    a.ld_map(r2, EVENTS)
    a.call("EVENTS")
    a.exit()
    a.function("EVENTS")
    a.exit()
    assert texts(a.program(check=False))[:3] == [
        "ld_pseudo r1, 4, 5",
        "r2 = EVENTS ll",
        "call EVENTS",
    ]


def test_a_jump_to_no_label_of_its_function_is_a_number() -> None:
    a = Assembler("page", attach=RawTracepoint())
    a.emit(Instruction(0x05, offset=1))
    a.exit()
    a.function("other")
    a.label("out")
    a.exit()
    assert texts(a.program(check=False))[0] == "goto +1"


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("out", "out"),
        (".L1", ".L1"),
        ("a.b$c", "a.b$c"),
        ("bpf_x", "bpf_x"),
        ("r11", "r11"),
        ("r10", '"r10"'),
        ("w0", '"w0"'),
        ("exit", '"exit"'),
        ("ll", '"ll"'),
        ("s", '"s"'),
        ("$x", '"$x"'),
        (".", '"."'),
        ("9p", '"9p"'),
        ("a b", '"a b"'),
        ("é", '"é"'),
        ('a"b\\', '"a\\"b\\\\"'),
        ("a\nb", '"a\\nb"'),
    ],
)
def test_a_name_that_is_no_plain_word_is_quoted(name: str, spelt: str) -> None:
    a = Assembler("page", attach=RawTracepoint())
    a.label(name)
    a.ja(name)
    assert texts(a.program(check=False)) == [f"goto {spelt}"]
    assert parse(f"{spelt}: goto {spelt}").labels[0].name == name


@given(st.text())
def test_quotes_hold_any_name(name: str) -> None:
    assert unquoted(quoted(name)) == name
    assert "\n" not in quoted(name)


def notes(program: Program) -> list[str]:
    return [line.note for line in lines(program)]


def test_notes_name_the_smallest_part_that_holds_an_access() -> None:
    a = Assembler("page", attach=RawTracepoint())
    event = a.stack(Event)
    count = a.stack(u64)
    for place in (
        event.pid, event.points[1].y, event.codes[2], u8[event.comm[3]], count,
        u8[event.timestamp_ns], u64[event.pid], u32[r10 - 52], u16[event.comm[4]], u64[event.comm],
        u8[r10 - 65], u32[r1 - 8],
    ):  # fmt: skip
        a.stx(place, r0)
    a.ldx(r0, event.pid)
    a.st(event.pid, 1)
    a.atomic_add(event.pid, r0)
    a.exit()
    assert notes(a.program(check=False)) == [
        "event.pid", "event.points[1].y", "event.codes[2]", "event.comm[3]", "count",
        "event.timestamp_ns", "event", "event+4", "event+20", "event.comm",
        "", "", "event.pid", "event.pid", "event.pid", "",
    ]  # fmt: skip


def test_notes_name_the_largest_part_that_an_address_is_of() -> None:
    a = Assembler("page", attach=RawTracepoint())
    event = a.stack(Event)
    places: tuple[object, ...] = (
        event, event.comm, event.points, event.points[1], event.codes[1], r10 - 52, r1 - 8
    )  # fmt: skip
    for place in places:
        a.lea(r2, place)
    a.exit()
    assert notes(a.program(check=False))[1::2] == [
        "&event", "&event.comm", "&event.points", "&event.points[1]", "&event.codes[1]",
        "&event+4", "",
    ]  # fmt: skip
    assert set(notes(a.program(check=False))[::2]) == {""}


def test_notes_are_of_the_functions_own_stack() -> None:
    a = Assembler("page", attach=RawTracepoint())
    first = a.stack(u64)
    a.call("other")
    a.exit()
    a.function("other")
    second = a.stack(u64)
    a.stx(first, r0)
    a.stx(second, r0)
    assert notes(a.program(check=False))[2:] == ["second", "second"]


BARE = """\
.type main, @function
main:
    r1 = f8 ll
L2:
    call f8
    if r0 == 0 goto L6
    goto L2
    goto L6
L6:
    goto +1
    exit
.type f8, @function
f8:
    r1 = 0x1 ll
    goto -2
    call -1
    call pc+1000
    goto -100
"""


def test_bare_instructions_get_names_for_where_they_go() -> None:
    code = [
        "ld_pseudo r1, 4, 7", "call pc+5", "if r0 == 0 goto +2", "goto -3", "goto +0", "goto +1",
        "exit", "r1 = 1 ll", "goto -2", "call -1", "call pc+1000", "goto -100",
    ]  # fmt: skip
    listed = text(named(parse("\n".join(code)).instructions))
    assert listed == BARE


@given(st.lists(valid_instructions(), min_size=1, max_size=20))
def test_bare_instructions_survive_being_named(instructions: list[Instruction]) -> None:
    data = b"".join(each.encode() for each in instructions)
    assert list(parse(text(named(decode_all(data)))).instructions) == instructions
