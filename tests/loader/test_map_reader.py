"""A map that changes while it is read: what stays comes once, or it is said that it may not."""

from __future__ import annotations

import errno
import sys
from collections import Counter
from typing import Any

import pytest

from loader.changing import (
    CPUS,
    OTHERS,
    PASSES,
    STABLE,
    Others,
    always,
    between_calls,
    check,
    fill,
    prefix,
    trie,
    value_of,
)
from tuxscope.asm import Array, Hash, LruHash, PerCpuArray, PerCpuHash
from tuxscope.errors import ENOTSUPP
from tuxscope.loader import bpf, map_reader
from tuxscope.loader.found_maps import open_map
from tuxscope.loader.maps import LoadedMap, MapError
from tuxscope.record import u8, u32, u64

pytestmark = pytest.mark.kernel

KINDS = {
    "hash": Hash("CHANGING", key=u32, value=u64, max_entries=40_000),
    "LRU hash": LruHash("CHANGING", key=u32, value=u64, max_entries=40_000),
    "hash of each CPU": PerCpuHash("CHANGING", key=u32, value=u64, max_entries=40_000),
}


def without_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the kernel has none for a type of map."""

    def refuse(*_: Any) -> Any:
        raise OSError(ENOTSUPP, "no batches")

    monkeypatch.setattr(bpf, "map_lookup_batch", refuse)


@pytest.mark.parametrize("found", [False, True], ids=["own", "found"])
@pytest.mark.parametrize("description", KINDS.values(), ids=KINDS)
def test_what_stays_in_a_hash_comes_once(description: Hash, found: bool) -> None:
    each_cpu = description.per_cpu or found
    with LoadedMap(description) as own, open_map(own.info().id) as other:
        fill(own, STABLE)
        of = (lambda value: (value,) * (CPUS if description.per_cpu else 1)) if each_cpu else int
        with always(Others(own)):
            for _ in range(PASSES):
                reading = (other if found else own).items()
                check(list(reading), of)
                assert not reading.changed
                assert not reading.warning


@pytest.mark.parametrize("description", KINDS.values(), ids=KINDS)
def test_it_does_so_also_when_each_batch_finds_another_map(
    description: Hash, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_reader, "BATCH", 16)
    with LoadedMap(description) as map:
        fill(map, STABLE)
        between_calls(monkeypatch, "map_lookup_batch", Others(map))
        check(list(map.items()), lambda number: value_of(map, number))
        keys = Counter(map.keys())
    assert all(keys[each] == 1 for each in range(STABLE))


def test_a_bucket_that_is_larger_than_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries that were read are not read again, and none is passed over."""
    monkeypatch.setattr(map_reader, "BATCH", 1)
    refused = Counter[int]()
    own = bpf.map_lookup_batch

    def asking(*arguments: Any) -> Any:
        try:
            return own(*arguments)
        except OSError as error:
            refused[error.errno or 0] += 1
            raise

    monkeypatch.setattr(bpf, "map_lookup_batch", asking)
    with LoadedMap(Hash("CROWDED", key=u32, value=u64, max_entries=64)) as map:
        fill(map, 64)
        entries = list(map.items())
    assert sorted(entries) == [(each, each * 3) for each in range(64)]
    # Of 64 keys in 64 buckets some share one; room that was made stays.
    assert set(refused) == {errno.ENOSPC}
    assert refused[errno.ENOSPC] < 5


def test_large_entries_are_read_with_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    own = bpf.map_lookup_batch

    def asking(fd: int, position: Any, count: int, key_size: int, value_size: int) -> Any:
        sizes.append(count * (key_size + value_size))
        return own(fd, position, count, key_size, value_size)

    monkeypatch.setattr(bpf, "map_lookup_batch", asking)
    large = Hash("LARGE", key=u32, value=u8[80_000], max_entries=30)
    with LoadedMap(large) as map:
        map.update_batch((each, bytes([each]) * 80_000) for each in range(30))
        assert sorted(key for key, _ in map.items()) == list(range(30))
    assert len(sizes) > 1
    assert max(sizes) <= map_reader.BATCH_BYTES


