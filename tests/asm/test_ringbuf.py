"""Output through a ring buffer: what the assembler emits for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tuxscope.asm import (
    Address,
    Assembler,
    AssemblyError,
    OperandError,
    PerfEventArray,
    ProgramError,
    RawTracepoint,
    RingBuf,
    UnreleasedReferenceError,
    helper,
    r0,
    r1,
    r2,
    r3,
    r6,
    r10,
)
from tuxscope.asm.listing import lines
from tuxscope.record import Record, char, u8, u32, u64
from tuxscope.record.variable import const, tail
from tuxscope.vm import Machine, Sent, World


class Event(Record):
    pid = u32
    time_ns = u64


class Named(Record):
    kind = const(u8, 1)
    length = u8
    name = tail(char[16], "length")


class Unnamed(Record):
    name = u32


EVENTS = RingBuf("EVENTS", Event, max_entries=4096)
SAMPLES = PerfEventArray("SAMPLES", Event)
LISTED = """\
r3 = 16
r2 = r10
r2 += -16
r1 = EVENTS ll
r4 = 0
call bpf_ringbuf_output
if r0 == 0 goto EVENTS_sent_8
*(u32 *)(r10 - 20) = 0
r1 = EVENTS.lost ll
r2 = r10
r2 += -20
call bpf_map_lookup_elem
if r0 == 0 goto EVENTS_sent_8
r1 = 1
lock *(u64 *)(r0 + 0) += r1"""


def assembler() -> Assembler:
    return Assembler("sends", attach=RawTracepoint())


def outputs(times: int) -> Assembler:
    """A program that sends one event so often."""
    a = assembler()
    event = a.stack(Event)
    a.zero(event)
    for _ in range(times):
        a.ringbuf_output(EVENTS, event)
    return a


def ended(a: Assembler) -> Machine:
    """Run it in the interpreter."""
    a.mov(r0, 0)
    a.exit()
    machine = Machine(a.program(), world=World(cpu=1, cpus=2))
    machine.run()
    return machine


def lost(machine: Machine) -> Any:
    counts: Any = machine.maps[EVENTS.lost]
    return counts.lookup(0)


def test_an_output_is_what_one_would_write_and_a_count() -> None:
    a = outputs(1)
    a.mov(r0, 0)
    a.exit()
    listed = [line.text for line in lines(a.program())]
    assert listed[2:-2] == LISTED.splitlines()
    assert [each.map for each in a.program().instructions if each.map] == [EVENTS, EVENTS.lost]


@pytest.mark.parametrize("times", [1, 170, 171, 200])
def test_what_has_no_room_is_counted_on_its_cpu(times: int) -> None:
    machine = ended(outputs(times))
    fits = 4095 // 24
    sent = [each for each in machine.output if isinstance(each, Sent)]
    assert len(sent) == min(times, fits)
    assert lost(machine) == (0, max(times - fits, 0))


def test_all_counts_of_a_function_share_four_bytes_of_its_stack() -> None:
    a = outputs(3)
    assert a.stack(u8)._offset == -(16 + 4 + 1)


@pytest.mark.parametrize("size", [r3, r6, 12])
def test_a_size_is_a_number_or_a_register(size: Any) -> None:
    a = assembler()
    event = a.stack(Event)
    a.zero(event)
    if not isinstance(size, int):
        a.mov(size, 12)
    a.ringbuf_output(EVENTS, event, size)
    (sent,) = ended(a).output
    assert isinstance(sent, Sent)
    assert sent.data == bytes(12)


def test_an_address_is_a_place_with_a_size() -> None:
    a = assembler()
    event = a.stack(Event)
    a.zero(event)
    a.ringbuf_output(EVENTS, Address(r10, -16), Event.size)
    assert len(ended(a).output) == 1
    with pytest.raises(OperandError, match="ringbuf_output takes a size for an address"):
        a.ringbuf_output(EVENTS, Address(r10, -16))


def reserves(a: Assembler, times: int) -> None:
    for _ in range(times):
        a.ringbuf_reserve(EVENTS, Event, "full")
        a.mov(r6, r0)
        a.st(Event[r6].pid, 7)
        a.st(Event[r6].time_ns, 8)
        a.mov(r1, r6)
        a.mov(r2, 0)
        a.call(helper.ringbuf_submit)
    a.label("full")


@pytest.mark.parametrize("times", [1, 170, 171, 200])
def test_a_reservation_jumps_where_there_is_no_room(times: int) -> None:
    a = assembler()
    reserves(a, times)
    machine = ended(a)
    assert lost(machine) == (0, times > 170)
    sent = [each for each in machine.output if isinstance(each, Sent)]
    assert {each.data for each in sent} == {bytes(Event(pid=7, time_ns=8))}


def test_a_reservation_is_given_back() -> None:
    a = assembler()
    a.ringbuf_reserve(EVENTS, 16, "out")
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    with pytest.raises(UnreleasedReferenceError, match="without releasing the record that"):
        a.program()


def wrong(make: Callable[[Assembler], Any], says: str) -> Any:
    return pytest.param(make, says, id=says)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        wrong(lambda a: a.ringbuf_output(SAMPLES, a.stack(u32)), "ringbuf_output takes a ring buf"),
        wrong(lambda a: a.ringbuf_output(EVENTS, 3), "takes a size for an address"),
        wrong(lambda a: a.ringbuf_output(EVENTS, 3, 8), "lea takes"),
        wrong(lambda a: a.ringbuf_output(EVENTS, a.stack(u32), "x"), "'x'"),
        wrong(lambda a: a.ringbuf_reserve(SAMPLES, 8, "out"), "ringbuf_reserve takes a ring buf"),
        wrong(lambda a: a.ringbuf_reserve(EVENTS, "x", "out"), "'x'"),
        wrong(lambda a: a.ringbuf_reserve(EVENTS, 8, 3), "a jump takes the name of a label"),
        wrong(
            lambda a: a.ringbuf_reserve(RingBuf("TOOLONGNAME", Event), 8, "out"),
            "at most 10 characters",
        ),
    ],
)
def test_what_is_wrong_is_at_its_line_and_emits_nothing(
    make: Callable[[Assembler], Any], says: str
) -> None:
    a = assembler()
    a.mov(r0, 0)
    with pytest.raises(AssemblyError) as caught:
        make(a)
    assert says in caught.value.problem
    assert caught.value.source
    assert caught.value.source.file == __file__
    a.exit()
    assert len(a.program().instructions) == 2
    assert not a.program().labels


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: RingBuf("RING"), 'carries records: RingBuf("RING", Event)'),
        (lambda: RingBuf("RING", Event, max_entries=5000), "a power of two and a multiple of"),
        (lambda: RingBuf("RING", Event, max_entries=2048), "a power of two and a multiple of"),
        (lambda: RingBuf("RING", u32), "sends records, and u32 is not a record"),
        (lambda: RingBuf("RING", Named, Unnamed), "its first field says which"),
        (lambda: PerfEventArray("EVENTS", Named), 'has a tail: RingBuf("EVENTS", Named)'),
    ],
)
def test_a_ring_buffer_is_described(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(ProgramError) as caught:
        make()
    assert says in caught.value.problem
    assert caught.value.source
