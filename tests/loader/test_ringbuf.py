from __future__ import annotations

import mmap
import select
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.memory_ringbuf import SIZE, MemoryRingBuf, Reserved
from loader.ringbuf_sending import DISCARD, FITS, RING, send, sender
from loader.sending import CPUS, EVENTS, Sample
from loader.texts import one_line
from tuxscope.asm import Assembler, RawTracepoint, RingBuf, helper, r0, r1, r2, r3, r4
from tuxscope.errors import ArgumentTypeError
from tuxscope.loader import ringbuf_reader
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.merge import SEND_DELAY
from tuxscope.loader.program import LoadedProgram, load
from tuxscope.loader.ring import RingError
from tuxscope.loader.ringbuf_reader import RingBufReader
from tuxscope.loader.span_decoder import LARGEST_BATCH
from tuxscope.record import Record, u64

pytestmark = pytest.mark.matrix


class Timed(Record):
    time_ns = u64


@pytest.fixture
def program() -> Iterator[LoadedProgram]:
    with load(sender()) as loaded:
        yield loaded


# Accounting


@pytest.mark.kernel
def test_records_of_all_cpus_come_in_the_order_of_reservation(program: LoadedProgram) -> None:
    sent = [(number, CPUS[number % len(CPUS)]) for number in range(FITS)]
    with RingBufReader(program.maps, RING) as reader:
        for number, cpu in sent:
            send(program, cpu, [number])
        assert reader.drain() == sent
        assert reader.delivered == len(sent)
        assert reader.drain() == []
        assert reader.lost() == reader.reported_lost == 0
        assert reader.losses() == []


@pytest.mark.kernel
def test_a_ring_buffer_goes_round(program: LoadedProgram) -> None:
    """Also with a record that begins at its end and ends at its beginning."""
    with RingBufReader(program.maps, RING) as reader:
        for begin in range(0, 7 * FITS, FITS - 1):
            sent = range(begin, begin + FITS - 1)
            send(program, CPUS[-1], sent)
            assert reader.drain() == [(number, CPUS[-1]) for number in sent]
        assert reader.lost() == 0


@pytest.mark.kernel
def test_what_was_discarded_is_neither_delivered_nor_lost(program: LoadedProgram) -> None:
    with RingBufReader(program.maps, RING) as reader:
        for numbers in ([DISCARD], [1, DISCARD, 2, DISCARD, DISCARD], [3, 4], [DISCARD] * 40):
            send(program, CPUS[0], numbers)
        assert reader.drain() == [(number, CPUS[0]) for number in (1, 2, 3, 4)]
        assert (reader.delivered, reader.lost()) == (4, 0)


@pytest.mark.kernel
def test_what_is_sent_is_delivered_or_lost_on_each_cpu(program: LoadedProgram) -> None:
    sent: Counter[int] = Counter()
    with RingBufReader(program.maps, RING) as reader:
        rows: list[tuple[Any, ...]] = []
        for share in (60, 1, 0, 100, 34, 250, 80):
            for cpu in CPUS:
                count = FITS * share // 100
                send(program, cpu, range(count))
                sent[cpu] += count
            rows += reader.drain()
        delivered = Counter(cpu for _, cpu in rows)
        assert reader.delivered == delivered.total()
        assert reader.lost() == sent.total() - delivered.total() > 0
        told = Counter(dict(reader.losses()))
        assert told == sent - delivered


@pytest.mark.kernel
def test_losses_are_told_once(program: LoadedProgram) -> None:
    with RingBufReader(program.maps, RING) as reader:
        for _ in range(2):
            send(program, CPUS[0], range(FITS + 5))
            assert reader.losses() == []
            assert len(reader.drain()) == FITS
            assert reader.losses() == [(CPUS[0], 5)]
            assert reader.losses() == []
        assert [reader.lost() for _ in range(3)] == [10] * 3


