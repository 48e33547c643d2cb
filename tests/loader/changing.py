"""Maps that change while they are read."""

from __future__ import annotations

import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pace import LIMIT, fewer

from tuxscope.asm.maps import MapType
from tuxscope.loader import bpf
from tuxscope.loader.bpf_attributes import MapCreate, MapInfo
from tuxscope.loader.cpus import possible_cpus
from tuxscope.loader.found_maps import FoundMap, open_map
from tuxscope.loader.maps import LoadedMap
from tuxscope.record import u64

STABLE = fewer(2000)
PASSES = fewer(20)
OTHERS = 1_000_000  # the first of the keys that come and go
CPUS = len(possible_cpus())
NO_PREALLOC = 1  # BPF_F_NO_PREALLOC
Change = Callable[[], object]


def value_of(map: LoadedMap, number: int) -> Any:
    return (number,) * CPUS if map.description.per_cpu else number


def fill(map: LoadedMap, count: int) -> None:
    map.update_batch((each, value_of(map, each * 3)) for each in range(count))


class Others:
    """Entries that come and go: some are new, some are deleted and come again."""

    def __init__(self, map: LoadedMap) -> None:
        self._map = map
        self._number = 0

    def __call__(self) -> None:
        number = self._number = self._number + 1
        one = value_of(self._map, 1)
        self._map.update(OTHERS + number, one)
        self._map.delete(OTHERS + number - 300)
        again = OTHERS - number % 10
        self._map.delete(again)
        self._map.update(again, one)
        # A replaced entry goes to the front of its bucket.
        own = number * 7 % STABLE
        self._map.update(own, value_of(self._map, own * 3))


@contextmanager
def always(change: Change) -> Iterator[None]:
    """Do it all the time, as fast as it goes."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            change()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(LIMIT)


def between_calls(monkeypatch: pytest.MonkeyPatch, name: str, change: Change) -> None:
    """Do it before each of the reader's calls of a command."""
    own = getattr(bpf, name)

    def changing(*arguments: Any) -> Any:
        change()
        return own(*arguments)

    monkeypatch.setattr(bpf, name, changing)


def check(entries: list[tuple[Any, Any]], of: Callable[[int], Any]) -> None:
    """Each key that stays is there exactly once, with its value, and none comes twice."""
    counts = Counter(key for key, _ in entries)
    assert max(counts.values()) == 1
    assert {key: value for key, value in entries if key < STABLE} == {
        each: of(each * 3) for each in range(STABLE)
    }


@contextmanager
def trie(count: int) -> Iterator[FoundMap]:
    """Prefixes of 32 bits by number: an LPM trie, whose batches go from key to key."""
    made = bpf.map_create(
        MapCreate(
            map_type=MapType.LPM_TRIE, key_size=8, value_size=8, max_entries=1000,
            map_flags=NO_PREALLOC, map_name=b"TRIE",
        )
    )  # fmt: skip
    with made:
        for number in range(count):
            bpf.map_update(made.fileno(), prefix(number), u64.pack(number))
        with open_map(bpf.object_info(made.fileno(), MapInfo()).id) as found:
            yield found


def prefix(number: int) -> bytes:
    return struct.pack("=I", 32) + struct.pack(">I", number)
