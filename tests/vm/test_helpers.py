"""Helpers: what each returns, and that the kernel's return the same."""

from __future__ import annotations

import ctypes
import errno
import itertools
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tuxscope.asm import (
    Assembler,
    Hash,
    PerCpuArray,
    PerCpuHash,
    PerfEventArray,
    ProgArray,
    Program,
    RawTracepoint,
    RingBuffer,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r9,
    r10,
)
from tuxscope.loader.cpus import online_cpus, possible_cpus
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.loader.verifier import VerifierError
from tuxscope.record import Record, u8, u32, u64
from tuxscope.vm import Machine, Sent, World
from tuxscope.vm.faults import (
    HelperFault,
    OutOfBoundsFault,
)
from tuxscope.vm.memory import Region
from vm.twice import AREA, UNTOUCHED, Kernel, Write, assemble, keeping, pinned, this_world

CPUS = len(possible_cpus())
INPUT = 504  # where in AREA a program finds an address that is known to its caller alone
SOURCE = 256  # where it finds text
M64 = (1 << 64) - 1

x86 = pytest.mark.skipif(
    os.uname().machine != "x86_64", reason="addresses and errors are those of x86-64"
)


class Event(Record):
    number = u64


EVENTS = PerfEventArray("EVENTS", Event)
RING = RingBuffer("RING", Event, max_entries=mmap.PAGESIZE)
PROGRAMS = ProgArray("PROGRAMS", max_entries=2)
COUNTS = Hash("COUNTS", key=u32, value=u64, max_entries=2)
EACH = PerCpuArray("EACH", value=u64, max_entries=2)
EACH_KEY = PerCpuHash("EACH_KEY", key=u32, value=u64, max_entries=2)


@pytest.fixture
def cpu() -> Iterator[int]:
    with pinned() as cpu:
        yield cpu


def area(text: bytes = b"", address: int = 0) -> bytes:
    """What AREA holds at first."""
    start = UNTOUCHED[:SOURCE] + text + UNTOUCHED[SOURCE + len(text) : INPUT]
    return start + address.to_bytes(8, "little")


def machine_of(
    write: Write, text: bytes = b"", address: int = 0, world: World | None = None
) -> tuple[Machine, Any]:
    """A machine that is ready to run, and its AREA."""
    machine = Machine(assemble(keeping(write)), world=world)
    own: Any = machine.maps[AREA]
    own.update(0, area(text, address))
    return machine, own


def answer(write: Write, text: bytes = b"", world: World | None = None) -> int:
    """The helper's result in the interpreter, signed."""
    machine, own = machine_of(write, text, world=world)
    machine.run()
    return int.from_bytes(own.lookup(0)[:8], "little", signed=True)


def both(write: Write, text: bytes, cpu: int) -> tuple[bytes, bytes]:
    """AREA after a run in the kernel, and in the interpreter."""
    with Kernel(cpu) as kernel:
        expected = kernel.run(assemble(keeping(write)), area(text))
    machine, own = machine_of(write, text, world=this_world(cpu))
    machine.run()
    return bytes(own.lookup(0)), expected


def constant(value: int) -> Write:
    return lambda a: a.ld_imm64(r0, value & M64)


# Memory that may not be there


def reading(name: str, size: int, source: int | None) -> Write:
    """A probe of so many bytes into AREA + 8; of AREA's own text where there is no address."""

    def write(a: Assembler) -> None:
        a.ldx(r3, u64[r9 + INPUT])
        if source is None:
            a.mov(r3, r9)
            a.add(r3, SOURCE)
        elif source:
            a.ld_imm64(r3, source)
        a.mov(r1, r9)
        a.add(r1, 8)
        a.mov(r2, size)
        a.call(getattr(helper, name))

    return write


PROBES = (
    "probe_read", "probe_read_kernel", "probe_read_user", "probe_read_str",
    "probe_read_kernel_str", "probe_read_user_str",
)  # fmt: skip
SIZES = (0, 1, 3, 4, 8, 11, 16, 20)
TEXT = b"of the kernel\0and more"
# Where there is nothing: null, the process's half, neither half, the kernel's half.
NOWHERE = (8, 0x10000, (1 << 47) - 4096, 1 << 63 | 5 << 50, M64 - 4095)
USER = 0x7F00 << 32
PAGE = 4096
LIBC = ctypes.CDLL(None, use_errno=True)


def page_content() -> bytes:
    content = bytearray(b"cat\0and some more that does not end soon".ljust(PAGE, b"."))
    content[PAGE - 6 :] = b"abcdef"  # no NUL before the end
    return bytes(content)


