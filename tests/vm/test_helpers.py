"""Helpers: what each returns, and that the kernel's return the same."""

from __future__ import annotations

import ctypes
import errno
import itertools
import mmap
import os
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pace import fewer

from tuxscope.asm import (
    Array,
    Assembler,
    ClobberedRegisterError,
    Hash,
    PerCpuArray,
    PerCpuHash,
    PerfEventArray,
    ProgArray,
    Program,
    RawTracepoint,
    RingBuf,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r5,
    r6,
    r7,
    r9,
    r10,
)
from tuxscope.asm.helper_table import NAMES
from tuxscope.loader import bpf
from tuxscope.loader.bpf_attributes import MapElement
from tuxscope.loader.cpus import online_cpus, possible_cpus
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.loader.program import load
from tuxscope.loader.verifier import VerifierError
from tuxscope.record import Record, u8, u32, u64
from tuxscope.vm import Fault, Machine, Printed, Sent, World
from tuxscope.vm.faults import (
    HelperFault,
    OutOfBoundsFault,
    UninitialisedRegisterFault,
    UnsupportedFault,
)
from tuxscope.vm.helpers import HELPERS
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
RING = RingBuf("RING", Event, max_entries=mmap.PAGESIZE)
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
    return start + address.to_bytes(8, sys.byteorder)


def machine_of(
    write: Write, text: bytes = b"", address: int = 0, world: World | None = None
) -> tuple[Machine, Any]:
    """A machine that is ready to run, and its AREA."""
    machine = Machine(assemble(keeping(write), check=False), world=world)
    own: Any = machine.maps[AREA]
    own.update(0, area(text, address))
    return machine, own


def answer(write: Write, text: bytes = b"", world: World | None = None) -> int:
    """The helper's result in the interpreter, signed."""
    machine, own = machine_of(write, text, world=world)
    machine.run()
    return int.from_bytes(own.lookup(0)[:8], sys.byteorder, signed=True)


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
    return int.from_bytes(left[:8], sys.byteorder, signed=True), left[8:SOURCE]


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
    looks = assemble(lambda a: (a.ldx(r1, u64[r9 + INPUT]), a.ldx(r0, u8[r1])), check=False)
    machine = Machine(looks)
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


# Linux 6.1 leaves what is behind the name as it was.
@pytest.mark.kernel
@pytest.mark.one_kernel
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
        assert int.from_bytes(own.lookup(0)[:8], sys.byteorder) == machine.cpu.task


def task_bytes(a: Assembler) -> None:
    """r0 becomes bytes 8 to 15 of the task, or 0 if they cannot be read."""
    copied = a.stack(u64)
    a.call(helper.get_current_task)
    a.mov(r3, r0)
    a.add(r3, 8)
    a.lea(r1, copied)
    a.mov(r2, 8)
    a.call(helper.probe_read_kernel)
    a.ldx(r0, copied)


def test_the_world_has_the_bytes_of_the_task() -> None:
    machine, own = machine_of(task_bytes)
    for task, expected in ((b"", 0), (bytes(8) + b"\1" * 8, 0x0101010101010101), (bytes(15), 0)):
        machine.run(world=World(task=task))
        assert int.from_bytes(own.lookup(0)[:8], sys.byteorder) == expected
    machine.start(world=World(task=bytes(8) + b"\2" * 8))
    before = machine.state
    machine.run(world=World())
    machine.restore(before)
    machine.resume()
    assert int.from_bytes(own.lookup(0)[:8], sys.byteorder) == 0x0202020202020202


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
    assert 0 <= int.from_bytes(left[:8], sys.byteorder) < 10**9


def test_random_numbers_are_the_seeds() -> None:
    def numbers(seed: int) -> list[int]:
        machine, own = machine_of(calling("get_prandom_u32"), world=World(seed=seed))
        machine.run()
        first = int.from_bytes(own.lookup(0)[:8], sys.byteorder)
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
    with pytest.raises(HelperFault, match="COUNTS is not a per-CPU map"):
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


