from __future__ import annotations

from typing import Any

import pytest

from tuxscope.asm import (
    Array,
    Hash,
    LruHash,
    PerCpuArray,
    PerCpuHash,
    PerfEventArray,
)
from tuxscope.loader import bpf
from tuxscope.loader.cpus import possible_cpus
from tuxscope.loader.maps import LoadedMap
from tuxscope.record import Record, char, u8, u16, u32, u64

pytestmark = pytest.mark.kernel

CPUS = range(len(possible_cpus()))


class Flow(Record):
    port = u16
    address = u8[4]


class Traffic(Record):
    packets = u32
    comm = char[16]


SQUARES = {number: number**2 for number in range(700)}
SQUARES_MAP = Hash("SQUARES", key=u32, value=u64, max_entries=1024)


@pytest.fixture(params=["batched", "one by one"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How the kernel is asked: in batches, or as where it has none for a type of map."""

    def refuse(*_: Any) -> Any:
        raise OSError(bpf.ENOTSUPP, "no batches")

    if request.param == "one by one":
        monkeypatch.setattr(bpf, "map_lookup_batch", refuse)
        monkeypatch.setattr(bpf, "map_write_batch", refuse)


def test_an_array_is_zero_at_first_and_holds_what_is_put_in() -> None:
    with LoadedMap(Array("COUNTS", value=u64, max_entries=3)) as counts:
        counts.update(1, 1 << 63)
        assert [counts.lookup(key) for key in range(4)] == [0, 1 << 63, 0, None]
        assert list(counts.keys()) == [0, 1, 2]


def test_a_hash_holds_what_is_put_in_until_it_is_deleted() -> None:
    with LoadedMap(Hash("NAMES", key=u32, value=char[16], max_entries=8)) as names:
        assert names.lookup(7) is None
        names.update(7, "cat")
        names.update(7, "dog")
        assert names.lookup(7) == "dog"
        assert names.delete(7)
        assert not names.delete(7)
        assert list(names.items()) == []


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("kind", [Hash, LruHash])
def test_items_are_all_entries(kind: type[Hash]) -> None:
    with LoadedMap(kind("SQUARES", key=u32, value=u64, max_entries=1024)) as squares:
        squares.update_batch(SQUARES.items())
        items = list(squares.items())
        assert len(items) == len(SQUARES)
        assert dict(items) == SQUARES


@pytest.mark.usefixtures("way")
def test_items_of_an_array_come_in_order() -> None:
    with LoadedMap(Array("SQUARES", value=u64, max_entries=len(SQUARES))) as squares:
        squares.update_batch(SQUARES.items())
        assert list(squares.items()) == list(SQUARES.items())


def test_items_of_a_large_and_full_hash_are_complete() -> None:
    numbers = {number: number for number in range(5000)}
    with LoadedMap(Hash("NUMBERS", key=u64, value=u64, max_entries=5000)) as loaded:
        loaded.update_batch(numbers.items())
        items = list(loaded.items())
    assert len(items) == len(numbers)
    assert dict(items) == numbers


@pytest.mark.usefixtures("way")
def test_batches_update_and_delete() -> None:
    with LoadedMap(SQUARES_MAP) as squares:
        squares.update_batch(SQUARES.items())
        assert squares.delete_batch(number for number in SQUARES if number > 2) == len(SQUARES) - 3
        assert sorted(squares.keys()) == [0, 1, 2]


@pytest.mark.usefixtures("way")
def test_a_batch_goes_on_behind_keys_that_are_not_there() -> None:
    with LoadedMap(SQUARES_MAP) as squares:
        squares.update_batch((number, 1) for number in range(0, 100, 2))
        assert squares.delete_batch(range(99)) == 50
        assert list(squares.keys()) == []


@pytest.mark.usefixtures("way")
def test_batches_may_be_empty() -> None:
    with LoadedMap(SQUARES_MAP) as squares:
        squares.update_batch([])
        assert squares.delete_batch([]) == 0
        assert list(squares.keys()) == []


def test_a_full_lru_hash_makes_room() -> None:
    with LoadedMap(LruHash("RECENT", key=u32, value=u32, max_entries=64)) as recent:
        for number in range(1000):
            recent.update(number, number)
        assert recent.lookup(999) == 999
        assert 0 < len(list(recent.items())) <= 64


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    "description",
    [
        PerCpuArray("COUNTS", value=u32, max_entries=1),
        PerCpuHash("COUNTS", key=u32, value=u32, max_entries=1),
        PerCpuHash("COUNTS", key=u32, value=u8[13], max_entries=1),
    ],
    ids=str,
)
def test_each_cpu_has_a_value_of_its_own(description: Array | Hash) -> None:
    values = tuple(bytes([cpu] * 13) if description.value_size == 13 else cpu + 100 for cpu in CPUS)
    with LoadedMap(description) as counts:
        counts.update(0, values)
        assert counts.lookup(0) == values
        assert list(counts.items()) == [(0, values)]


@pytest.mark.usefixtures("way")
def test_per_cpu_values_can_be_batched() -> None:
    entries = {number: tuple(number + cpu for cpu in CPUS) for number in range(300)}
    with LoadedMap(PerCpuHash("COUNTS", key=u32, value=u64, max_entries=300)) as counts:
        counts.update_batch(entries.items())
        assert dict(counts.items()) == entries


def test_keys_and_values_may_be_records() -> None:
    flow = Flow(port=443, address=b"\x7f\0\0\1")
    traffic = Traffic(packets=3, comm="curl")
    with LoadedMap(Hash("FLOWS", key=Flow, value=Traffic, max_entries=8)) as flows:
        flows.update(flow, traffic)
        assert flows.lookup(flow) == traffic
        assert list(flows.items()) == [(flow, traffic)]


def test_a_perf_event_array_has_a_place_for_each_cpu() -> None:
    with LoadedMap(PerfEventArray("EVENTS", Traffic)) as events:
        assert events.info().max_entries == events.max_entries == max(possible_cpus()) + 1


def test_info_is_what_was_asked_for() -> None:
    description = Hash("FLOWS.v2", key=Flow, value=Traffic, max_entries=8)
    with LoadedMap(description) as flows:
        info = flows.info()
    assert (info.type, info.name) == (description.type, "FLOWS.v2")
    assert (info.key_size, info.value_size, info.max_entries) == (6, 20, 8)
    assert info.id