@contextmanager
def user_page() -> Iterator[int]:
    """The address of a page after which there is nothing."""
    pages = mmap.mmap(-1, 2 * mmap.PAGESIZE)
    start = (ctypes.c_char * len(pages)).from_buffer(pages)
    address = ctypes.addressof(start)
    pages[:PAGE] = page_content()
    assert LIBC.mprotect(ctypes.c_void_p(address + PAGE), PAGE, 0) == 0
    try:
        yield address
    finally:
        LIBC.mprotect(ctypes.c_void_p(address + PAGE), PAGE, 3)
        del start
        pages.close()


def probed(write: Write, address: int, text: bytes = TEXT) -> tuple[int, bytes]:
    """A probe's result and what it left behind, in a machine with a process's page at USER."""
    machine, own = machine_of(write, text, address)
    machine.memory.add(Region("a page", bytearray(page_content()), user=True), USER)
    machine.run()
    left = bytes(own.lookup(0))
    return int.from_bytes(left[:8], "little", signed=True), left[8:SOURCE]


@x86
@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize("name", PROBES)
def test_probes_copy_and_fail_as_the_kernels_do(name: str, cpu: int) -> None:
    offsets = (0, 1, 4, PAGE - 6, PAGE - 1, PAGE)
    with user_page() as page, Kernel(cpu) as kernel:
        for size in SIZES:
            program = assemble(keeping(reading(name, size, 0)))
            cases = [(program, offset + page, offset + USER) for offset in offsets]
            cases += [(program, each, each) for each in NOWHERE]
            cases += [(assemble(keeping(reading(name, size, None))), 0, 0)]
            for each, theirs, ours in cases:
                expected = kernel.run(each, area(TEXT, theirs))
                machine = Machine(each)
                machine.memory.add(Region("a page", bytearray(page_content()), user=True), USER)
                own: Any = machine.maps[AREA]
                own.update(0, area(TEXT, ours))
                machine.run()
                found = bytes(own.lookup(0))
                assert found[:INPUT].hex(" ", 8) == expected[:INPUT].hex(" ", 8), (size, hex(ours))


@pytest.mark.parametrize(
    ("name", "size", "source", "expected", "left"),
    [
        ("probe_read_kernel", 4, None, 0, b"of t\xaa"),
        ("probe_read_kernel", 4, USER, -errno.ERANGE, b"\0\0\0\0\xaa"),
        ("probe_read_kernel", 4, M64 - 4095, -errno.EFAULT, b"\0\0\0\0\xaa"),
        ("probe_read_user", 3, USER, 0, b"cat\xaa"),
        ("probe_read_user", 4, None, -errno.EFAULT, b"\0\0\0\0\xaa"),
        ("probe_read_user", 8, USER + PAGE - 6, -errno.EFAULT, bytes(8) + b"\xaa"),
        ("copy_from_user", 3, USER, 0, b"cat\xaa"),
        ("copy_from_user", 3, 8, -errno.EFAULT, b"\0\0\0\xaa"),
        ("probe_read", 3, USER, 0, b"cat\xaa"),
        ("probe_read", 3, None, 0, b"of \xaa"),
        ("probe_read_kernel_str", 20, None, 14, b"of the kernel\0\xaa\xaa"),
        ("probe_read_kernel_str", 4, None, 4, b"of \0\xaa"),
        ("probe_read_kernel_str", 4, USER, -errno.ERANGE, b"\0\0\0\0\xaa"),
        ("probe_read_user_str", 20, USER, 4, b"cat\0\0\0\0\0\xaa"),
        ("probe_read_user_str", 7, USER, 4, b"cat\0\xaa"),
        ("probe_read_user_str", 8, USER + PAGE - 6, -errno.EFAULT, bytes(8) + b"\xaa"),
        ("probe_read_user_str", 0, 8, 0, b"\xaa"),
        ("probe_read_str", 20, USER, 4, b"cat\0\0\0\0\0\xaa"),
        ("probe_read_str", 4, None, 4, b"of \0\xaa"),
    ],
)  # fmt: skip
def test_a_probe_copies_or_leaves_zeros(
    name: str, size: int, source: int | None, expected: int, left: bytes
) -> None:
    result, found = probed(reading(name, size, source), 0)
    assert (result, found[: len(left)]) == (expected, left)


def test_a_processs_memory_is_for_probes_alone() -> None:
    machine = Machine(assemble(lambda a: (a.ldx(r1, u64[r9 + INPUT]), a.ldx(r0, u8[r1]))))
    own: Any = machine.maps[AREA]
    own.update(0, area(address=USER))
    machine.memory.add(Region("a page", bytearray(PAGE), user=True), USER)
    with pytest.raises(OutOfBoundsFault, match="read it with probe_read_user"):
        machine.run()


