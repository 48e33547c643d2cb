"""Maps in Python against maps in the kernel: the same operations have the same results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.asm import (
    Array,
    Assembler,
    Hash,
    LruHash,
    PerCpuArray,
    PerCpuHash,
    RawTracepoint,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r6,
    r7,
    r9,
    r10,
)
from tuxscope.loader.cpus import possible_cpus
from tuxscope.loader.maps import LoadedMap, MapError
from tuxscope.record import Record, char, u8, u16, u32, u64
from tuxscope.vm import Machine, World
from tuxscope.vm.maps import virtual_map
from tuxscope.vm.memory import VirtualMemory
from vm.twice import AREA, AREA_SIZE, Kernel, assemble, contents, pinned

CPUS = len(possible_cpus())
ENTRIES = 3
ROOMY = 1024  # no LRU map of this size drops one of a handful of keys
FLAGS = (0, 1, 2, 3, 4, 5, 1 << 40)  # 4 is BPF_F_LOCK


class Flow(Record):
    port = u16
    address = u8[4]


class Traffic(Record):
    packets = u32
    comm = char[6]


COUNTS = Hash("COUNTS", key=u32, value=u64, max_entries=ENTRIES)
RECENT = LruHash("RECENT", key=u32, value=u64, max_entries=ROOMY)
MAPS = [
    Array("NUMBERS", value=u64, max_entries=ENTRIES),
    Array("RECORDS", value=Traffic, max_entries=ENTRIES),
    COUNTS,
    Hash("FLOWS", key=Flow, value=Traffic, max_entries=ENTRIES),
    PerCpuArray("EACH_NUMBER", value=u64, max_entries=ENTRIES),
    PerCpuArray("EACH_RECORD", value=Traffic, max_entries=ENTRIES),
    PerCpuHash("EACH_COUNT", key=u32, value=u64, max_entries=ENTRIES),
    PerCpuHash("EACH_FLOW", key=Flow, value=Traffic, max_entries=ENTRIES),
    RECENT,
    LruHash("RECENT_FLOWS", key=Flow, value=Traffic, max_entries=ROOMY),
]
PLAIN = [each for each in MAPS if each.value is u64]

Operation = tuple[Any, ...]


@pytest.fixture
def cpu() -> Iterator[int]:
    with pinned() as cpu:
        yield cpu


def virtual(description: Array | Hash, cpus: int = CPUS) -> Any:
    return virtual_map(description, VirtualMemory(), cpus)


def keys_of(description: Array | Hash) -> st.SearchStrategy[Any]:
    """More of them than fit."""
    if description.key is u32:
        return st.integers(0, ENTRIES + 1)
    return st.builds(
        lambda number: Flow(port=number, address=bytes([10, 0, 0, number])),
        st.integers(0, ENTRIES + 1),
    )


def values_of(description: Array | Hash) -> st.SearchStrategy[Any]:
    if description.value is u64:
        one: st.SearchStrategy[Any] = st.integers(0, (1 << 64) - 1)
    else:
        one = st.builds(
            lambda packets, comm: Traffic(packets=packets, comm=comm),
            st.integers(0, (1 << 32) - 1),
            st.text("abc", max_size=5),
        )
    return st.tuples(*[one] * CPUS) if description.per_cpu else one


def operations_on(description: Array | Hash) -> st.SearchStrategy[list[Operation]]:
    """What user space does to a map."""
    # What else a per-CPU map takes from user space differs from kernel to kernel (7.0 has more).
    key, flags = keys_of(description), st.sampled_from(FLAGS[:3] if description.per_cpu else FLAGS)
    update = st.tuples(st.just("update"), key, values_of(description), flags)
    others = st.tuples(st.sampled_from(["lookup", "delete"]), key)
    return st.lists(update | update | others | st.just(("items",)), min_size=1, max_size=12)


def result_of(map: Any, name: str, *arguments: Any) -> Any:
    """What a map answers: a value, or an errno with its name."""
    if name == "items":
        items = list(map.items())
        assert sorted(map.keys(), key=repr) == sorted((key for key, _ in items), key=repr)
        return sorted(items, key=repr)
    try:
        return getattr(map, name)(*arguments)
    except (OSError, MapError) as error:
        return f"errno {error.errno}"


@pytest.mark.kernel
@pytest.mark.parametrize("description", MAPS, ids=lambda each: each.name)
def test_what_user_space_does_has_the_kernels_results(description: Array | Hash, cpu: int) -> None:
    @given(operations_on(description))
    def has_the_kernels_results(operations: list[Operation]) -> None:
        own = virtual(description)
        with LoadedMap(description) as loaded:
            expected = [result_of(loaded, *each) for each in operations]
        assert [result_of(own, *each) for each in operations] == expected

    has_the_kernels_results()


# What programs do: each leaves a number.

CHANGES = {
    "atomic_add": Assembler.atomic_add,
    "atomic_or": Assembler.atomic_or,
    "atomic_fetch_and": Assembler.atomic_fetch_and,
    "atomic_fetch_xor": Assembler.atomic_fetch_xor,
    "atomic_xchg": Assembler.atomic_xchg,
    "atomic_cmpxchg": Assembler.atomic_cmpxchg,
    "stx": Assembler.stx,
}  # fmt: skip
MOST = 10
ABSENT = 0x0DD  # the number of a lookup that found nothing


def programs_on(description: Array | Hash) -> st.SearchStrategy[list[Operation]]:
    """What programs do to a map; a held value is looked at after the map was changed."""
    key, flags = keys_of(description), st.sampled_from(FLAGS[:-1])
    value = st.integers(0, (1 << 31) - 1)
    update = st.tuples(st.just("update"), key, value, flags)
    change = st.tuples(st.sampled_from(sorted(CHANGES)), key, value)
    others = st.tuples(st.sampled_from(["lookup", "delete"]), key)
    held = st.tuples(st.just("held_update"), key, value, st.sampled_from([0, 2]))
    return st.lists(update | update | change | others | held, min_size=1, max_size=MOST)


def write_operation(
    a: Assembler, description: Array | Hash, place: int, name: str, key: int, *more: int
) -> None:
    """One operation, with its number in AREA."""
    own_key, value, absent = a.stack(u32), a.stack(u64), f"absent{place}"
    a.st(own_key, key)

    def call(what: str) -> None:
        a.ld_map(r1, description)
        a.lea(r2, own_key)
        if what == "update":
            a.st(value, more[0])
            a.lea(r3, value)
            a.mov(r4, more[1])
        a.call(getattr(helper, f"map_{what}_elem"))

    if name in ("update", "delete"):
        call(name)
    else:
        call("lookup")
        a.mov(r6, r0)
        a.mov(r0, ABSENT)
        a.jeq(r6, 0, absent)
        if name in CHANGES:
            a.mov(r7, more[0])
            a.mov(r0, 5)  # what cmpxchg compares with
            CHANGES[name](a, u64[r6], r7)
            a.add(r0, r7)
        elif name == "lookup":
            a.ldx(r0, u64[r6])
        else:
            call("update")
            a.ldx(r7, u64[r6])
            a.lsh(r7, 8)
            a.add(r0, r7)
            a.mov(r7, 77)
            a.stx(u64[r6], r7)
        a.label(absent)
    a.stx(u64[r9 + 8 * place], r0)


def program_of(description: Array | Hash, operations: list[Operation]) -> Any:
    def write(a: Assembler) -> None:
        for place, each in enumerate(operations):
            write_operation(a, description, place, *each)

    return assemble(write)


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize("description", PLAIN, ids=lambda each: each.name)
def test_what_programs_do_has_the_kernels_results(description: Array | Hash, cpu: int) -> None:
    @given(programs_on(description))
    def has_the_kernels_results(operations: list[Operation]) -> None:
        program = program_of(description, operations)
        with Kernel(cpu) as kernel:
            expected = kernel.run(program, bytes(AREA_SIZE))
            left = contents(kernel.map(description))
        machine = Machine(program, world=World(cpu=cpu, cpus=CPUS))
        machine.run()
        own: Any = machine.maps
        assert bytes(own[AREA].lookup(0)) == expected
        assert contents(own[description]) == left

    has_the_kernels_results()


def one_call(description: Array | Hash, name: str, key: int, *more: int) -> Any:
    """A program of one operation."""
    return program_of(description, [(name, key, *more)])


@pytest.mark.kernel
def test_an_lru_hash_past_its_capacity_keeps_the_newest_and_no_more_than_fit(cpu: int) -> None:
    description = LruHash("SMALL", key=u32, value=u64, max_entries=ENTRIES)
    own = virtual(description)
    with LoadedMap(description) as loaded:
        for map in (own, loaded):
            for key in range(20):
                map.update(key, key * 7)
                left = contents(map)
                assert left[key] == key * 7
                assert len(left) <= ENTRIES
                assert all(value == each * 7 for each, value in left.items())


def test_an_lru_hash_drops_what_a_program_used_least_recently() -> None:
    small = LruHash("SMALL", key=u32, value=u64, max_entries=2)
    machine = Machine(one_call(small, "lookup", 1))
    own: Any = machine.maps[small]
    own.update(1, 1)
    own.update(2, 2)
    machine.run()
    own.update(3, 3)
    assert contents(own) == {1: 1, 3: 3}


def test_a_look_from_user_space_does_not_keep_an_entry() -> None:
    own = virtual(LruHash("SMALL", key=u32, value=u64, max_entries=2))
    own.update(1, 1)
    own.update(2, 2)
    assert own.lookup(1) == 1
    own.update(3, 3)
    assert contents(own) == {2: 2, 3: 3}


@pytest.mark.parametrize("description", MAPS, ids=lambda each: each.name)
def test_a_look_changes_nothing(description: Array | Hash) -> None:
    own = virtual(description)
    if isinstance(description, Hash):
        assert contents(own) == {}
    before = own.freeze()
    assert result_of(own, "items") == result_of(own, "items")
    if isinstance(description, Hash):
        assert own.freeze() is before


def test_a_pointer_to_a_replaced_value_is_good_until_the_run_ends() -> None:
    machine = Machine(one_call(COUNTS, "held_update", 1, 9, 0))
    own: Any = machine.maps
    own[COUNTS].update(1, 5)
    own[AREA].update(0, bytes(AREA_SIZE))
    regions = len(machine.memory.regions)
    for _ in range(3):
        own[COUNTS].update(1, 5)
        machine.run()
        assert own[AREA].lookup(0)[1] == 5  # the old value, in the second byte of the number
        assert own[COUNTS].lookup(1) == 9  # the store through the old pointer is lost
    machine.start()
    assert len(machine.memory.regions) == regions


def test_of_a_per_cpu_map_each_cpu_needs_its_value() -> None:
    own = virtual(PerCpuArray("EACH", value=u64, max_entries=1), cpus=3)
    with pytest.raises(ValueError, match="a value for each of 3 CPUs, not 2"):
        own.update(0, (1, 2))
    own.update(0, (1, 2, 3))
    assert own.lookup(0) == (1, 2, 3)


@pytest.mark.parametrize("kind", [PerCpuArray, PerCpuHash])
def test_a_program_changes_the_value_of_its_own_cpu(kind: Any) -> None:
    keys = {} if kind is PerCpuArray else {"key": u32}
    each = kind("EACH", value=u64, max_entries=1, **keys)
    machine = Machine(one_call(each, "atomic_add", 0, 5), world=World(cpu=1, cpus=3))
    own: Any = machine.maps[each]
    own.update(0, (1, 2, 3))
    machine.run()
    assert own.lookup(0) == (1, 7, 3)
    machine.run(world=World(cpu=2, cpus=3))
    assert own.lookup(0) == (1, 7, 8)


def test_stepping_back_gives_maps_their_entries_back() -> None:
    operations = [
        ("update", 1, 5, 0), ("held_update", 1, 6, 0), ("atomic_add", 1, 1), ("delete", 1),
    ]  # fmt: skip
    machine = Machine(program_of(COUNTS, operations))
    own: Any = machine.maps[COUNTS]
    path = [contents(own)]
    while not machine.ended:
        machine.step()
        path.append(contents(own))
    assert [each for at, each in enumerate(path) if not at or each != path[at - 1]] == [
        {}, {1: 5}, {1: 6}, {1: 7}, {}
    ]  # fmt: skip
    for expected in reversed(path[:-1]):
        machine.back()
        assert contents(own) == expected
    assert machine.resume() is False
    assert contents(own) == path[-1]


def test_there_is_room_for_many_regions() -> None:
    large = Hash("LARGE", key=u32, value=u64, max_entries=20_000)
    machine = Machine(one_call(large, "lookup", 19_999))
    own: Any = machine.maps
    for number in range(20_000):  # more than there are addresses that look like a kernel's
        own[large].update(number, number + 1)
    machine.run()
    assert own[AREA].lookup(0)[:2] == (20_000).to_bytes(2, "little")
    assert contents(own[large]) == {number: number + 1 for number in range(20_000)}


def test_there_is_room_for_many_calls() -> None:
    def write(a: Assembler) -> None:
        a.mov(r6, 20_000)
        a.label("again")
        a.mov(r1, r6)
        a.call("kept")
        a.stx(u64[r9], r0)
        a.sub(r6, 1)
        a.jne(r6, 0, "again")

    a = Assembler("calls", attach=RawTracepoint())
    a.ld_map_value(r9, AREA)
    write(a)
    a.exit()
    a.function("kept")
    a.stx(u64[r10 - 8], r1)
    a.ldx(r0, u64[r10 - 8])
    a.exit()
    assert Machine(a.program()).run() == 1
