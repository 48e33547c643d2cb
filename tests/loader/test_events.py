"""``tuxscope.open``: the records of this process's own write() calls, which it can count."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import pytest
from pace import LIMIT, fewer

import tuxscope
from loader.texts import one_line
from tuxscope.asm import Assembler, PerfEventArray, Program, RawTracepoint, Tracepoint, r0, r2
from tuxscope.errors import TuxscopeError
from tuxscope.loader import perf_reader
from tuxscope.loader.cpus import online_cpus
from tuxscope.loader.events import Events, stream_map
from tuxscope.loader.tracefs import TracepointError
from tuxscope.programs.hello import EVENTS, HelloEvent, hello
from tuxscope.record import Record, u32
from tuxscope.run.identity import own_pid

COUNT = fewer(20_000)
PIECE = 64
CPUS = online_cpus()


@pytest.fixture
def own() -> Program:
    """hello's program for this process alone."""
    return hello(pid=own_pid())


@pytest.fixture
def write() -> Iterator[Callable[[int], None]]:
    """Does so many write() calls."""
    null = os.open(os.devnull, os.O_WRONLY)

    def write_to_null(times: int) -> None:
        for _ in range(times):
            os.write(null, b"x")

    yield write_to_null
    os.close(null)


@pytest.mark.kernel
def test_records_come_as_they_are_sent(own: Program, write: Any) -> None:
    with open("/proc/thread-self/comm") as file:
        comm = file.read().rstrip("\n")
    with tuxscope.open(own, HelloEvent) as events:
        for times in (3, 1, 2):
            write(times)
            got = list(islice(events, times))
            assert [(event.pid, event.comm) for event in got] == [(own_pid(), comm)] * times
    assert list(events) == []
    assert (events.delivered, events.lost) == (6, 0)


@pytest.mark.kernel
def test_programs_that_share_a_map_are_one_stream(own: Program, write: Any) -> None:
    getppid = Tracepoint("syscalls", "sys_enter_getppid")
    second = Program("second", getppid, own.instructions, own.functions, own.labels)
    with tuxscope.open((own, second), order_by=HelloEvent.timestamp_ns) as events:
        write(3)
        os.getppid()
    assert [event.pid for event in events] == [own_pid()] * 4
    assert (events.delivered, events.lost) == (4, 0)


@pytest.mark.kernel
def test_what_one_loop_leaves_the_next_one_gets(own: Program, write: Any) -> None:
    with tuxscope.open(own) as events:
        write(10)
        times = [event.timestamp_ns for event in islice(events, 3)]
        (batch,) = islice(events.batches(), 1)
        times += [event.timestamp_ns for event in batch]
        write(5)
    times += [event.timestamp_ns for event in islice(events, 1)]
    times += [event.timestamp_ns for batch in events.batches() for event in batch]
    assert len(times) == 15
    assert times == sorted(times)


@pytest.mark.kernel
def test_what_nobody_takes_is_lost_and_counted(own: Program, write: Any) -> None:
    with tuxscope.open(own, buffer_pages=1) as events:
        write(COUNT)
    assert events.lost > 0
    assert events.delivered + events.lost == COUNT
    assert len(list(events)) == events.delivered