def test_all_of_a_string_buffer_may_be_read() -> None:
    def write(a: Assembler) -> None:
        buffer = a.stack(u8[16])
        a.mov(r3, r9)
        a.add(r3, SOURCE)
        a.lea(r1, buffer)
        a.mov(r2, 16)
        a.call(helper.probe_read_kernel_str)
        a.ldx(r0, u64[r10 - 8])

    assert answer(write, b"cat\0") == 0


# Who runs


def comm(size: int) -> Write:
    def write(a: Assembler) -> None:
        a.mov(r1, r9)
        a.add(r1, 8)
        a.mov(r2, size)
        a.call(helper.get_current_comm)

    return write


def calling(name: str) -> Write:
    return lambda a: a.call(getattr(helper, name))


FIRST_NAMESPACE = "pid:[4026531836]"
first_namespace = pytest.mark.skipif(
    not os.path.exists("/proc/self/ns/pid") or os.readlink("/proc/self/ns/pid") != FIRST_NAMESPACE,
    reason="helpers tell the numbers of the first PID namespace",
)


@pytest.mark.kernel
@pytest.mark.parametrize("size", [1, 2, 8, 16, 20, 100])
def test_a_name_is_cut_and_padded_as_the_kernels_is(size: int, cpu: int) -> None:
    own, expected = both(comm(size), b"", cpu)
    assert own == expected
    assert own[8 + size - 1] == 0
    assert own[8 + size] == 0xAA


@pytest.mark.kernel
def test_a_name_of_no_bytes_is_refused(cpu: int) -> None:
    with Kernel(cpu) as kernel, pytest.raises(VerifierError):
        kernel.run(assemble(keeping(comm(0))))
    assert answer(comm(0)) == -errno.EINVAL


@first_namespace
@pytest.mark.kernel
@pytest.mark.parametrize(
    "name", ["get_current_pid_tgid", "get_current_uid_gid", "get_smp_processor_id"]
)
def test_the_task_is_the_kernels(name: str, cpu: int) -> None:
    own, expected = both(calling(name), b"", cpu)
    assert own == expected


def test_the_world_says_who_runs() -> None:
    world = World(pid=7, tid=8, uid=9, gid=10, comm=b"a name too long for it", cpu=1, time_ns=5)
    assert answer(calling("get_current_pid_tgid"), world=world) == 7 << 32 | 8
    assert answer(calling("get_current_uid_gid"), world=world) == 10 << 32 | 9
    assert answer(calling("get_smp_processor_id"), world=world) == 1
    assert answer(calling("get_numa_node_id"), world=world) == 0
    machine, own = machine_of(comm(20), world=world)
    machine.run()
    assert bytes(own.lookup(0)[8:30]) == b"a name too long\0\0\0\0\0\xaa\xaa"
    for name in ("get_current_task", "get_current_task_btf"):
        machine, own = machine_of(calling(name))
        machine.run()
        assert int.from_bytes(own.lookup(0)[:8], "little") == machine.task


CLOCKS = ("ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns", "ktime_get_tai_ns")


def two_looks(first: str, second: str) -> Write:
    """r0 is by how much the second is later."""

    def write(a: Assembler) -> None:
        a.call(getattr(helper, first))
        a.mov(r6, r0)
        a.call(getattr(helper, second))
        a.sub(r0, r6)

    return write


@pytest.mark.parametrize("name", CLOCKS)
def test_each_look_at_a_clock_is_later(name: str) -> None:
    assert answer(calling(name), world=World(time_ns=77)) == 77
    assert answer(two_looks(name, name)) == 100


def test_jiffies_are_four_milliseconds() -> None:
    assert answer(calling("jiffies64"), world=World(time_ns=12_000_000)) == 3


@pytest.mark.kernel
def test_the_kernels_clock_is_later_with_each_look_too(cpu: int) -> None:
    with Kernel(cpu) as kernel:
        write = two_looks("ktime_get_ns", "ktime_get_ns")
        left = kernel.run(assemble(keeping(write)))
    assert 0 <= int.from_bytes(left[:8], "little") < 10**9


def test_random_numbers_are_the_seeds() -> None:
    def numbers(seed: int) -> list[int]:
        machine, own = machine_of(calling("get_prandom_u32"), world=World(seed=seed))
        machine.run()
        first = int.from_bytes(own.lookup(0)[:8], "little")
        return [
            first,
            answer(two_looks("get_prandom_u32", "get_prandom_u32"), world=World(seed=seed)),
        ]

    drawn = {seed: numbers(seed) for seed in range(8)}
    assert drawn == {seed: numbers(seed) for seed in range(8)}
    assert len({tuple(each) for each in drawn.values()}) == 8
    assert all(0 <= first < 1 << 32 and step for first, step in drawn.values())


