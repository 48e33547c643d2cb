from __future__ import annotations

import mmap
import select
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loader.fuzz_rings import MemoryRing
from loader.sending import CPUS, EVENTS, TOO_MANY, Sample, send
from loader.texts import one_line
from tuxscope.asm import Array
from tuxscope.loader import perf_reader
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.merge import SEND_DELAY
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.loader.program import LoadedProgram
from tuxscope.loader.ring import Ring, RingError
from tuxscope.loader.span_decoder import LARGEST_BATCH
from tuxscope.record import u64

pytestmark = pytest.mark.matrix
several_cpus = pytest.mark.skipif(
    len(CPUS) < 2, reason="there is one CPU only: nothing is held back"
)


@pytest.mark.kernel
def test_each_cpu_s_samples_arrive_in_order(program: LoadedProgram) -> None:
    with PerfReader(program.maps[EVENTS], 16) as reader:
        for number in range(50):
            for cpu in CPUS:
                assert send(program, cpu, [number])
        rows = reader.drain()
        for cpu in CPUS:
            assert [row for row in rows if row[1] == cpu] == [(n, cpu) for n in range(50)]
        assert len(rows) == reader.delivered == 50 * len(CPUS)
        assert reader.drain() == []
        assert reader.lost() == reader.reported_lost == 0


@pytest.mark.kernel
def test_a_ring_goes_round(program: LoadedProgram) -> None:
    fits = mmap.PAGESIZE // 24
    with PerfReader(program.maps[EVENTS], 1) as reader:
        for begin in range(0, 4 * fits, fits):
            sent = range(begin, begin + fits - 1)
            for cpu in CPUS:
                assert send(program, cpu, sent) == list(sent)
            assert reader.drain() == [(number, cpu) for cpu in CPUS for number in sent]
        assert reader.lost() == 0


@pytest.mark.kernel
def test_samples_of_all_cpus_come_in_the_order_of_a_field(program: LoadedProgram) -> None:
    with PerfReader(program.maps[EVENTS], 16, order_by=Sample.number) as reader:
        sent = [(number, CPUS[number * 7 % 5 % len(CPUS)]) for number in range(500)]
        for number, cpu in sent:
            assert send(program, cpu, [number])
        assert reader.drain() == sent
        assert reader.delivered == len(sent)