def with_context(write: Write, *, check: bool = True) -> Program:
    """A program that keeps r1 of its start in r6."""
    a = Assembler("context", attach=RawTracepoint())
    a.mov(r6, r1)
    a.ld_map_value(r9, AREA)
    keeping(write)(a)
    a.mov(r0, 0)
    a.exit()
    return a.program(check=check)


CURRENT = 0xFFFFFFFF


def sent_by(program: Program, world: World) -> tuple[int, list[bytes]]:
    machine = Machine(program, world=world)
    own: Any = machine.maps[AREA]
    own.update(0, area(b"samples."))
    machine.run()
    result = int.from_bytes(own.lookup(0)[:8], sys.byteorder, signed=True)
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
            drained = [bytes(row[0].to_bytes(8, sys.byteorder)) for row in reader.drain()]
            result, sent = sent_by(program, world)
            assert (result, sent) == (
                int.from_bytes(left[:8], sys.byteorder, signed=True), drained
            ), name  # fmt: skip


@pytest.mark.kernel
def test_without_a_reader_the_kernel_has_no_ring_and_we_have_one(cpu: int) -> None:
    program = with_context(output(CURRENT))
    with Kernel(cpu) as kernel:
        left = kernel.run(program, area(b"samples."))
    assert int.from_bytes(left[:8], sys.byteorder, signed=True) == -errno.ENOENT
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


# The ring buffer