# Maps


def percpu(description: Any, key: int, cpu: int) -> Write:
    def write(a: Assembler) -> None:
        own_key = a.stack(u32)
        a.st(own_key, key)
        a.ld_map(r1, description)
        a.lea(r2, own_key)
        a.mov(r3, cpu)
        a.call(helper.map_lookup_percpu_elem)
        a.jeq(r0, 0, "none")
        a.ldx(r0, u64[r0])
        a.label("none")

    return write


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize("description", [EACH, EACH_KEY], ids=lambda each: each.name)
def test_values_of_other_cpus_are_the_kernels(description: Any, cpu: int) -> None:
    values = tuple(range(100, 100 + CPUS))
    for key, number in itertools.product((1, 5), (*range(CPUS), CPUS, 1 << 20)):
        program = assemble(keeping(percpu(description, key, number)))
        with Kernel(cpu) as kernel:
            kernel.map(description).update(1, values)
            expected = kernel.run(program)
        machine = Machine(program, world=this_world(cpu))
        own: Any = machine.maps
        own[AREA].update(0, UNTOUCHED)
        own[description].update(1, values)
        machine.run()
        assert bytes(own[AREA].lookup(0)) == expected


def test_a_value_of_another_cpu_is_looked_up() -> None:
    machine, own = machine_of(percpu(EACH, 1, 1), world=World(cpu=0, cpus=2))
    each: Any = machine.maps[EACH]
    each.update(1, (5, 6))
    machine.run()
    assert own.lookup(0)[0] == 6
    assert answer(percpu(EACH, 1, 2), world=World(cpus=2)) == 0
    with pytest.raises(HelperFault, match="COUNTS has no value for each CPU"):
        answer(percpu(COUNTS, 1, 0))


# Perf events


def output(flags: int, size: int = 8) -> Write:
    def write(a: Assembler) -> None:
        a.mov(r1, r6)
        a.ld_map(r2, EVENTS)
        a.ld_imm64(r3, flags)
        a.mov(r4, r9)
        a.add(r4, SOURCE)
        a.mov(r5, size)
        a.call(helper.perf_event_output)

    return write


def with_context(write: Write) -> Program:
    """A program that keeps r1 of its start in r6."""
    a = Assembler("context", attach=RawTracepoint())
    a.mov(r6, r1)
    a.ld_map_value(r9, AREA)
    keeping(write)(a)
    a.mov(r0, 0)
    a.exit()
    return a.program()


CURRENT = 0xFFFFFFFF


def sent_by(program: Program, world: World) -> tuple[int, list[bytes]]:
    machine = Machine(program, world=world)
    own: Any = machine.maps[AREA]
    own.update(0, area(b"samples."))
    machine.run()
    result = int.from_bytes(own.lookup(0)[:8], "little", signed=True)
    return result, [each.data for each in machine.output if isinstance(each, Sent)]


@pytest.mark.kernel
def test_perf_events_go_out_and_fail_as_the_kernels_do(cpu: int) -> None:
    others = [other for other in online_cpus() if other != cpu][:1]
    flags = {"current": CURRENT, "own": cpu, "past the end": 10_000, "unknown flag": 1 << 40}
    flags |= {f"CPU {other}": other for other in others}
    world = this_world(cpu)
    with Kernel(cpu) as kernel, PerfReader(kernel.map(EVENTS)) as reader:
        for name, each in flags.items():
            program = with_context(output(each))
            left = kernel.run(program, area(b"samples."))
            drained = [bytes(row[0].to_bytes(8, "little")) for row in reader.drain()]
            result, sent = sent_by(program, world)
            assert (result, sent) == (
                int.from_bytes(left[:8], "little", signed=True), drained
            ), name  # fmt: skip


@pytest.mark.kernel
def test_without_a_reader_the_kernel_has_no_ring_and_we_have_one(cpu: int) -> None:
    program = with_context(output(CURRENT))
    with Kernel(cpu) as kernel:
        left = kernel.run(program, area(b"samples."))
    assert int.from_bytes(left[:8], "little", signed=True) == -errno.ENOENT
    assert sent_by(program, this_world(cpu)) == (0, [b"samples."])


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (CURRENT, 0), (1, 0), (0, -errno.EOPNOTSUPP), (2, -errno.E2BIG), (1 << 32, -errno.EINVAL),
    ],
)  # fmt: skip
def test_a_perf_ring_is_its_own_cpus(flags: int, expected: int) -> None:
    result, sent = sent_by(with_context(output(flags)), World(cpu=1, cpus=2))
    assert (result, sent) == (expected, [b"samples."] if not expected else [])
