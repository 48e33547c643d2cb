"""Which CPUs have a ring, and of what size, while they come and go."""

from __future__ import annotations

import errno
import fcntl
import mmap
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from loader.sending import CPUS, EVENTS, TOO_MANY, send
from loader.texts import one_line
from tuxscope.loader import perf_event, rings
from tuxscope.loader.fd import Fd
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.loader.program import LoadedProgram
from tuxscope.loader.ring import Ring, RingError
from tuxscope.loader.rings import default_pages

pytestmark = pytest.mark.matrix

SayOnline = Callable[[Iterable[int]], None]
several_cpus = pytest.mark.skipif(len(CPUS) < 2, reason="there is one CPU only")
DISABLE = 0x2401  # PERF_EVENT_IOC_DISABLE


@pytest.mark.kernel
def test_rings_are_those_of_the_cpus_that_are_online(
    program: LoadedProgram, say_online: SayOnline
) -> None:
    say_online(CPUS)
    with PerfReader(program.maps[EVENTS], 1) as reader:
        assert reader._rings.cpus == CPUS
        assert all(ring.cpu == cpu for cpu, ring in reader._rings._rings.items())
    say_online(CPUS[-1:])
    with PerfReader(program.maps[EVENTS], 1) as reader:
        assert reader._rings.cpus == CPUS[-1:]
        assert send(program, CPUS[-1], [1])
        assert reader.drain() == [(1, CPUS[-1])]


@pytest.mark.kernel
@several_cpus
def test_cpus_that_come_and_go_are_followed(
    program: LoadedProgram, before_linux_6: bool, say_online: SayOnline
) -> None:
    first, last = CPUS[0], CPUS[-1]
    say_online([first])
    with PerfReader(program.maps[EVENTS], 1) as reader:
        assert send(program, last, [0]) == []  # neither delivered nor lost: there is no ring
        for begin in (100, 1000):
            say_online([first, last])
            assert reader.drain() == []
            assert reader._rings.cpus == (first, last)
            assert send(program, last, [begin]) == [begin]
            assert reader.drain() == [(begin, last)]
            kept = send(program, last, range(TOO_MANY))
            say_online([first])
            assert reader.drain() == [(number, last) for number in kept]
            assert reader._rings.cpus == (first,)
            assert send(program, last, [1]) == []
        assert send(program, first, [2]) == [2]
        assert reader.drain() == [(2, first)]
        if not before_linux_6:  # there a ring without its CPU can say no more
            assert reader.lost() == 2 * (TOO_MANY - len(kept))


