"""The kernel's helpers in Python: the same answer each time.

A helper is a function of the machine and as many of r1 to r5 as it has parameters; what it
returns becomes r0. Errors are negative errnos, as in the kernel (man 7 bpf-helpers).
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tuxscope.asm.helpers import NAMES
from tuxscope.vm.faults import HelperFault, MemoryFault
from tuxscope.vm.maps import (
    Ring,
    Values,
    VirtualMap,
    VirtualPerfEventArray,
    VirtualRingBuffer,
)
from tuxscope.vm.meaning import signed
from tuxscope.vm.memory import Region
from tuxscope.vm.state import Printed, Sent
from tuxscope.vm.world import next_random

if TYPE_CHECKING:
    from tuxscope.vm.machine import Machine

M = TypeVar("M", bound=VirtualMap)

CURRENT_CPU = 0xFFFFFFFF  # BPF_F_CURRENT_CPU, which is BPF_F_INDEX_MASK, too
COMM_SIZE = 16

HELPERS: dict[int, Callable[..., int]] = {}
Function = TypeVar("Function", bound=Callable[..., int])


def implements(*names: str) -> Callable[[Function], Function]:
    """Registers a function as these helpers."""

    def register(function: Function) -> Function:
        for name in names:
            HELPERS[NAMES.index(name) + 1] = function
        return function

    return register


def map_at(machine: Machine, address: int, kind: type[M]) -> M:
    """The map that a.ld_map loaded. Raises HelperFault."""
    found = machine.map_at(address)
    if not isinstance(found, kind):
        what = "is no map" if found is None else f"is {found.description.name}, another kind of map"
        raise HelperFault(f"the argument {address:#x} {what}; a.ld_map loads one")
    return found


def key_of(machine: Machine, values: Values, address: int) -> bytes:
    return machine.memory.read(address, values.description.key_size)


@implements("map_lookup_elem")
def map_lookup_elem(machine: Machine, map: int, key: int) -> int:
    values = map_at(machine, map, Values)
    return values.find(key_of(machine, values, key), machine.world.cpu)


@implements("map_lookup_percpu_elem")
def map_lookup_percpu_elem(machine: Machine, map: int, key: int, cpu: int) -> int:
    values = map_at(machine, map, Values)
    known = cpu < machine.world.cpus
    return values.find(key_of(machine, values, key), cpu) if known else 0


@implements("map_update_elem")
def map_update_elem(machine: Machine, map: int, key: int, value: int, flags: int) -> int:
    values = map_at(machine, map, Values)
    data = machine.memory.read(value, values.description.value_size)
    return values.put(key_of(machine, values, key), data, flags, machine.world.cpu)


@implements("map_delete_elem")
def map_delete_elem(machine: Machine, map: int, key: int) -> int:
    values = map_at(machine, map, Values)
    return values.remove(key_of(machine, values, key))


@implements(
    "ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns", "ktime_get_tai_ns"
)  # fmt: skip
def ktime_get_ns(machine: Machine) -> int:
    return machine.clock()


@implements("jiffies64")
def jiffies64(machine: Machine) -> int:
    return machine.clock() // 4_000_000  # 250 a second


@implements("get_prandom_u32")
def get_prandom_u32(machine: Machine) -> int:
    machine.random, bits = next_random(machine.random)
    return bits


@implements("get_smp_processor_id")
def get_smp_processor_id(machine: Machine) -> int:
    return machine.world.cpu


@implements("get_numa_node_id")
def get_numa_node_id(machine: Machine) -> int:
    return 0


@implements("get_current_pid_tgid")
def get_current_pid_tgid(machine: Machine) -> int:
    return machine.world.pid << 32 | machine.world.tid


@implements("get_current_uid_gid")
def get_current_uid_gid(machine: Machine) -> int:
    return machine.world.gid << 32 | machine.world.uid


@implements("get_current_comm")
def get_current_comm(machine: Machine, buffer: int, size: int) -> int:
    if size:
        comm = machine.world.comm[: min(size, COMM_SIZE) - 1]
        machine.memory.write(buffer, comm.ljust(size, b"\0"))
        return 0
    return -errno.EINVAL


@implements("get_current_task", "get_current_task_btf")
def get_current_task(machine: Machine) -> int:
    return machine.task


@implements("perf_event_output")
def perf_event_output(
    machine: Machine, context: int, map: int, flags: int, data: int, size: int
) -> int:
    array = map_at(machine, map, VirtualPerfEventArray)
    index = flags & CURRENT_CPU
    sent = machine.memory.read(data, size)
    if flags >> 32:
        return -errno.EINVAL
    if index == CURRENT_CPU:
        index = machine.world.cpu
    if index >= (array.description.max_entries or machine.world.cpus):
        return -errno.E2BIG
    if index != machine.world.cpu:
        return -errno.EOPNOTSUPP  # a ring is written by its own CPU alone
    machine.produce(Sent(array.description, index, sent))
    return 0


@implements("ringbuf_output")
def ringbuf_output(machine: Machine, map: int, data: int, size: int, flags: int) -> int:
    buffer = map_at(machine, map, VirtualRingBuffer)
    sent = machine.memory.read(data, size)
    room = buffer.room(size)
    if not room:
        return -errno.EAGAIN
    buffer.ring = Ring(buffer.ring.used + room, buffer.ring.reserved)
    machine.produce(Sent(buffer.description, machine.world.cpu, sent))
    return 0


@implements("ringbuf_reserve")
def ringbuf_reserve(machine: Machine, map: int, size: int, flags: int) -> int:
    buffer = map_at(machine, map, VirtualRingBuffer)
    room = buffer.room(size)
    if flags or not room:
        return 0
    name = f"record of {buffer.description.name}"
    address = machine.memory.add(Region(name, bytearray(size), bytearray(b"\1" * size)))
    buffer.ring = Ring(buffer.ring.used + room, (*buffer.ring.reserved, address))
    return address


def release(machine: Machine, record: int) -> tuple[VirtualRingBuffer, bytes]:
    """Take back a reserved record; its ring and its bytes, zero where nothing was stored."""
    for buffer in machine.maps.values():
        if isinstance(buffer, VirtualRingBuffer) and record in buffer.ring.reserved:
            region, _ = machine.memory.find(record, 0)
            machine.memory.remove(record)
            left = tuple(each for each in buffer.ring.reserved if each != record)
            buffer.ring = Ring(buffer.ring.used, left)
            return buffer, bytes(region.data)
    raise HelperFault(f"the argument {record:#x} is no record that ringbuf_reserve returned")


@implements("ringbuf_submit")
def ringbuf_submit(machine: Machine, record: int, flags: int) -> int:
    buffer, data = release(machine, record)
    machine.produce(Sent(buffer.description, machine.world.cpu, data))
    return 0


@implements("ringbuf_discard")
def ringbuf_discard(machine: Machine, record: int, flags: int) -> int:
    release(machine, record)
    return 0


@implements("ringbuf_query")
def ringbuf_query(machine: Machine, map: int, flags: int) -> int:
    buffer = map_at(machine, map, VirtualRingBuffer)
    used, size = buffer.ring.used, buffer.description.max_entries
    return {0: used, 1: size, 2: 0, 3: used}.get(flags, 0)


def fetch(machine: Machine, address: int, size: int, user: bool) -> bytes | None:
    """Up to ``size`` bytes of a process's or of the kernel's memory; None where there are none."""
    try:
        region, offset = machine.memory.find(address, 0)
    except MemoryFault:
        return None
    if region.user is not user:
        return None
    return bytes(region.data[offset : offset + size])


def probe(machine: Machine, target: int, size: int, source: int, user: bool) -> int:
    """Copy memory that may not be there: then zeros, and -EFAULT."""
    data = fetch(machine, source, size, user)
    found = data is not None and len(data) == size
    machine.memory.write(target, data if data is not None and found else bytes(size))
    return 0 if found else -errno.EFAULT


@implements("probe_read", "probe_read_kernel")
def probe_read_kernel(machine: Machine, target: int, size: int, source: int) -> int:
    return probe(machine, target, size, source, user=False)


@implements("probe_read_user", "copy_from_user")
def probe_read_user(machine: Machine, target: int, size: int, source: int) -> int:
    return probe(machine, target, size, source, user=True)


def probe_text(machine: Machine, target: int, size: int, source: int, user: bool) -> int:
    """Copy a C string; its length with the NUL, which is always there, or -EFAULT."""
    data = fetch(machine, source, size, user)
    if data is None or (b"\0" not in data and len(data) < size):
        machine.memory.write(target, bytes(size))
        return -errno.EFAULT
    if not size:
        return 0
    text = data.partition(b"\0")[0][: size - 1] + b"\0"
    machine.memory.write(target, text)
    return len(text)


@implements("probe_read_str", "probe_read_kernel_str")
def probe_read_kernel_str(machine: Machine, target: int, size: int, source: int) -> int:
    return probe_text(machine, target, size, source, user=False)


@implements("probe_read_user_str")
def probe_read_user_str(machine: Machine, target: int, size: int, source: int) -> int:
    return probe_text(machine, target, size, source, user=True)


@implements("strncmp")
def strncmp(machine: Machine, first: int, size: int, second: int) -> int:
    own = machine.memory.read(first, size).partition(b"\0")[0]
    other = c_string(machine, second)[:size]
    pairs = zip(own + b"\0", other + b"\0", strict=False)
    return next((a - b for a, b in pairs if a != b), 0)


def c_string(machine: Machine, address: int) -> bytes:
    """The bytes up to a NUL. Raises MemoryFault where there is none."""
    region, offset = machine.memory.find(address, 1)
    end = region.data.find(0, offset)
    size = (len(region.data) if end < 0 else end) - offset
    return machine.memory.read(address, size)


DIRECTIVE = re.compile(rb"%(%|-?0?\d*(?:ll|l|hh|h|z)?[diuxXpsc])")


@implements("trace_printk")
def trace_printk(machine: Machine, format: int, size: int) -> int:
    """Takes up to three numbers in r3 to r5, as its format asks for them."""
    text = machine.memory.read(format, size).partition(b"\0")[0]
    if len(DIRECTIVE.sub(b"", text).replace(b"%%", b"")) and b"%" in DIRECTIVE.sub(b"", text):
        return -errno.EINVAL
    numbers = iter(range(3, 6))

    def fill(match: re.Match[bytes]) -> bytes:
        if match[1] == b"%":
            return b"%"
        number = next(numbers, None)
        if number is None:
            raise HelperFault("trace_printk takes three numbers at most")
        return printed(machine, match[1].decode(), machine.argument(number))

    line = DIRECTIVE.sub(fill, text)
    machine.produce(Printed(line.decode("utf-8", "replace").rstrip("\n")))
    return len(line)


def printed(machine: Machine, directive: str, value: int) -> bytes:
    """One number as a C format shows it."""
    flags, kind = re.split("[a-zA-Z]", directive)[0], directive[-1]
    if kind == "s":
        return c_string(machine, value)
    if kind == "c":
        return bytes([value & 0xFF])
    if kind == "p":
        return f"{value:016x}".encode()
    bits = 64 if "l" in directive or "z" in directive else 32
    value &= (1 << bits) - 1
    shown = signed(value, bits) if kind in "di" else value
    return (f"%{flags}{'d' if kind in 'diu' else kind}" % shown).encode()
