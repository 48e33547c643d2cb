"""What cannot be done with a map is a MapError in words, whatever the kernel's errno."""

from __future__ import annotations

import copy
import errno
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from loader.texts import one_line
from tuxscope.asm import (
    Array,
    Hash,
    LruHash,
    Map,
    PerCpuArray,
    PerCpuHash,
    PerfEventArray,
    ProgArray,
    RingBuf,
)
from tuxscope.errors import ENOTSUPP
from tuxscope.loader import bpf
from tuxscope.loader.bpf import UpdateFlag
from tuxscope.loader.bpf_attributes import MapElement
from tuxscope.loader.cpus import possible_cpus
from tuxscope.loader.found_maps import open_map
from tuxscope.loader.maps import LoadedMap, MapError
from tuxscope.record import Record, u8, u32, u64

pytestmark = pytest.mark.kernel

Do = Callable[[LoadedMap], object]

MAP_FREEZE = 22
RDONLY, WRONLY = 8, 16  # BPF_F_RDONLY, BPF_F_WRONLY
CPUS = len(possible_cpus())


class Point(Record):
    x = u32


ARRAY = Array("COUNTS", value=u64, max_entries=3)
HASH = Hash("COUNTS", key=u32, value=u64, max_entries=2)
LRU = LruHash("COUNTS", key=u32, value=u64, max_entries=2)
POINTS = Hash("POINTS", key=Point, value=Point, max_entries=2)
EACH_CPU = PerCpuHash("EACH", key=u32, value=u64, max_entries=2)
EVENTS = RingBuf("EVENTS", Point, max_entries=1 << 16)

FULL = [(1, 1), (2, 2)]


def filled(then: Do) -> Do:
    """The same with a hash that is full."""

    def run(map: LoadedMap) -> object:
        map.update_batch(FULL)
        return then(map)

    return run


