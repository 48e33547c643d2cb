"""The kernel's helpers in Python: the same answer each time.

A helper is a function of the machine and as many of r1 to r5 as it has parameters; what it
returns becomes r0, and None leaves nothing there. Errors are negative errnos, as in the kernel
(man 7 bpf-helpers); where those differ between architectures, they are those of x86-64.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tuxscope.asm.helpers import NAMES
from tuxscope.asm.meaning import signed
from tuxscope.vm.faults import HelperFault, MemoryFault, UnsupportedFault
from tuxscope.vm.maps import (
    Record,
    Values,
    VirtualMap,
    VirtualPerfEventArray,
    VirtualRingBuffer,
)
from tuxscope.vm.memory import Region
from tuxscope.vm.state import Printed, Sent
from tuxscope.vm.world import next_random

if TYPE_CHECKING:
    from tuxscope.vm.machine import Machine

M = TypeVar("M", bound=VirtualMap)

CURRENT_CPU = 0xFFFFFFFF  # BPF_F_CURRENT_CPU, which is BPF_F_INDEX_MASK, too
COMM_SIZE = 16
WAKEUPS = 3  # BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP
KERNEL_HALF = 0xFFFF_8000_0000_0000
USER_END = (1 << 47) - 4096  # TASK_SIZE_MAX

HELPERS: dict[int, Callable[..., int | None]] = {}
Function = TypeVar("Function", bound=Callable[..., int | None])


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
    cpu &= 0xFFFFFFFF
    if not values.description.per_cpu:
        raise HelperFault(f"{values.description.name} has no value for each CPU")
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
        machine.memory.find(buffer, size)  # before so many bytes are made
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
    if flags & ~WAKEUPS:
        return -errno.EINVAL
    if not buffer.room(size):
        return -errno.EAGAIN
    record = Record(0, Sent(buffer.description, machine.world.cpu, sent))
    for each in buffer.append(size, record):
        machine.produce(each)
    return 0


@implements("ringbuf_reserve")
def ringbuf_reserve(machine: Machine, map: int, size: int, flags: int) -> int:
    buffer = map_at(machine, map, VirtualRingBuffer)
    if flags or not buffer.room(size):
        return 0
    name = f"record of {buffer.description.name}"
    address = machine.memory.add(Region(name, bytearray(size), bytearray(b"\1" * size)))
    buffer.append(size, Record(address))
    return address


def release(machine: Machine, record: int, submitted: bool) -> None:
    """Take back a reserved record; bytes where nothing was stored are zero."""
    for buffer in machine.maps.values():
        if isinstance(buffer, VirtualRingBuffer) and record in buffer.ring.reserved:
            region, _ = machine.memory.find(record, 0)
            sent = Sent(buffer.description, machine.world.cpu, bytes(region.data))
            for each in buffer.settle(record, sent if submitted else None):
                machine.produce(each)
            return
    raise HelperFault(f"the argument {record:#x} is no record that ringbuf_reserve returned")


@implements("ringbuf_submit")
def ringbuf_submit(machine: Machine, record: int, flags: int) -> None:
    release(machine, record, submitted=True)


@implements("ringbuf_discard")
def ringbuf_discard(machine: Machine, record: int, flags: int) -> None:
    release(machine, record, submitted=False)


@implements("ringbuf_query")
def ringbuf_query(machine: Machine, map: int, flags: int) -> int:
    buffer = map_at(machine, map, VirtualRingBuffer)
    used, size = buffer.ring.used, buffer.description.max_entries
    return {0: used, 1: size, 2: 0, 3: used}.get(flags, 0)


def fetch(machine: Machine, address: int, size: int, user: bool) -> bytes | int:
    """Up to ``size`` bytes of a process's or of the kernel's memory, or a negative errno."""
    try:
        region, offset = machine.memory.find(address, 0)
    except MemoryFault:
        region, offset = NOWHERE, 0
    if region is not NOWHERE and region.user is user:
        return bytes(region.data[offset : offset + size])
    if user:
        return b"" if address <= USER_END else -errno.EFAULT
    return b"" if address >= KERNEL_HALF else -errno.ERANGE


NOWHERE = Region("nowhere", bytearray())


def in_user_half(address: int) -> bool:
    """What probe_read and probe_read_str go by."""
    return address < USER_END


def probe(machine: Machine, target: int, size: int, source: int, user: bool) -> int:
    """Copy memory that may not be there: then zeros, and a negative errno."""
    machine.memory.find(target, size)  # before so many bytes are made
    data = fetch(machine, source, size, user)
    if isinstance(data, bytes) and len(data) < size:
        data = -errno.EFAULT
    machine.memory.write(target, bytes(size) if isinstance(data, int) else data)
    return data if isinstance(data, int) else 0


@implements("probe_read")
def probe_read(machine: Machine, target: int, size: int, source: int) -> int:
    return probe(machine, target, size, source, user=in_user_half(source))


@implements("probe_read_kernel")
def probe_read_kernel(machine: Machine, target: int, size: int, source: int) -> int:
    return probe(machine, target, size, source, user=False)


@implements("probe_read_user", "copy_from_user")
def probe_read_user(machine: Machine, target: int, size: int, source: int) -> int:
    return probe(machine, target, size, source, user=True)


def probe_text(machine: Machine, target: int, size: int, source: int, user: bool) -> int:
    """Copy a C string; its length with the NUL, which is always there, or a negative errno.

    What is in the target after the NUL stays, and counts as set: the verifier lets it be read.
    But a process's string is copied in words of 8 bytes, as long as there is room for a whole one,
    and the NUL's is filled up with zeros.
    """
    if not size:
        return 0
    machine.memory.find(target, size)
    data = fetch(machine, source, size, user)
    if isinstance(data, bytes) and b"\0" not in data and len(data) < size:
        data = -errno.EFAULT
    if isinstance(data, int):
        machine.memory.write(target, bytes(size))
        return data
    text = data.partition(b"\0")[0][: size - 1] + b"\0"
    copied = text
    if user and len(text) <= size // 8 * 8 and b"\0" in data[:size]:
        copied = text.ljust(-(-len(text) // 8) * 8, b"\0")
    region, offset = machine.memory.find(target, size)
    machine.memory.write(target, copied + region.data[offset + len(copied) : offset + size])
    return len(text)


@implements("probe_read_str")
def probe_read_str(machine: Machine, target: int, size: int, source: int) -> int:
    return probe_text(machine, target, size, source, user=in_user_half(source))


@implements("probe_read_kernel_str")
def probe_read_kernel_str(machine: Machine, target: int, size: int, source: int) -> int:
    return probe_text(machine, target, size, source, user=False)


@implements("probe_read_user_str")
def probe_read_user_str(machine: Machine, target: int, size: int, source: int) -> int:
    return probe_text(machine, target, size, source, user=True)


@implements("strncmp")
def strncmp(machine: Machine, first: int, size: int, second: int) -> int:
    own = machine.memory.read(first, size).partition(b"\0")[0]
    other = c_string(machine, second)[:size]
    return (own > other) - (own < other)


def c_string(machine: Machine, address: int) -> bytes:
    """The bytes up to a NUL. Raises MemoryFault where there is none."""
    region, offset = machine.memory.find(address, 1)
    end = region.data.find(0, offset)
    size = (len(region.data) if end < 0 else end) - offset
    return machine.memory.read(address, size)


# What there may be: %%, a number, a character, a string, a pointer. The kernel takes a string or a
# plain pointer only where no letter or digit follows.
DIRECTIVE = re.compile(
    rb"%(?:%|([0 +-]*)([1-9][0-9]{0,3})?"
    rb"(l{0,2}[diuxX]|c|(?:s|p[ku]s)(?![A-Za-z0-9])|p[KxsSB]|p[iI][46]|p(?![A-Za-z0-9])))"
)
MOST_PRINTED = 1023
NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


@implements("trace_printk")
def trace_printk(machine: Machine, format: int, size: int) -> int:
    """Takes up to three numbers in r3 to r5, as its format asks for them."""
    text, end, _ = machine.memory.read(format, size).partition(b"\0")
    numbers = [match for match in DIRECTIVE.finditer(text) if match[3]]
    if not end or NOT_TEXT.search(text) or b"%" in DIRECTIVE.sub(b"", text) or len(numbers) > 3:
        return -errno.EINVAL
    registers = iter(range(3, 6))

    def fill(match: re.Match[bytes]) -> bytes:
        return printed(machine, match, machine.argument(next(registers))) if match[3] else b"%"

    line = DIRECTIVE.sub(fill, text)
    machine.produce(Printed(line[:MOST_PRINTED].decode("utf-8", "replace").rstrip("\n")))
    return len(line)


def printed(machine: Machine, directive: re.Match[bytes], value: int) -> bytes:
    """One argument as a C format shows it."""
    flags, width = directive[1].decode(), (directive[2] or b"").decode()
    kind = directive[3].decode()
    if kind in ("p", "px", "pK"):  # the kernel shows a hash of it, but for %px
        return (f"%{flags}{width}x" % value if width else f"{value:016x}").encode()
    if kind.startswith("p") and kind not in ("pks", "pus"):
        raise UnsupportedFault(f"%{kind} of trace_printk is not simulated")
    if kind.endswith("s"):
        user = kind == "pus" or (kind == "s" and in_user_half(value))
        found = fetch(machine, value, MOST_PRINTED, user)
        shown = b"" if isinstance(found, int) else found.partition(b"\0")[0]
    elif kind == "c":
        shown = bytes([value & 0xFF])
    else:
        bits = 64 if "l" in kind else 32
        value &= (1 << bits) - 1
        if kind[-1] in "di":
            return (f"%{flags}{width}d" % signed(value, bits)).encode()
        plain = flags.replace("+", "").replace(" ", "")  # unsigned numbers show no sign
        return (f"%{plain}{width}{kind[-1].replace('u', 'd')}" % value).encode()
    side = bytes.ljust if "-" in flags else bytes.rjust
    return side(shown, int(width or 0))