@pytest.mark.kernel
def test_a_slow_loop_loses_and_goes_on(own: Program, write: Any) -> None:
    """Only what has been taken out of the rings is held, and that is a ring at most."""
    taken = 0
    with tuxscope.open(own, EVENTS, buffer_pages=1) as events:
        for round_ in range(3):
            write(COUNT // 3)
            before = events.delivered
            for batch in islice(events.batches(), 1):
                taken += len(batch)
            assert taken == events.delivered > before, round_
    taken += len(list(events))
    assert taken == events.delivered
    assert taken + events.lost == COUNT // 3 * 3


@pytest.mark.kernel
def test_stop_ends_the_loop_with_what_is_left(own: Program, write: Any) -> None:
    events = tuxscope.open(own)
    seen = 0
    write(3)
    for _ in events:
        seen += 1
        if seen == 2:
            write(4)
            events.stop()
    assert seen == events.delivered == 7
    assert events.lost == 0
    events.close()


@pytest.mark.kernel
def test_closing_within_the_loop_gives_the_rest_too(own: Program, write: Any) -> None:
    events = tuxscope.open(own)
    write(3)
    seen = 0
    for _ in events:
        seen += 1
        if seen == 3:
            write(4)
            events.close()
    assert seen == 7


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many records are made at once: so few that a drain has many pieces."""
    monkeypatch.setattr(perf_reader, "LARGEST_BATCH", PIECE)
    monkeypatch.setattr(perf_reader, "SMALLEST_BATCH", PIECE)
    return PIECE


@pytest.mark.kernel
def test_records_are_made_a_piece_at_a_time(own: Program, write: Any, small_pieces: int) -> None:
    with tuxscope.open(own) as events:
        write(10 * PIECE)
        for taken, _ in enumerate(islice(events, 5 * PIECE), 1):
            assert taken <= events.delivered < taken + PIECE
        sizes = [len(batch) for batch in islice(events.batches(), 5)]
    assert sizes == [PIECE] * 5
    assert events.delivered == 10 * PIECE


@pytest.mark.kernel
def test_closing_counts_what_no_loop_has_begun(own: Program, write: Any, small_pieces: int) -> None:
    with tuxscope.open(own) as events:
        write(10 * PIECE)
        next(iter(events))
        write(5)
    assert (events.delivered, events.lost) == (10 * PIECE + 5, 0)
    assert len(list(events)) == 10 * PIECE + 4


@pytest.mark.kernel
def test_stop_is_seen_at_the_next_piece(own: Program, write: Any, small_pieces: int) -> None:
    """And not after all of a drain: then the program would go on as long."""
    events = tuxscope.open(own)
    write(10 * PIECE)
    for taken, _ in enumerate(events, 1):
        if taken == 1:
            events.stop()
        if taken == PIECE + 1:
            write(7)  # it is detached: nobody sees this
    assert taken == events.delivered == 10 * PIECE
    assert events.lost == 0


@pytest.mark.kernel
@pytest.mark.one_kernel
def test_a_signal_may_stop_it(own: Program, write: Any) -> None:
    events = tuxscope.open(own)
    before = signal.signal(signal.SIGUSR1, lambda *_: events.stop())
    try:
        write(2)
        timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        assert len(list(events)) == 2
        timer.join(LIMIT)
    finally:
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.kernel
def test_async_for_lets_other_tasks_run_and_makes_no_thread(own: Program, write: Any) -> None:
    async def main() -> tuple[list[int], int]:
        sizes = []
        with tuxscope.open(own, HelloEvent) as events:

            async def produce() -> None:
                for _ in range(20):
                    write(10)
                    await asyncio.sleep(0)
                events.stop()

            task = asyncio.create_task(produce())
            async for batch in events.batches():
                assert threading.active_count() == threads
                sizes.append(len(batch))
            await task
        return sizes, events.lost

    threads = threading.active_count()
    sizes, lost = asyncio.run(main())
    assert (sum(sizes), lost) == (200, 0)
    assert threading.active_count() == threads


@pytest.mark.kernel
def test_async_and_plain_loops_share_what_is_left(own: Program, write: Any) -> None:
    async def main() -> None:
        with tuxscope.open(own) as events:
            write(10)
            seen = 0
            async for event in events:
                assert event.pid == own_pid_now
                seen += 1
                if seen == 4:
                    break
            assert len(list(islice(events, 6))) == 6
            assert events.delivered == 10

    own_pid_now = own_pid()
    asyncio.run(main())


@pytest.mark.kernel
def test_a_cancelled_task_leaves_the_loop_as_it_was(own: Program) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()
        add_reader = loop.add_reader

        def watched(fd: Any, *arguments: Any) -> None:
            add_reader(fd, *arguments)
            if not waiting.done():
                waiting.set_result(fd)

        loop.add_reader = watched  # type: ignore[method-assign]
        with tuxscope.open(own) as events:

            async def consume() -> None:
                async for _ in events:
                    raise AssertionError("nobody writes")

            task = asyncio.create_task(consume())
            fd = await waiting
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            assert not loop.remove_reader(fd)  # it is not there any more

    asyncio.run(main())


@pytest.mark.kernel
def test_other_tasks_run_between_pieces(own: Program, write: Any, small_pieces: int) -> None:
    async def main() -> None:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        with tuxscope.open(own) as events:
            write(10 * PIECE)
            task = asyncio.create_task(others())
            taken = 0
            async for _ in events:
                taken += 1
                if taken == 1:
                    turns = 0
                assert turns >= (taken - 1) // PIECE
                if taken == 10 * PIECE:
                    break
            task.cancel()

    asyncio.run(main())


@pytest.mark.kernel
@pytest.mark.parametrize("batches", [False, True])
def test_closing_while_a_task_waits_gives_it_the_rest(
    own: Program, write: Any, batches: bool
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        events = tuxscope.open(own)
        rings = events._reader.fileno()
        seen = 0

        async def consume() -> None:
            nonlocal seen
            if batches:
                async for batch in events.batches():
                    seen += len(batch)
            else:
                async for _ in events:
                    seen += 1

        task = asyncio.create_task(consume())
        write(2)
        while seen < 2:
            await asyncio.sleep(0)
        while not loop.remove_reader(rings):  # until it waits
            await asyncio.sleep(0)
        loop.add_reader(rings, lambda: None)
        write(3)
        events.close()
        assert not loop.remove_reader(rings)
        await task
        assert seen == events.delivered == 5

    asyncio.run(asyncio.wait_for(main(), LIMIT))


@pytest.mark.kernel
@pytest.mark.skipif(len(CPUS) < 2, reason="there is one CPU only")
def test_records_of_all_cpus_come_in_the_order_of_a_field(own: Program, write: Any) -> None:
    before = os.sched_getaffinity(0)
    try:
        with tuxscope.open(own, HelloEvent, order_by=HelloEvent.timestamp_ns) as events:
            times = []
            for turn in range(40):
                os.sched_setaffinity(0, {CPUS[turn % 2]})
                write(1)
                if turn == 20:
                    times += [event.timestamp_ns for event in islice(events, 10)]
        times += [event.timestamp_ns for event in events]
    finally:
        os.sched_setaffinity(0, before)
    assert len(times) == events.delivered == 40
    assert times == sorted(times)


@pytest.mark.kernel
def test_what_cannot_be_attached_leaves_nothing_open() -> None:
    a = Assembler("nowhere", attach=Tracepoint("syscalls", "sys_enter_nothing"))
    a.ld_map(r2, EVENTS)
    a.mov(r0, 0)
    a.exit()
    with pytest.raises(TracepointError):
        tuxscope.open(a.program())


class Other(Record):
    number = u32


OTHERS = PerfEventArray("OTHERS", Other)


def of_maps(*maps: PerfEventArray) -> Program:
    a = Assembler("many", attach=RawTracepoint())
    for each in maps:
        a.ld_map(r2, each)
    a.mov(r0, 0)
    a.exit()
    return a.program()


@pytest.mark.parametrize("wanted", [OTHERS, Other])
def test_a_map_is_named_or_known_by_its_record(wanted: Any) -> None:
    assert stream_map([of_maps(EVENTS, OTHERS)], wanted) is OTHERS
    assert stream_map([of_maps(OTHERS)], None) is OTHERS
    assert stream_map([of_maps(OTHERS), of_maps(EVENTS)], wanted) is OTHERS
    assert stream_map([of_maps(), of_maps(OTHERS), of_maps(OTHERS)], None) is OTHERS


@pytest.mark.parametrize(
    ("programs", "wanted", "says"),
    [
        ([of_maps()], None, "program many has none"),
        ([of_maps(EVENTS)], Other, "program many has EVENTS of HelloEvent"),
        ([of_maps(EVENTS)], OTHERS, "program many has EVENTS of HelloEvent"),
        ([of_maps(EVENTS, OTHERS)], None, "EVENTS of HelloEvent, OTHERS of Other; pass one"),
        (
            [of_maps(EVENTS), of_maps(OTHERS)],
            None,
            "programs many, many have EVENTS of HelloEvent, OTHERS of Other; pass one",
        ),
    ],
)
def test_no_map_or_several_are_one_line(programs: list[Program], wanted: Any, says: str) -> None:
    with pytest.raises(TuxscopeError) as caught:
        stream_map(programs, wanted)
    assert says in one_line(caught)


def test_open_is_an_attribute_that_is_there_when_it_is_used() -> None:
    assert tuxscope.open.__module__ == Events.__module__
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        tuxscope.opne  # type: ignore[attr-defined]  # noqa: B018