REFUSED: dict[str, tuple[Map, Do, int, str]] = {
    "array too short": (
        ARRAY, lambda map: map.update(3, 1), errno.E2BIG,
        "cannot update key 3 of map COUNTS: the index is out of range; use 0 to 2 (E2BIG)",
    ),
    "array has it": (
        ARRAY, lambda map: map.update(0, 1, UpdateFlag.NOEXIST), errno.EEXIST,
        "all entries of an array exist",
    ),
    "array gives nothing up": (
        ARRAY, lambda map: map.delete(0), errno.EINVAL,
        "cannot delete key 0 of map COUNTS: entries of an array cannot be deleted; set it to "
        "zero (EINVAL)",
    ),
    "array gives nothing up in a batch": (
        ARRAY, lambda map: map.delete_batch([1, 2]), errno.EINVAL,
        "cannot delete key 1 of map COUNTS: entries of an array",
    ),
    "full": (
        HASH, filled(lambda map: map.update(3, 3)), errno.E2BIG,
        "cannot update key 3 of map COUNTS: the map is full with 2 entries (E2BIG); raise its "
        "max_entries",
    ),
    "full in a batch": (
        HASH, lambda map: map.update_batch([*FULL, (3, 3), (1, 7)]), errno.E2BIG,
        "cannot update key 3 of map COUNTS: the map is full",
    ),
    "full of each CPU": (
        EACH_CPU,
        lambda map: map.update_batch((number, [number] * CPUS) for number in range(3)),
        errno.E2BIG, "cannot update key 2 of map EACH: the map is full with 2 entries",
    ),
    "there": (
        HASH, filled(lambda map: map.update(1, 3, UpdateFlag.NOEXIST)), errno.EEXIST,
        "cannot update key 1 of map COUNTS: the key exists, and NOEXIST only adds keys; "
        "use ANY or EXIST (EEXIST)",
    ),
    "not there": (
        LRU, lambda map: map.update(7, 3, UpdateFlag.EXIST), errno.ENOENT,
        "cannot update key 7 of map COUNTS: the key does not exist, and EXIST only changes values; "
        "use ANY or NOEXIST (ENOENT)",
    ),
    "record not there": (
        POINTS, lambda map: map.update(Point(x=7), Point(x=1), UpdateFlag.EXIST), errno.ENOENT,
        "cannot update key Point(x=7) of map POINTS: the key does not exist",
    ),
    "flags": (
        HASH, lambda map: map.update(1, 1, UpdateFlag(0x40)), errno.EINVAL,
        "invalid flags 0x40; use ANY, NOEXIST or EXIST (EINVAL)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("description", "do", "number", "words"), REFUSED.values(), ids=REFUSED)
def test_what_the_kernel_refuses(description: Map, do: Do, number: int, words: str) -> None:
    with LoadedMap(description) as map, pytest.raises(MapError) as caught:
        do(map)
    assert caught.value.errno == number
    assert words in one_line(caught)


def test_what_comes_before_a_refused_entry_is_set() -> None:
    with LoadedMap(HASH) as map:
        with pytest.raises(MapError, match="key 3"):
            map.update_batch([*FULL, (3, 3), (1, 7)])
        assert dict(map.items()) == dict(FULL)


WRONG: dict[str, tuple[Map, Do, str]] = {
    "key": (HASH, lambda map: map.lookup("x"), "map COUNTS: invalid key 'x': u32 takes an integer"),
    "key out of range": (HASH, lambda map: map.update(1 << 32, 1), "4294967296 does not fit u32"),
    "key of delete": (HASH, lambda map: map.delete(-1), "map COUNTS: invalid key -1"),
    "key of a batch": (HASH, lambda map: map.delete_batch([1, None]), "invalid key None"),
    "value": (HASH, lambda map: map.update(1, "y"), "invalid value 'y': u64 takes an integer"),
    "record": (POINTS, lambda map: map.lookup(7), "map POINTS: invalid key 7: Point takes a Point"),
    "flags": (HASH, lambda map: map.update(1, 1, "any"), "invalid flags 'any'"),  # type: ignore[arg-type]
    "pairs": (HASH, lambda map: map.update_batch([5]), "takes pairs of a key and a value, not 5"),  # type: ignore[list-item]
    "one number": (
        EACH_CPU, lambda map: map.update(1, 7),
        f"map EACH takes a value for each of {CPUS} CPUs, not 7; try: [7] * {CPUS}",
    ),
    "text": (EACH_CPU, lambda map: map.update(1, "7"), f"each of {CPUS} CPUs, not '7'"),
    "too many": (EACH_CPU, lambda map: map.update(1, [1] * (CPUS + 1)), f"not {CPUS + 1} values"),
    "one is wrong": (EACH_CPU, lambda map: map.update(1, [None] * CPUS), "invalid value [None"),
    "ring": (EVENTS, lambda map: map.items(), "map EVENTS (RINGBUF) cannot be read"),
    "ring's keys": (EVENTS, lambda map: map.keys(), "map EVENTS (RINGBUF) cannot be read"),
    "ring's entry": (EVENTS, lambda map: map.lookup(0), "map EVENTS (RINGBUF) cannot be read"),
    "perf": (PerfEventArray("PERF", Point), lambda map: map.update(0, 0), "(PERF_EVENT_ARRAY)"),
    "tails": (ProgArray("TAILS", max_entries=1), lambda map: map.delete(0), "(PROG_ARRAY)"),
}  # fmt: skip


@pytest.mark.parametrize(("description", "do", "words"), WRONG.values(), ids=WRONG)
def test_what_is_of_another_type(description: Map, do: Do, words: str) -> None:
    with LoadedMap(description) as map, pytest.raises(MapError) as caught:
        do(map)
    assert words in one_line(caught)
    assert caught.value.errno is None


EACH_COMMAND: dict[str, Do] = {
    "lookup": lambda map: map.lookup(1),
    "update": lambda map: map.update(1, 1),
    "delete": lambda map: map.delete(1),
    "items": lambda map: list(map.items()),
    "keys": lambda map: list(map.keys()),
    "update_batch": lambda map: map.update_batch([(1, 1)]),
    "delete_batch": lambda map: map.delete_batch([1]),
    "info": lambda map: map.info(),
    "fileno": lambda map: map.fileno(),
}  # fmt: skip
WRITE = ("update", "delete", "update_batch", "delete_batch")
READ = ("lookup", "items", "keys")


@pytest.mark.parametrize("do", EACH_COMMAND.values(), ids=EACH_COMMAND)
def test_a_closed_map_says_so(do: Do) -> None:
    map = LoadedMap(HASH)
    map.close()
    map.close()
    with pytest.raises(MapError, match="map COUNTS is closed"):
        do(map)


@pytest.mark.parametrize("name", WRITE)
def test_a_frozen_map_says_so(name: str) -> None:
    with LoadedMap(HASH) as map:
        bpf.bpf(MAP_FREEZE, MapElement(map_fd=map.fileno()))  # type: ignore[arg-type]
        with pytest.raises(MapError, match=r"it is frozen .*\(EPERM\)"):
            EACH_COMMAND[name](map)
        assert map.lookup(1) is None


@pytest.mark.parametrize(
    ("flag", "name", "words"),
    [(RDONLY, each, "it is read-only") for each in WRITE]
    + [(WRONLY, each, "it is write-only") for each in READ],
)
def test_a_map_that_is_read_only_or_write_only_says_so(flag: int, name: str, words: str) -> None:
    with LoadedMap(HASH, map_flags=flag) as map, pytest.raises(MapError, match=words) as caught:
        EACH_COMMAND[name](map)
    assert caught.value.errno == errno.EPERM


@pytest.mark.parametrize(
    "number",
    [
        errno.EPERM, errno.ENOMEM, errno.EBUSY, errno.EINTR, errno.EAGAIN, errno.EFAULT,
        errno.EBADF, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSPC, errno.E2BIG, ENOTSUPP,
        errno.EDEADLK, errno.ETIMEDOUT, errno.EACCES,
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", [*WRITE, *READ])
@pytest.mark.parametrize("description", [ARRAY, HASH], ids=["array", "hash"])
def test_any_errno_is_in_words(
    description: Map, name: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise OSError(number, "bpf: no")

    for each in ("lookup", "update", "delete", "next_key", "lookup_batch", "write_batch"):
        monkeypatch.setattr(bpf, f"map_{each}", refuse)
    with LoadedMap(description) as map, pytest.raises(MapError) as caught:
        EACH_COMMAND[name](map)
    assert caught.value.errno == number
    assert "COUNTS" in one_line(caught)
    assert "bpf:" not in one_line(caught)


@pytest.mark.parametrize(
    "description",
    [
        Hash("HUGE", key=u32, value=u8[1 << 29], max_entries=1),
        PerCpuArray("HUGE", value=u8[1 << 20], max_entries=1),
    ],
    ids=str,
)
def test_an_impossible_map_is_refused_in_one_line(description: Map) -> None:
    with pytest.raises(MapError) as caught:
        LoadedMap(description)
    text = one_line(caught)
    assert description.name in text
    assert description.type.name in text
    assert str(description.max_entries) in text
    assert caught.value.errno


def test_a_ring_buffer_of_an_impossible_size_is_refused_in_one_line() -> None:
    with pytest.raises(MapError) as caught:
        LoadedMap(EVENTS, max_entries=1000)
    text = one_line(caught)
    assert "EVENTS (RINGBUF, 1000 entries)" in text
    assert "a power of two and a multiple of the page size" in text


def test_a_map_that_may_not_be_made_says_what_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(bpf, "map_create", refuse)
    monkeypatch.setattr("tuxscope.loader.failed_load.effective_capabilities", frozenset)
    with pytest.raises(MapError, match=r"COUNTS .*needs CAP_BPF; run it with sudo") as caught:
        LoadedMap(HASH)
    assert caught.value.errno == errno.EPERM


FOUND: dict[str, tuple[Map, Callable[[Any], object], str]] = {
    "full": (HASH, lambda map: [map.update(each, 1) for each in range(3)], "the map is full with"),
    "past the end": (ARRAY, lambda map: map.update(3, 1), "use 0 to 2 (E2BIG)"),
    "key": (HASH, lambda map: map.update(1 << 32, 1), "key 4294967296 does not fit"),
    "value": (HASH, lambda map: map.update(1, 1 << 64), "does not fit into the 8 bytes of map"),
    "each CPU": (EACH_CPU, lambda map: map.update(1, 1), "EACH is per-CPU"),
    "ring": (EVENTS, lambda map: map.items(), "map EVENTS (RINGBUF) cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize(("description", "do", "words"), FOUND.values(), ids=FOUND)
def test_a_map_that_was_found_answers_alike(
    description: Map, do: Callable[[Any], object], words: str
) -> None:
    with LoadedMap(description) as own, open_map(own.info().id) as found:
        with pytest.raises(MapError) as caught:
            do(found)
        assert words in one_line(caught)


def test_what_is_not_found() -> None:
    with pytest.raises(MapError, match="there is no map with ID 4000000000"):
        open_map(4_000_000_000)


def test_errors_can_be_copied() -> None:
    error = pickle.loads(pickle.dumps(copy.copy(MapError("map COUNTS is full", errno.E2BIG))))
    assert (str(error), error.errno) == ("map COUNTS is full", errno.E2BIG)