@pytest.mark.parametrize("kind", [Array, PerCpuArray])
def test_an_array_never_misses_an_entry(kind: type[Array], monkeypatch: pytest.MonkeyPatch) -> None:
    without_batches(monkeypatch)
    with LoadedMap(kind("NUMBERS", value=u64, max_entries=100)) as map:
        numbers = iter(range(100))
        between_calls(
            monkeypatch, "map_lookup", lambda: map.update(next(numbers), value_of(map, 5))
        )
        reading = map.items()
        assert dict(reading) == dict.fromkeys(range(100), value_of(map, 5))
        assert not reading.changed


# Without batches.


def test_a_map_that_does_not_change_has_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    with trie(300) as found:
        reading = found.items()
        # 8 bytes are a number to who does not know what they mean.
        keys = [int(key).to_bytes(8, sys.byteorder) for key, _ in reading]
        assert sorted(keys) == sorted(prefix(each) for each in range(300))
        assert not reading.changed
        assert not reading.warning
    without_batches(monkeypatch)
    with LoadedMap(KINDS["hash"]) as map:
        fill(map, STABLE)
        own = map.items()
        check(list(own), int)
        assert not own.changed


def test_a_trie_from_which_keys_go_has_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    with trie(300) as found:
        own = bpf.map_next_key

        def vanishing(fd: int, key: bytes | None, size: int) -> Any:
            if key and key[-1] in (100, 200):
                bpf.map_delete(fd, key)
            return own(fd, key, size)

        monkeypatch.setattr(bpf, "map_next_key", vanishing)
        reading = found.items()
        entries = list(reading)
    # Before "bpf: Fix exact match conditions in trie_get_next_key()" (in Linux 6.13, 5.10.231) the
    # kernel skips the key after one that is deleted.
    assert len({key for key, _ in entries}) == len(entries)
    assert 296 <= len(entries) <= 298
    assert reading.changed
    assert reading.warning == (
        "map TRIE changed while it was read, key by key: entries may be missing"
    )


@pytest.mark.parametrize("command", ["map_next_key", "map_lookup"])
def test_each_key_comes_once_where_it_starts_over(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_batches(monkeypatch)
    with LoadedMap(KINDS["hash"]) as map:
        fill(map, STABLE)
        between_calls(monkeypatch, command, Others(map))
        reading = map.items()
        keys = Counter(key for key, _ in reading)
    assert max(keys.values()) == 1
    assert reading.changed


def test_entries_that_only_move_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replaced entry goes to the front of its bucket, where a walk is past it: it is left out,
    though the map has the same keys all the time."""
    without_batches(monkeypatch)
    numbers = iter(range(10_000))
    with LoadedMap(Hash("MOVING", key=u32, value=u64, max_entries=64)) as map:
        fill(map, 64)

        def move() -> None:
            number = next(numbers)
            if number < 64:
                map.update(number * 5 % 64, number * 5 % 64 * 3)

        between_calls(monkeypatch, "map_next_key", move)
        reading = map.items()
        list(reading)
    assert reading.changed


def test_a_map_that_always_starts_over_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key that was returned is gone at once, and another comes: there is no end to that."""
    without_batches(monkeypatch)
    own = bpf.map_next_key
    calls = iter(range(100_000))

    with LoadedMap(Hash("ENDLESS", key=u32, value=u64, max_entries=50)) as map:
        fill(map, 50)

        def vanishing(*arguments: Any) -> Any:
            number = next(calls)
            key = own(*arguments)
            map.delete(u32.unpack(key or b""))
            map.update(OTHERS + number, 1)
            return key

        monkeypatch.setattr(bpf, "map_next_key", vanishing)
        reading = map.items()
        entries = list(reading)
    assert len(entries) <= 51
    assert reading.changed


def test_what_was_read_is_not_read_again_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """EINVAL stands for a kernel without batches at the first of them alone."""
    monkeypatch.setattr(map_reader, "BATCH", 16)
    own = bpf.map_lookup_batch

    def failing(fd: int, position: bytes | None, *sizes: int) -> Any:
        if position:
            raise OSError(errno.EINVAL, "bpf: no")
        return own(fd, position, *sizes)

    monkeypatch.setattr(bpf, "map_lookup_batch", failing)
    with LoadedMap(KINDS["hash"]) as map:
        fill(map, STABLE)
        reading = map.items()
        with pytest.raises(MapError) as caught:
            list(reading)
    assert caught.value.errno == errno.EINVAL