@pytest.mark.kernel
@several_cpus
def test_a_cpu_that_is_not_all_there_yet_is_tried_again(
    program: LoadedProgram,
    say_online: SayOnline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = perf_event.open_bpf_output

    def not_yet(*_: int) -> Fd:
        raise OSError(errno.ENODEV, "not yet")

    say_online(CPUS[:1])
    with PerfReader(program.maps[EVENTS], 1) as reader:
        say_online(CPUS[:2])
        monkeypatch.setattr(perf_event, "open_bpf_output", not_yet)
        reader.drain()
        assert reader._rings.cpus == CPUS[:1]
        monkeypatch.setattr(perf_event, "open_bpf_output", opened)
        reader.drain()
        assert reader._rings.cpus == CPUS[:2]


@pytest.mark.kernel
@several_cpus
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM, errno.EPERM, errno.EACCES])
@pytest.mark.parametrize(
    "asked", [(perf_event, "perf_event_open"), (mmap, "mmap")], ids=["event", "memory"]
)
def test_a_cpu_that_comes_and_gets_no_ring_is_told_and_tried_again(
    asked: tuple[Any, str],
    number: int,
    program: LoadedProgram,
    say_online: SayOnline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What others sent is delivered as ever, that of a CPU that goes at the same time, too."""

    def refuse(*_: Any) -> Any:
        raise OSError(number, "no")

    first, last = CPUS[0], CPUS[-1]
    say_online([last])
    with PerfReader(program.maps[EVENTS], 1) as reader:
        assert send(program, last, [1, 2]) == [1, 2]
        say_online([first])
        with monkeypatch.context() as patch:
            patch.setattr(*asked, refuse)
            assert reader.drain() == [(1, last), (2, last)]
            assert reader._rings.cpus == ()
            assert [*reader.cpus_without_ring] == [first]
            why = reader.cpus_without_ring[first]
            assert f"CPU {first}" in why
            assert errno.errorcode[number] in why
            assert "\n" not in why
            assert reader.drain() == []
        monkeypatch.setattr(rings, "LOOK", 0)
        reader._rings._due = 0
        reader.drain()
        assert reader.cpus_without_ring == {}
        assert send(program, first, [3]) == [3]
        assert reader.drain() == [(3, first)]


@pytest.mark.kernel
def test_that_cpus_cannot_be_watched_is_said(
    program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is left open."""

    def refuse(*_: Any) -> Any:
        raise OSError(errno.EMFILE, "no")

    with monkeypatch.context() as patch:
        patch.setattr("os.open", refuse)
        with pytest.raises(OSError, match="no"):
            PerfReader(program.maps[EVENTS], 1)


@pytest.mark.kernel
@several_cpus
def test_a_cpu_without_a_ring_that_goes_is_not_told_any_more(
    program: LoadedProgram, say_online: SayOnline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise OSError(errno.EMFILE, "no")

    say_online(CPUS[:1])
    with PerfReader(program.maps[EVENTS], 1) as reader:
        monkeypatch.setattr(perf_event, "perf_event_open", refuse)
        say_online(CPUS[:2])
        reader.drain()
        assert [*reader.cpus_without_ring] == [CPUS[1]]
        say_online(CPUS[:1])
        reader.drain()
        assert reader.cpus_without_ring == {}


@pytest.mark.kernel
@several_cpus
def test_a_ring_that_cannot_be_read_is_closed_with_the_others(
    program: LoadedProgram, say_online: SayOnline
) -> None:
    say_online(CPUS[:2])
    with PerfReader(program.maps[EVENTS], 1) as reader:
        ring = reader._rings._rings[CPUS[1]]
        ring._positions[0] = 1 << 40
        say_online(CPUS[:1])
        with pytest.raises(RingError):
            reader.drain()
    with pytest.raises(ValueError, match="closed"):
        ring.fileno()


@pytest.mark.kernel
@several_cpus
@pytest.mark.parametrize(
    ("all_rings", "smallest", "limit", "size"),
    [
        pytest.param(64, 1, 64, 16, id="enough for all"),
        pytest.param(24, 1, 64, 8, id="half of one is left"),
        pytest.param(16, 2, 64, 2, id="nothing is left"),
        pytest.param(64, 1, 4, 4, id="memory is short"),
    ],
)
def test_a_ring_that_comes_later_has_the_size_that_can_be_had(
    all_rings: int,
    smallest: int,
    limit: int,
    size: int,
    program: LoadedProgram,
    say_online: SayOnline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All in pages; the ring that is there has 16."""
    real = mmap.mmap

    def limited(fd: int, length: int) -> Any:
        if length > (limit + 1) * mmap.PAGESIZE:
            raise OSError(errno.ENOMEM, "no")
        return real(fd, length)

    monkeypatch.setattr(rings, "LARGEST_RING", 16 * mmap.PAGESIZE)
    monkeypatch.setattr(rings, "LARGEST_RINGS", all_rings * mmap.PAGESIZE)
    monkeypatch.setattr(rings, "SMALLEST_RING", smallest * mmap.PAGESIZE)
    say_online(CPUS[:1])
    with PerfReader(program.maps[EVENTS]) as reader:
        monkeypatch.setattr(mmap, "mmap", limited)
        say_online(CPUS[:2])
        reader.drain()
        sizes = [ring.size // mmap.PAGESIZE for ring in reader._rings._rings.values()]
        assert sizes == [16, size]
        assert reader.cpus_without_ring == {}


@pytest.mark.kernel
@several_cpus
def test_a_size_that_was_asked_for_stands_for_those_that_come(
    program: LoadedProgram, say_online: SayOnline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rings, "LARGEST_RINGS", 1)
    say_online(CPUS[:1])
    with PerfReader(program.maps[EVENTS], 8) as reader:
        say_online(CPUS[:2])
        reader.drain()
        assert {ring.size for ring in reader._rings._rings.values()} == {8 * mmap.PAGESIZE}


@pytest.mark.kernel
def test_a_ring_is_alive_as_long_as_its_event_is_on_the_cpu() -> None:
    ring = Ring(CPUS[0], 1, 0)
    assert ring.alive()  # even if no time has gone by yet
    for _ in range(3):
        time.sleep(rings.LOOK / 1e9)
        assert ring.alive()
    time.sleep(rings.LOOK / 1e9)
    fcntl.ioctl(ring.fileno(), DISABLE)
    assert [ring.alive(), ring.alive()] == [True, False]
    ring.close()


@pytest.mark.kernel
def test_a_ring_is_alive_before_any_time_has_gone_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the clock of events goes by ticks, and we ask in the tick that it was opened in."""
    monkeypatch.setattr(Ring, "_counts", lambda _: (0, 0, 0))
    ring = Ring(CPUS[0], 1, 0)
    assert [ring.alive(), ring.alive()] == [True, False]
    ring.close()


@pytest.mark.kernel
def test_a_ring_whose_event_died_unseen_is_replaced(
    program: LoadedProgram, before_linux_6: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its CPU went offline and is back before we look."""
    monkeypatch.setattr(rings, "LOOK", 0)
    cpu = CPUS[-1]
    with PerfReader(program.maps[EVENTS], 1) as reader:
        reader.drain()
        kept = send(program, cpu, range(TOO_MANY))
        fcntl.ioctl(reader._rings._rings[cpu].fileno(), DISABLE)
        assert send(program, cpu, [1]) == []  # neither delivered nor lost
        rows = reader.drain() + reader.drain()  # its time went on since the look before, at first
        assert rows == [(number, cpu) for number in kept]
        assert send(program, cpu, [2]) == [2]
        assert reader.drain() == [(2, cpu)]
        assert reader.lost() == (0 if before_linux_6 else TOO_MANY - len(kept))


@pytest.mark.kernel
def test_live_rings_stay_what_they_are(
    program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = rings.LOOK / 1e9
    monkeypatch.setattr(rings, "LOOK", 0)
    with PerfReader(program.maps[EVENTS], 1) as reader:
        before = [*reader._rings._rings.values()]
        for _ in range(4):
            reader.drain()
            time.sleep(seconds)
        assert [*reader._rings._rings.values()] == before


@pytest.mark.kernel
@several_cpus
def test_many_rings_are_asked_less_often(
    program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Ring] = []
    clock = 0

    def alive(ring: Ring) -> bool:
        asked.append(ring)
        return True

    monkeypatch.setattr(rings, "RINGS_IN_A_LOOK", 1)
    monkeypatch.setattr(rings, "monotonic_ns", lambda: clock)
    monkeypatch.setattr(Ring, "alive", alive)
    with PerfReader(program.maps[EVENTS], 1) as reader:
        for _ in range(4 * len(CPUS)):
            reader.drain()
            clock += rings.LOOK
    assert len(asked) == 4 * len(CPUS)


@pytest.mark.kernel
def test_a_cpu_that_went_offline_has_no_ring(
    program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = perf_event.open_bpf_output

    def refuse_last(cpu: int, watermark: int, read_format: int) -> Fd:
        if cpu == CPUS[-1]:
            raise OSError(errno.ENODEV, "offline")
        return opened(cpu, watermark, read_format)

    monkeypatch.setattr(perf_event, "open_bpf_output", refuse_last)
    with PerfReader(program.maps[EVENTS], 1) as reader:
        assert reader._rings.cpus == CPUS[:-1]
        assert reader.lost() == 0


@pytest.mark.kernel
@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.EPERM, "locked memory (EPERM); try --buffer-pages 4 or ulimit -l unlimited"),
        (errno.ENOMEM, "(ENOMEM); try --buffer-pages 4"),
        (errno.EMFILE, "(EMFILE); try: ulimit -n 4096"),
    ],
)
def test_a_ring_that_cannot_be_had_says_what_to_type(
    number: int, says: str, program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise OSError(number, "no")

    monkeypatch.setattr(mmap, "mmap", refuse)
    with pytest.raises(RingError) as caught:
        PerfReader(program.maps[EVENTS], 16)
    assert one_line(caught).endswith(says)
    with pytest.raises(RingError) as caught:
        PerfReader(program.maps[EVENTS], 1)
    assert "--buffer-pages" not in one_line(caught)  # less there is not


@pytest.mark.kernel
def test_the_default_size_shrinks_to_what_can_be_had(
    program: LoadedProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the memlock limit, or too little memory, demands; a size that was asked for stands."""
    most = 17 * mmap.PAGESIZE
    real = mmap.mmap

    def limited(fd: int, length: int) -> Any:
        if length > most:
            raise OSError(errno.EPERM, "over the limit")
        return real(fd, length)

    monkeypatch.setattr(mmap, "mmap", limited)
    with PerfReader(program.maps[EVENTS]) as reader:
        assert {ring.size for ring in reader._rings._rings.values()} == {16 * mmap.PAGESIZE}
    with pytest.raises(RingError, match="--buffer-pages 8"):
        PerfReader(program.maps[EVENTS], 32)


@pytest.mark.kernel
@pytest.mark.parametrize("pages", [0, 3, -2, 1 << 21, 1 << 60])
def test_pages_that_make_no_ring_are_refused_in_one_line(
    pages: int, program: LoadedProgram
) -> None:
    with pytest.raises(RingError) as caught:
        PerfReader(program.maps[EVENTS], pages)
    assert str(pages) in one_line(caught)


@pytest.mark.parametrize(
    ("cpus", "size"),
    [(1, 4 << 20), (2, 4 << 20), (16, 4 << 20), (17, 2 << 20), (64, 1 << 20), (1000, 1 << 16)],
)
def test_rings_are_large_but_not_all_together(cpus: int, size: int) -> None:
    pages = default_pages(cpus)
    assert pages == max(size // mmap.PAGESIZE, 1)
    assert pages & (pages - 1) == 0
    assert pages * mmap.PAGESIZE * cpus <= 64 << 20
