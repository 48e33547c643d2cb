"""Types, places, registers, instructions and programs can be copied and pickled."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from tuxscope.asm import (
    Array,
    Assembler,
    AssemblyError,
    Hash,
    Instruction,
    Memory,
    OperandError,
    PerfEventArray,
    Program,
    RawTracepoint,
    Tracepoint,
    Xdp,
    helper,
    r0,
    r1,
    r2,
    r10,
)
from tuxscope.output.columns import Column
from tuxscope.record import Record, char, s8, s16, s32, s64, u8, u16, u32, u64
from tuxscope.record.types import Octets
from tuxscope.record.values import IpAddress, Named, Optional, OptionalMilliseconds


class Point(Record):
    x = u32
    y = u32


class Event(Record):
    pid = u32
    when = u64
    address = u8[16]
    ports = u32[4]
    points = Point[2]
    comm = char[16]


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


WAYS: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, pickled]
each_way = pytest.mark.parametrize("way", WAYS)
INTEGERS = (u8, u16, u32, u64, s8, s16, s32, s64)
EVENTS = PerfEventArray("EVENTS", Event)
COUNTS = Hash("COUNTS", key=u32, value=Point, max_entries=10)


def program() -> Program:
    a = Assembler("copied", attach=Tracepoint("syscalls", "sys_enter_write"))
    event = a.stack(Event)
    a.zero(event)
    a.ld_map(r1, COUNTS)
    a.lea(r2, event.pid)
    a.call(helper.map_lookup_elem)
    a.jeq(r0, 0, "out")
    a.st(Point[r0].x, 1)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


@each_way
@pytest.mark.parametrize("integer", INTEGERS, ids=repr)
def test_an_integer_type_is_the_same_one(way: Callable[[Any], Any], integer: Any) -> None:
    assert way(integer) is integer


@each_way
def test_a_copied_byte_still_makes_octets(way: Callable[[Any], Any]) -> None:
    assert type(way(u8)[4]) is Octets
    assert type(way(u8[4]).element[4]) is Octets
    assert way(char) is char


@each_way
@pytest.mark.parametrize(
    "value",
    [
        u8[6], u32[4], char[16], Event, Point[2], Event.points.type, IpAddress(),
        OptionalMilliseconds(), Named(u8, {1: "one"}), Optional(u32, 0), Event(pid=7, comm="cat"),
        Tracepoint("syscalls", "sys_enter_write"), RawTracepoint("sched_switch"), Xdp(),
        EVENTS, COUNTS, Array("ONE", value=u64, max_entries=1), helper.ktime_get_ns,
        Instruction(0xB7, dst=1, imm=5), program(),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_value_is_equal(way: Callable[[Any], Any], value: Any) -> None:
    again = way(value)
    assert again == value
    assert type(again) is type(value)
    assert hash(again) == hash(value)
    assert repr(again) == repr(value)


@each_way
def test_registers_and_addresses_are_the_same(way: Callable[[Any], Any]) -> None:
    assert way(r10).number == 10
    again = way(r1 + 16)
    assert (again.base.number, again.offset) == (1, 16)


@each_way
def test_a_place_in_memory_is_the_same(way: Callable[[Any], Any]) -> None:
    event = Assembler("places", attach=RawTracepoint()).stack(Event)
    for place in (u64[r1], u64[r1 + 16], event, event.pid, event.ports, event.ports[2]):
        again = way(place)
        assert isinstance(again, Memory)
        assert repr(again) == repr(place)
    assert repr(way(event).points[1].y) == repr(event.points[1].y)


@each_way
def test_a_program_has_the_same_bytes(way: Callable[[Any], Any]) -> None:
    own = program()
    again: Program = way(own)
    assert again.encode({COUNTS: 5}) == own.encode({COUNTS: 5})
    assert [each.source for each in again.instructions] == [
        each.source for each in own.instructions
    ]
    assert again.stack == own.stack
    assert [each.form for each in again.instructions] == [each.form for each in own.instructions]


@each_way
def test_a_columns_field_is_the_same(way: Callable[[Any], Any]) -> None:
    field = way(Column(Event.pid, 8)).field
    assert (field.name, field.type, field.offset) == ("pid", u32, 0)


@each_way
def test_a_copied_assembler_goes_on_by_itself(way: Callable[[Any], Any]) -> None:
    a = Assembler("first", attach=RawTracepoint())
    a.mov(r0, 0)
    other = way(a)
    other.mov(r0, 1)
    other.exit()
    a.exit()
    assert [len(each.program().instructions) for each in (a, other)] == [2, 3]


def test_a_place_without_a_type_does_not_recurse() -> None:
    with pytest.raises(AttributeError, match="a place in memory has no _type"):
        _ = Memory.__new__(Memory)._type


def test_an_array_is_iterated_and_nothing_is_emitted() -> None:
    a = Assembler("elements", attach=RawTracepoint())
    event = a.stack(Event)
    places = list(event.ports)
    assert [repr(each) for each in places] == [repr(event.ports[n]) for n in range(4)]
    assert len(event.ports) == 4
    assert [repr(each.x) for each in event.points] == [repr(event.points[n].x) for n in (0, 1)]
    assert len(list(event.address)) == 16
    assert [repr(each) for each in reversed(event.ports)] == [repr(each) for each in places[::-1]]
    assert list(zip(event.points, event.ports, strict=False))
    for place in event.ports:
        a.st(place, 0)
    a.mov(r0, 0)
    a.exit()
    assert len(a.program().instructions) == 6


@pytest.mark.parametrize(
    ("use", "problem"),
    [
        (lambda event: list(event), "Event is not an array and has no elements"),
        (lambda event: [*event.pid], "u32 is not an array and has no elements"),
        (lambda event: len(event), "Event is not an array and has no length"),
    ],
)
def test_what_is_no_array_has_no_elements(use: Callable[[Any], Any], problem: str) -> None:
    event = Assembler("elements", attach=RawTracepoint()).stack(Event)
    with pytest.raises(OperandError) as caught:
        use(event)
    assert problem in caught.value.problem
    assert caught.value.source
    assert caught.value.source.file == __file__


@pytest.mark.parametrize(
    "compare",
    [
        lambda event: 5 in event.ports,
        lambda event: event.pid == 5,
        lambda event: event.pid != event.when,
        lambda event: event.pid < 5,
        lambda event: bool(event.pid),
    ],
)
def test_a_place_has_no_value_to_compare(compare: Callable[[Any], Any]) -> None:
    """Python would decide it while the program is assembled, once, and say no."""
    event = Assembler("compared", attach=RawTracepoint()).stack(Event)
    with pytest.raises(AssemblyError, match="has no value while the program is assembled"):
        compare(event)