class RingReader:
    """Reads a ring buffer as user space does; a context manager."""

    def __init__(self, fd: int) -> None:
        self._consumer = mmap.mmap(fd, mmap.PAGESIZE)
        self._rest = mmap.mmap(
            fd,
            mmap.PAGESIZE + 2 * RING.max_entries,
            prot=mmap.PROT_READ,
            offset=mmap.PAGESIZE,
        )

    def __enter__(self) -> RingReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()
        self._rest.close()

    def read(self) -> list[bytes]:
        """All that was submitted and that nothing reserved is in front of."""
        found: list[bytes] = []
        (at,) = struct.unpack_from("=Q", self._consumer)
        (end,) = struct.unpack_from("=Q", self._rest)
        while at < end:
            place = mmap.PAGESIZE + at % RING.max_entries
            (header,) = struct.unpack_from("=I", self._rest, place)
            size = header & (1 << 30) - 1
            if header >> 31:  # reserved
                break
            if not header >> 30:  # not discarded
                found.append(self._rest[place + 8 : place + 8 + size])
            at += -(-size // 8) * 8 + 8
        struct.pack_into("=Q", self._consumer, 0, at)
        return found


def reserve(a: Assembler, register: Any, none: str, number: int = 0, size: int = 8) -> None:
    """A record with a number in it, or a jump."""
    a.ld_map(r1, RING)
    a.mov(r2, size)
    a.mov(r3, 0)
    a.call(helper.ringbuf_reserve)
    a.jeq(r0, 0, none)
    a.mov(register, r0)
    a.st(u64[register], number)


FINISH = {"submit": helper.ringbuf_submit, "discard": helper.ringbuf_discard}


def finish(a: Assembler, register: Any, how: str) -> None:
    a.mov(r1, register)
    a.mov(r2, 0)
    a.call(FINISH[how])


def put(a: Assembler, size: int, flags: int = 0) -> None:
    """ringbuf_output of what is in AREA from SOURCE on."""
    a.ld_map(r1, RING)
    a.mov(r2, r9)
    a.add(r2, SOURCE)
    a.mov(r3, size)
    a.mov(r4, flags)
    a.call(helper.ringbuf_output)


def query(a: Assembler, flags: int) -> None:
    a.ld_map(r1, RING)
    a.mov(r2, flags)
    a.call(helper.ringbuf_query)


def two_records(last: str) -> Write:
    """Two records, the second finished before the first, and one that is sent in between."""

    def write(a: Assembler) -> None:
        reserve(a, r6, "none", 1)
        reserve(a, r7, "one", 2)
        finish(a, r7, "submit")
        put(a, 5)
        a.stx(u64[r9 + 8], r0)
        a.label("one")
        finish(a, r6, last)
        a.label("none")
        query(a, 0)

    return write


def until_full(size: int) -> Write:
    """How many records of a size fit, and what is said of the ring then."""

    def write(a: Assembler) -> None:
        a.mov(r7, 0)
        a.label("again")
        a.ld_map(r1, RING)
        a.mov(r2, size)
        a.mov(r3, 0)
        a.call(helper.ringbuf_reserve)
        a.jeq(r0, 0, "full")
        for at in range(0, min(size, 128), 8):
            a.st(u64[r0 + at], 3)
        finish(a, r0, "submit" if size <= 128 else "discard")
        a.add(r7, 1)
        a.jlt(r7, 5000, "again")  # more than fit in a page of 64 KiB
        a.label("full")
        put(a, 8)
        a.stx(u64[r9 + 8], r0)
        for flags in range(5):
            query(a, flags)
            a.stx(u64[r9 + 16 + 8 * flags], r0)
        a.mov(r0, r7)

    return write


def odd_calls(a: Assembler) -> None:
    """Flags that there are and are not, no bytes, and a reservation with a flag."""
    put(a, 5, 4)
    a.stx(u64[r9 + 8], r0)
    put(a, 5, 3)
    a.stx(u64[r9 + 16], r0)
    a.ld_map(r1, RING)
    a.mov(r2, 8)
    a.mov(r3, 1)
    a.call(helper.ringbuf_reserve)
    a.jeq(r0, 0, "none")
    finish(a, r0, "submit")
    a.label("none")
    put(a, 0)


RINGS = {
    "submit": two_records("submit"),
    "discard": two_records("discard"),
    "8 bytes": until_full(8),
    "24 bytes": until_full(24),
    "120 bytes": until_full(120),
    "one record": until_full(mmap.PAGESIZE - 16),
    "too large": until_full(mmap.PAGESIZE - 8),
    "odd calls": odd_calls,
}  # fmt: skip


def ring_of(machine: Machine) -> list[bytes]:
    return [each.data for each in machine.output if isinstance(each, Sent) and each.map is RING]


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize("name", RINGS)
def test_ring_buffers_fill_and_are_read_as_the_kernels(name: str, cpu: int) -> None:
    program = assemble(keeping(RINGS[name]))
    with Kernel(cpu) as kernel, RingReader(kernel.map(RING).fileno()) as reader:
        expected = kernel.run(program, area(b"output"))
        sent = reader.read()
    machine, own = machine_of(RINGS[name], b"output")
    machine.run()
    assert ring_of(machine) == sent
    assert bytes(own.lookup(0))[:INPUT].hex(" ", 8) == expected[:INPUT].hex(" ", 8)


# What a program does with the ring, and whether user space reads it afterwards.
OPERATIONS = st.sampled_from(("output", "submit", "discard", "around", "around a discard"))
RUNS = st.lists(
    st.tuples(
        st.lists(st.tuples(OPERATIONS, st.integers(1, 1500)), min_size=1, max_size=6),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


def several(operations: list[tuple[str, int]]) -> Write:
    """One after the other; what is sent in the middle of ``around`` waits for what is around."""

    def write(a: Assembler) -> None:
        for number, (what, size) in enumerate(operations):
            out = f"out {number}"
            if what == "output":
                put(a, min(size, 240))
                a.stx(u64[r9 + 8 + 16 * number], r0)
                continue
            room = max(size, 8)
            reserve(a, r6, out, number, room)
            for at in range(8, room - 7, 8):
                a.st(u64[r6 + at], at)
            for at in range(room // 8 * 8, room):
                a.st(u8[r6 + at], 1)
            if what.startswith("around"):
                put(a, 9)
                a.stx(u64[r9 + 8 + 16 * number], r0)
            finish(a, r6, "discard" if what.endswith("discard") else "submit")
            a.label(out)
            query(a, 0)
            a.stx(u64[r9 + 16 + 16 * number], r0)
        query(a, 3)

    return write


@pytest.mark.kernel
@pytest.mark.one_kernel
@settings(max_examples=fewer(60), deadline=None)
@given(RUNS)
def test_a_ring_that_is_read_now_and_then_is_as_the_kernel_s(
    runs: list[tuple[list[tuple[str, int]], bool]],
) -> None:
    """Full, half full and wrapped, over several programs that share it."""
    programs = [assemble(keeping(several(operations))) for operations, _ in runs]
    machine = Machine(programs[0])
    with (
        pinned() as cpu,
        Kernel(cpu) as kernel,
        RingReader(kernel.map(RING).fileno()) as reader,
    ):
        for program, (_, reads) in zip(programs, runs, strict=True):
            expected = kernel.run(program, area(b"output" * 40))
            machine.select(program)
            own: Any = machine.maps[AREA]
            own.update(0, area(b"output" * 40))
            machine.run()
            assert bytes(own.lookup(0))[:SOURCE] == expected[:SOURCE]
            if reads:
                assert ring_of(machine) == reader.read()
                machine.output.clear()
                ring: Any = machine.maps[RING]
                ring.read()
        assert ring_of(machine) == reader.read()


@pytest.mark.parametrize(("last", "expected"), [("submit", [1, 2]), ("discard", [2])])
def test_a_record_waits_for_those_that_were_reserved_before_it(
    last: str, expected: list[int]
) -> None:
    machine, _ = machine_of(two_records(last), b"output")
    numbers = [each.to_bytes(8, sys.byteorder) for each in expected]
    path: list[list[bytes]] = []
    while not machine.ended:
        machine.step()
        if ring_of(machine) not in path:
            path.append(ring_of(machine))
    assert path == [[], [*numbers, b"outpu"]]


@pytest.mark.parametrize("size", [8, 24])
def test_a_ring_is_full_before_its_last_byte(size: int) -> None:
    fits = (mmap.PAGESIZE - 1) // (size + 8)
    machine, own = machine_of(until_full(size), b"output..")
    machine.run()
    left = struct.unpack("=7q", own.lookup(0)[:56])
    used = fits * (size + 8)
    fits_too = mmap.PAGESIZE - used > 16
    assert left[:2] == (fits, 0 if fits_too else -errno.EAGAIN)
    used += 16 * fits_too
    assert left[2:] == (used, mmap.PAGESIZE, 0, used, 0)


def test_stepping_back_empties_the_ring_again() -> None:
    machine, _ = machine_of(two_records("submit"), b"output")
    ring: Any = machine.maps[RING]
    path = []
    while not machine.ended:
        path.append((ring.ring, list(machine.output)))
        machine.step()
    assert ring.ring.used == 48
    assert len(machine.output) == 3
    for rings, output in reversed(path):
        machine.back()
        assert (ring.ring, machine.output) == (rings, output)
    assert machine.resume() is False
    assert len(machine.output) == 3


def test_a_run_that_faulted_leaves_no_record_reserved() -> None:
    def write(a: Assembler) -> None:
        reserve(a, r6, "none", 1)
        a.ldx(r1, u64[r10 - 8])
        a.label("none")

    machine, _ = machine_of(write)
    for _ in range(2):
        with pytest.raises(Fault):
            machine.run()
        ring: Any = machine.maps[RING]
        assert len(ring.ring.reserved) == 1
    machine.start()
    assert ring.ring.reserved == ()
    assert ring.ring.used == 32
    assert machine.output == []


def submit(a: Assembler) -> None:
    reserve(a, r6, "none")
    finish(a, r6, "submit")


def discard(a: Assembler) -> None:
    reserve(a, r6, "none")
    finish(a, r6, "discard")


def miss(a: Assembler) -> None:
    a.mov(r1, r6)
    a.ld_map(r2, PROGRAMS)
    a.mov(r3, 0)
    a.call(helper.tail_call)


@pytest.mark.kernel
@pytest.mark.parametrize("call", [submit, discard, miss])
def test_what_returns_nothing_leaves_nothing_in_r0(call: Callable[..., None], cpu: int) -> None:
    def write(a: Assembler) -> None:
        call(a)
        a.mov(r1, r0)
        a.label("none")
        a.mov(r0, 0)

    with pytest.raises(ClobberedRegisterError, match="r0 is read, and was clobbered by"):
        with_context(write)
    program = with_context(write, check=False)
    with pytest.raises(UninitialisedRegisterFault, match="r0 is read and is uninitialised"):
        Machine(program).run()
    with Kernel(cpu) as kernel, pytest.raises(VerifierError) as refusal:
        kernel.run(program)
    assert "R0 !read_ok" in refusal.value.log


# Loops and tail calls


FOREVER = 1 << 30


def looping(count: int, flags: int = 0, stop: int = FOREVER) -> Program:
    """A bpf_loop that counts in AREA, and stops after an index."""
    a = Assembler("looping", attach=RawTracepoint())
    a.ld_map_value(r9, AREA)
    a.ld_imm64(r1, count)
    a.ld_func(r2, "each")
    a.mov(r3, r10)
    a.ld_imm64(r4, flags)
    a.call(helper.loop)
    a.stx(u64[r9], r0)
    a.mov(r0, 0)
    a.exit()
    a.function("each")
    a.ld_map_value(r3, AREA)
    a.ldx(r4, u64[r3 + 8])
    a.add(r4, 1)
    a.stx(u64[r3 + 8], r4)
    a.stx(u64[r3 + 16], r1)
    a.mov(r0, 0)
    a.jlt(r1, stop, "on")
    a.mov(r0, 1)
    a.label("on")
    a.exit()
    return a.program()


MOST = 8 << 20
TOO_MANY = -errno.E2BIG & 0xFFFFFFFF  # zeros above: the verifier puts the helper in line
# Count, flags, the index to stop after; the result.
LOOPS = [
    (0, 0, FOREVER, 0), (1, 0, FOREVER, 1), (7, 0, FOREVER, 7), (7, 0, 3, 4), (7, 0, 0, 1),
    (7, 0, 6, 7), (7, 1, FOREVER, -errno.EINVAL), (MOST + 1, 0, FOREVER, TOO_MANY),
    (MOST + 1, 1, FOREVER, -errno.EINVAL), (1 << 32 | 3, 0, FOREVER, TOO_MANY),
]  # fmt: skip


def looped(count: int, flags: int, stop: int) -> bytes:
    machine = Machine(looping(count, flags, stop))
    machine.run()
    own: Any = machine.maps[AREA]
    return bytes(own.lookup(0))


@pytest.mark.parametrize(("count", "flags", "stop", "expected"), LOOPS)
def test_a_loop_returns_how_often_it_went_round(
    count: int, flags: int, stop: int, expected: int
) -> None:
    result, rounds, last = struct.unpack("=3q", looped(count, flags, stop)[:24])
    went_round = expected if 0 < expected <= MOST else 0
    assert (result, rounds) == (expected, went_round)
    assert last == max(went_round - 1, 0)


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize(("count", "flags", "stop", "expected"), LOOPS)
def test_loops_go_round_as_often_as_the_kernels(
    count: int, flags: int, stop: int, expected: int, cpu: int
) -> None:
    with Kernel(cpu) as kernel:
        left = kernel.run(looping(count, flags, stop), bytes(len(UNTOUCHED)))
    assert looped(count, flags, stop) == left


def chain(index: int) -> Program:
    """A program that counts in AREA, and tail-calls; it counts there, too, if that misses."""
    a = Assembler("chain", attach=RawTracepoint())
    a.ld_map_value(r9, AREA)
    for place in (0, 8):
        if place:
            a.ld_map(r2, PROGRAMS)
            a.ld_imm64(r3, index)
            a.call(helper.tail_call)
        a.ldx(r0, u64[r9 + place])
        a.add(r0, 1)
        a.stx(u64[r9 + place], r0)
    a.mov(r0, 0)
    a.exit()
    return a.program()


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize(
    ("index", "runs"),
    [(0, 34), (1, 1), (2, 1), (1 << 32, 34)],
    ids=["itself", "empty", "past the end", "64 bits"],
)
def test_tail_calls_end_where_the_kernels_do(index: int, runs: int, cpu: int) -> None:
    program = chain(index)
    with Kernel(cpu) as kernel:
        programs, counts = kernel.map(PROGRAMS), kernel.map(AREA)
        counts.update(0, bytes(len(UNTOUCHED)))
        with load(program, kernel.maps) as loaded:
            first = struct.pack("=I", 0)
            bpf.map_update(programs.fileno(), first, struct.pack("=I", loaded.fileno()))
            loaded.test_run(cpu=cpu)
            expected = bytes(counts.lookup(0))
            bpf.map_delete(programs.fileno(), first)
    machine = Machine(program)
    own: Any = machine.maps
    own[PROGRAMS].update(0, program)
    machine.run()
    assert bytes(own[AREA].lookup(0)) == expected
    assert struct.unpack("=2Q", expected[:16]) == (runs, 1)


# Texts


OTHERS = Array("OTHERS", value=u8[32], max_entries=1)


def comparing(own: bytes, others: Array | None = None) -> Write:
    """strncmp of AREA's text with the text after it, or with what is in a map."""

    def write(a: Assembler) -> None:
        a.mov(r1, r9)
        a.add(r1, SOURCE)
        a.mov(r2, len(own))
        if others:
            a.ld_map_value(r3, others)
        else:
            a.mov(r3, r9)
            a.add(r3, SOURCE + 32)
        a.call(helper.strncmp)

    return write


STRINGS = [
    (b"cat\0", b"cat", 0), (b"cat", b"cats", 0), (b"cat\0", b"cats", -1),
    (b"cats", b"cat", 1), (b"a\0", b"z", -1), (b"z\0", b"a", 1), (b"\xff", b"a", 1),
    (b"cat\0x", b"cat", 0), (b"a\0", b"\xff", -1),
]  # fmt: skip


@pytest.mark.parametrize(("own", "other", "expected"), STRINGS)
def test_strings_compare(own: bytes, other: bytes, expected: int) -> None:
    text = own.ljust(32, b"\0") + other + b"\0"
    assert answer(comparing(own), text) == expected


class FrozenMap(LoadedMap):
    """An array that nobody can change: strncmp takes its second string from there alone."""

    def __init__(self, description: Array, value: bytes) -> None:
        super().__init__(description, map_flags=0x80)  # BPF_F_RDONLY_PROG
        self.update(0, value)
        bpf.bpf(22, MapElement(map_fd=self.fileno()))  # BPF_MAP_FREEZE


@x86
@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize(("own", "other", "expected"), STRINGS)
def test_strings_compare_as_in_the_kernel(
    own: bytes, other: bytes, expected: int, cpu: int
) -> None:
    program = assemble(keeping(comparing(own, OTHERS)))
    with Kernel(cpu) as kernel, FrozenMap(OTHERS, other.ljust(32, b"\0")) as others:
        kernel.maps[OTHERS] = others
        left = kernel.run(program, area(own))
    found = int.from_bytes(left[:8], sys.byteorder)
    assert found & 0xFFFFFFFF == expected & 0xFFFFFFFF
    machine = Machine(program)
    given: Any = machine.maps
    given[OTHERS].update(0, other.ljust(32, b"\0"))
    given[AREA].update(0, area(own))
    machine.run()
    assert int.from_bytes(given[AREA].lookup(0)[:8], sys.byteorder) == found


def printing(size: int) -> Write:
    """trace_printk of AREA's text with -5, 'A' and the address of the text after it."""

    def write(a: Assembler) -> None:
        a.mov(r1, r9)
        a.add(r1, SOURCE)
        a.mov(r2, size)
        a.mov(r3, -5)
        a.mov(r4, ord("A"))
        a.mov(r5, r9)
        a.add(r5, SOURCE + 64)
        a.call(helper.trace_printk)

    return write


def text_of(format: bytes) -> bytes:
    return (format + b"\0").ljust(64, b"\0") + b"the end\0"


PRINTED = {
    b"plain": "plain", b"": "", b"%d": "-5", b"%5d|%-5d|": "   -5|65   |", b"%06d": "-00005",
    b"%ld %lu": "-5 65", b"%lld %llx": "-5 41", b"%i": "-5", b"%u": "4294967291",
    b"%lx": "fffffffffffffffb", b"%X": "FFFFFFFB", b"%+d|% d": "-5| 65", b"%+x": "fffffffb",
    b"%d%%": "-5%", b"%d%c%s": "-5Athe end", b"%d%3c|%9s|": "-5  A|  the end|",
    b"%d%-3c|%-9s|": "-5A  |the end  |", b"%d %d %pks.": "-5 65 the end.",
    b"%d %d %pus.": "-5 65 .", b"%s.": ".", b"%px": "fffffffffffffffb",
    b"%20px|": "    fffffffffffffffb|", b"%d %px": "-5 0000000000000041", b"\t%d\n": "\t-5",
    b"%1200d|": " " * 1023,
}  # fmt: skip
HASHED = (b"%p", b"%pK", b"%d%d%p.")
REFUSED = (
    b"%hd", b"%hhx", b"%zu", b"%o", b"%", b"%5%", b"%pz", b"%sx", b"%.3d", b"\x01", b"\x7f",
    b"%d%d%d%d", b"%5", b"%l", b"%llld", b"%d %",
)  # fmt: skip


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize("format", [*PRINTED, *HASHED, *REFUSED, b"\xc3\xa9 %d"])
def test_lines_are_as_long_as_the_kernels_and_refused_as_they_are(format: bytes, cpu: int) -> None:
    own, expected = both(printing(len(format) + 1), text_of(format), cpu)
    assert own[:8].hex() == expected[:8].hex()


@pytest.mark.kernel
@pytest.mark.one_kernel
@pytest.mark.parametrize("size", [1, 2, 3, 9])
def test_a_format_without_an_end_is_refused(size: int, cpu: int) -> None:
    own, expected = both(printing(size), b"ab\0more", cpu)
    assert own[:8] == expected[:8]
    assert own[:8] == (2 if size > 2 else -errno.EINVAL).to_bytes(8, sys.byteorder, signed=True)


@pytest.mark.parametrize("format", PRINTED)
def test_lines_are_printed(format: bytes) -> None:
    machine, _ = machine_of(printing(len(format) + 1), text_of(format))
    machine.run()
    assert machine.output == [Printed(PRINTED[format])]


@pytest.mark.parametrize("format", REFUSED)
def test_nothing_is_printed_of_what_is_refused(format: bytes) -> None:
    machine, own = machine_of(printing(len(format) + 1), text_of(format))
    machine.run()
    assert int.from_bytes(own.lookup(0)[:8], sys.byteorder, signed=True) == -errno.EINVAL
    assert machine.output == []


def test_what_names_symbols_is_not_simulated() -> None:
    with pytest.raises(UnsupportedFault, match="%pS of trace_printk is not simulated"):
        answer(printing(4), text_of(b"%pS"))


def test_every_helper_is_called_here() -> None:
    with open(__file__) as file:
        source = file.read()
    elsewhere = {"map_lookup_elem", "map_update_elem", "map_delete_elem"}  # test_maps.py
    names = {NAMES[number - 1] for number in HELPERS} - elsewhere
    assert [each for each in sorted(names) if each not in source] == []