@pytest.mark.kernel
@several_cpus
def test_what_is_young_waits_for_the_next_drain(
    program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 10 * SEND_DELAY
    monkeypatch.setattr(perf_reader, "monotonic_ns", lambda: now)
    with PerfReader(program.maps[EVENTS], 1, order_by=Sample.number) as reader:
        young = now - SEND_DELAY + 2
        send(program, CPUS[0], [7, young])
        assert reader.drain() == [(7, CPUS[0])]
        assert reader.delivered == 1
        send(program, CPUS[1], [8, young - 1])  # older, and later
        now += SEND_DELAY
        assert reader.drain() == [(8, CPUS[1]), (young - 1, CPUS[1]), (young, CPUS[0])]
        send(program, CPUS[1], [now])
        assert reader.drain() == []
        assert reader.drain(final=True) == [(now, CPUS[1])]
        assert reader.delivered == 5


@pytest.mark.kernel
@several_cpus
def test_what_is_young_waits_even_if_the_drain_was_stopped_for_long(
    program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    second, clock = (
        1_000 * SEND_DELAY,
        iter([0, 5_000 * SEND_DELAY, 9_000 * SEND_DELAY, 9_000 * SEND_DELAY]),
    )
    monkeypatch.setattr(perf_reader, "monotonic_ns", lambda: next(clock))
    with PerfReader(program.maps[EVENTS], 1, order_by=Sample.number) as reader:
        send(program, CPUS[1], [3 * second])
        assert reader.drain() == []
        send(program, CPUS[0], [2 * second])
        assert reader.drain() == [(2 * second, CPUS[0]), (3 * second, CPUS[1])]


@pytest.mark.kernel
def test_batches_are_small_and_all_of_it(program: LoadedProgram) -> None:
    sent = range(3 * LARGEST_BATCH)
    with PerfReader(program.maps[EVENTS]) as reader:
        for cpu in CPUS[:2]:
            send(program, cpu, sent)
        batches = list(reader.batches())
        assert all(0 < len(numbers) == len(cpus) <= LARGEST_BATCH for numbers, cpus in batches)
        numbers = [number for batch in batches for number in batch[0]]
        assert numbers == [*sent] * len(CPUS[:2])


@pytest.mark.kernel
def test_losses_are_told_once_and_of_each_cpu(program: LoadedProgram, before_linux_6: bool) -> None:
    with PerfReader(program.maps[EVENTS], 1) as reader:
        lost: Counter[int] = Counter()
        for _ in range(3):
            for cpu in CPUS[:2]:
                lost[cpu] += TOO_MANY - len(send(program, cpu, range(TOO_MANY)))
            reader.drain()
            assert reader.losses() == []  # not known before the next sample that fits
            for cpu in CPUS[:2]:
                send(program, cpu, [1])
            reader.drain()
            assert reader.losses() == sorted(lost.items())
            assert reader.losses() == []
            lost.clear()
        lost[CPUS[0]] = TOO_MANY - len(send(program, CPUS[0], range(TOO_MANY)))
        reader.drain()
        assert reader.losses() == []
        reader.lost()
        assert reader.losses() == sorted(lost.items())
        assert reader.losses() == []


@pytest.mark.kernel
def test_what_is_sent_is_delivered_or_lost(program: LoadedProgram, before_linux_6: bool) -> None:
    with PerfReader(program.maps[EVENTS], 1) as reader:
        taken = {cpu: send(program, cpu, range(TOO_MANY)) for cpu in CPUS}
        assert all(0 < len(each) < TOO_MANY for each in taken.values())
        assert reader.drain() == [(number, cpu) for cpu in CPUS for number in taken[cpu]]
        assert reader.lost() == TOO_MANY * len(CPUS) - reader.delivered
        if before_linux_6:
            assert reader.reported_lost == reader.lost()


@pytest.mark.kernel
def test_loss_stays_exact_over_many_rounds(program: LoadedProgram, before_linux_6: bool) -> None:
    sent = delivered = 0
    with PerfReader(program.maps[EVENTS], 1) as reader:
        for percent in (60, 1, 0, 100, 34, 35, 80):
            count = TOO_MANY * percent // 100
            for cpu in CPUS:
                sent += count
                delivered += len(send(program, cpu, range(count)))
            reader.drain()
            if percent % 2:  # asked now and then, and not always
                assert reader.lost() == sent - delivered
        assert reader.delivered == delivered
        assert 0 < reader.lost() == sent - delivered
        if before_linux_6:
            assert reader.reported_lost == sent - delivered


@pytest.mark.kernel
def test_asking_twice_for_the_loss_changes_nothing(
    program: LoadedProgram, before_linux_6: bool
) -> None:
    with PerfReader(program.maps[EVENTS], 1) as reader:
        kept = send(program, CPUS[0], range(TOO_MANY))
        reader.drain()
        assert [reader.lost() for _ in range(3)] == [TOO_MANY - len(kept)] * 3
        assert reader.drain() == []
        assert reader.delivered == len(kept)
        assert reader._rings.counts_lost is not before_linux_6


@pytest.mark.kernel
def test_what_asking_for_the_loss_takes_away_is_counted(
    program: LoadedProgram, before_linux_6: bool
) -> None:
    with PerfReader(program.maps[EVENTS], 1) as reader:
        for cpu in CPUS:
            assert send(program, cpu, [1, 2]) == [1, 2]
        reader.drain()
        for cpu in CPUS:
            assert send(program, cpu, [3, 4, 5]) == [3, 4, 5]
        lost = reader.lost()
        reader.drain()
        assert reader.delivered + lost == 5 * len(CPUS)
        assert lost == reader.lost() == (3 * len(CPUS) if before_linux_6 else 0)


@pytest.mark.kernel
def test_loss_is_noticed_while_draining(program: LoadedProgram) -> None:
    with PerfReader(program.maps[EVENTS], 1) as reader:
        kept = send(program, CPUS[0], range(TOO_MANY))
        reader.drain()
        assert reader.reported_lost == 0
        assert send(program, CPUS[0], [7])  # its LOST record comes first
        assert [row[0] for row in reader.drain()] == [7]
        assert reader.reported_lost == TOO_MANY - len(kept)


@pytest.mark.kernel
def test_a_half_full_ring_wakes_its_reader(program: LoadedProgram) -> None:
    with PerfReader(program.maps[EVENTS], 1) as reader:
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        send(program, CPUS[-1], range(10))
        assert poll.poll(0) == []
        send(program, CPUS[-1], range(TOO_MANY // 2))
        assert poll.poll(10_000) == [(reader.fileno(), select.POLLIN)]


@pytest.mark.kernel
def test_only_a_perf_event_array_has_rings() -> None:
    with (
        LoadedMap(Array("COUNTS", value=u64, max_entries=1)) as counts,
        pytest.raises(TypeError, match="COUNTS"),
    ):
        PerfReader(counts)


@pytest.mark.kernel
def test_a_reader_may_be_closed_twice(program: LoadedProgram) -> None:
    reader = PerfReader(program.maps[EVENTS], 1)
    reader.close()
    reader.close()


@pytest.mark.kernel
def test_an_empty_ring_gives_nothing() -> None:
    ring = Ring(CPUS[0], 1, 0)
    assert ring.take() == b""
    assert ring.size == mmap.PAGESIZE
    ring.close()
    ring.close()


@pytest.mark.kernel
@pytest.mark.parametrize("head", [mmap.PAGESIZE + 8, 1 << 63, (1 << 64) - 8])
def test_a_position_that_makes_no_sense_is_refused(head: int) -> None:
    ring = Ring(CPUS[0], 1, 0)
    ring._positions[0] = head
    with pytest.raises(RingError) as caught:
        ring.take()
    assert f"CPU {CPUS[0]}" in one_line(caught)
    ring.close()


@pytest.mark.kernel
def test_a_position_that_goes_back_is_refused(program: LoadedProgram) -> None:
    with PerfReader(program.maps[EVENTS], 1) as reader:
        assert send(program, CPUS[0], [1])
        reader.drain()
        reader._rings._rings[CPUS[0]]._positions[0] = 0
        with pytest.raises(RingError) as caught:
            reader.drain()
        assert "is corrupt" in one_line(caught)


@given(st.lists(st.binary(max_size=mmap.PAGESIZE // 8), max_size=20), st.integers(0, 1 << 62))
def test_what_is_written_is_taken_wherever_the_ring_begins(writes: list[bytes], at: int) -> None:
    """A ring in plain memory, so that positions are of our choice."""
    ring = MemoryRing(mmap.PAGESIZE)
    for data in writes:
        ring.put(data, at)
        at += len(data)
        assert ring.take() == data
        assert [*ring._positions] == [at, at]