@pytest.mark.kernel
def test_a_program_that_counts_nothing_is_known() -> None:
    a = Assembler("careless", attach=RawTracepoint())
    sample = a.stack(Sample)
    a.zero(sample)
    a.ld_map(r1, RING)
    a.lea(r2, sample)
    a.mov(r3, Sample.size)
    a.mov(r4, 0)
    a.call(helper.ringbuf_output)
    a.mov(r0, 0)
    a.exit()
    with load(a.program()) as loaded, RingBufReader(loaded.maps, RING) as reader:
        assert not reader.counts_lost
        loaded.test_run()
        assert reader.drain() == [(0, 0)]
        assert reader.lost() == 0


@pytest.mark.kernel
def test_batches_are_small_and_all_of_it() -> None:
    ring = RingBuf("RING", Sample)
    sent = range(3 * LARGEST_BATCH + 7)
    with load(sender(ring)) as program, RingBufReader(program.maps, ring) as reader:
        send(program, CPUS[0], sent)
        batches = list(reader.batches())
        assert all(0 < len(numbers) == len(cpus) <= LARGEST_BATCH for numbers, cpus in batches)
        assert [number for batch in batches for number in batch[0]] == [*sent]


# Order


@pytest.mark.kernel
def test_records_come_in_the_order_of_a_field(program: LoadedProgram) -> None:
    numbers = [number ^ 3 for number in range(FITS)]
    with RingBufReader(program.maps, RING, order_by=Sample.number) as reader:
        for number in numbers:
            send(program, CPUS[number % len(CPUS)], [number])
        assert [number for number, _ in reader.drain()] == sorted(numbers)
        assert reader.delivered == len(numbers)


@pytest.mark.kernel
def test_what_is_young_waits_for_the_next_drain(
    program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 10 * SEND_DELAY
    monkeypatch.setattr(ringbuf_reader, "monotonic_ns", lambda: now)
    with RingBufReader(program.maps, RING, order_by=Sample.number) as reader:
        young = now - SEND_DELAY + 2
        send(program, CPUS[0], [7, young])
        assert reader.drain() == [(7, CPUS[0])]
        assert reader.holds
        send(program, CPUS[-1], [young - 1])  # older, and later
        now += SEND_DELAY
        assert reader.drain() == [(young - 1, CPUS[-1]), (young, CPUS[0])]
        assert not reader.holds
        send(program, CPUS[-1], [now])
        assert reader.drain() == []
        assert reader.drain(final=True) == [(now, CPUS[-1])]
        assert reader.delivered == 4


# Wakeups


@pytest.mark.kernel
def test_it_is_readable_while_there_is_anything(program: LoadedProgram) -> None:
    with RingBufReader(program.maps, RING) as reader:
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        for number in range(3):
            assert poll.poll(0) == []
            send(program, CPUS[-1], [number])
            assert poll.poll(10_000) == [(reader.fileno(), select.POLLIN)]
            assert len(reader.drain()) == 1


@pytest.mark.kernel
def test_the_first_record_wakes_and_what_follows_does_not(program: LoadedProgram) -> None:
    """An edge is a wakeup: there is none for records behind one that nobody has read."""
    with RingBufReader(program.maps, RING) as reader, select.epoll() as wakeups:
        wakeups.register(reader.fileno(), select.EPOLLIN | select.EPOLLET)
        for _ in range(3):
            send(program, CPUS[-1], [1])
            assert wakeups.poll(10) != []
            send(program, CPUS[-1], range(2, 20))
            assert wakeups.poll(0) == []
            assert len(reader.drain()) == 19


# Faults


@pytest.mark.kernel
def test_a_reader_may_be_closed_twice(program: LoadedProgram) -> None:
    reader = RingBufReader(program.maps, RING)
    reader.close()
    reader.close()


@pytest.mark.kernel
def test_only_a_ring_buffer_is_read(program: LoadedProgram) -> None:
    with pytest.raises(ArgumentTypeError, match="takes a RingBuf"):
        RingBufReader(program.maps, EVENTS)  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="for order_by a field of Sample"):
        RingBufReader(program.maps, RING, order_by=Timed.time_ns)


@pytest.mark.kernel
def test_what_cannot_be_mapped_says_so_in_one_line(
    program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(12, "no")

    monkeypatch.setattr("mmap.mmap", refuse)
    with pytest.raises(RingError) as caught:
        RingBufReader(program.maps, RING)
    assert f"ring buffer RING of {mmap.PAGESIZE} bytes cannot be mapped" in one_line(caught)


@pytest.mark.kernel
def test_the_kernel_lets_nobody_write_the_data() -> None:
    with LoadedMap(RING) as ring, pytest.raises(PermissionError):
        mmap.mmap(ring.fileno(), mmap.PAGESIZE, offset=mmap.PAGESIZE)


def test_what_is_behind_a_busy_record_waits_for_it() -> None:
    ring = MemoryRingBuf()
    assert ring.send(b"first")
    second = ring.reserve(b"second")
    assert second
    assert ring.send(b"third")
    assert ring.take() == record(b"first")
    assert ring.take() == b""
    ring.commit(second)
    assert ring.take() == record(b"second") + record(b"third")
    assert ring.positions == (ring._tail, ring._tail)


@pytest.mark.parametrize("produced", [SIZE + 8, 1 << 63, -8])
def test_a_position_that_makes_no_sense_is_refused(produced: int) -> None:
    ring = MemoryRingBuf(begin=24)
    ring._written[0] = 24 + produced & (1 << 64) - 1
    with pytest.raises(RingError) as caught:
        ring.take()
    assert "ring buffer RING says that it holds" in one_line(caught)
    assert ring._read[0] == 24


@pytest.mark.parametrize("usual", [None, 8])
def test_a_record_past_the_end_is_refused(usual: int | None) -> None:
    ring = MemoryRingBuf()
    ring.send(bytes(8))
    ring.write(0, struct.pack("=I", 9))
    with pytest.raises(RingError) as caught:
        ring.take(usual)
    assert "ring buffer RING: a record of 9 bytes goes past the last one" in one_line(caught)
    assert ring._read[0] == 0


def record(data: bytes) -> bytes:
    """A record as it is taken, but for the kernel's own part of its header."""
    return (struct.pack("=II", len(data), 3) + data).ljust(8 + -(-len(data) // 8) * 8, b"\0")


def without_own(span: bytes) -> bytes:
    """The same of a span: the kernel's own part of each header is 3."""
    made, at = bytearray(span), 0
    while at < len(made):
        (length,) = struct.unpack_from("=I", made, at)
        made[at + 4 : at + 8] = struct.pack("=I", 3)
        at += len(record(bytes(length & ~(3 << 30))))
    return bytes(made)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("reserve", "reserve", "commit", "discard", "take")),
        st.sampled_from((8, 8, 8, 8, 5, 0)) | st.integers(0, 900),
        st.sampled_from((1, 1, 40)),
    ),
    max_size=40,
)


@given(STEPS, st.integers(0, 1 << 40), st.sampled_from((None, 8)))
def test_what_is_committed_is_taken_in_order_up_to_what_is_busy(
    steps: list[tuple[str, int, int]], begin: int, usual: int | None
) -> None:
    """Records are committed in any order; the ring buffer begins anywhere."""
    ring = MemoryRingBuf(begin=begin * 8)
    waiting: list[tuple[Reserved, str]] = []  # in the order of reservation
    for what, size, times in steps:
        for number in range(times):
            busy = [at for at, (_, state) in enumerate(waiting) if state == "busy"]
            if what == "reserve":
                data = bytes([number % 251 + 1]) * size
                if made := ring.reserve(data):
                    waiting.append((made, "busy"))
            elif what != "take" and busy:
                at = busy[size % len(busy)]
                ring.commit(waiting[at][0], discard=what == "discard")
                waiting[at] = (waiting[at][0], what)
        if what == "take":
            ready = busy[0] if busy else len(waiting)
            expected = b""
            for made, state in waiting[:ready]:
                one = bytearray(record(made.data))
                if state == "discard":
                    one[:4] = struct.pack("=I", len(made.data) | 1 << 30)
                expected += one
            assert without_own(ring.take(usual)) == expected
            del waiting[:ready]
            assert ring.positions[0] == (waiting[0][0].at if waiting else ring.positions[1])
