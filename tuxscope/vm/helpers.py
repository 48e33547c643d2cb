"""The kernel's helpers in Python, deterministic (man 7 bpf-helpers).

A helper is a function of the CPU and of r1, r2, ..., one for each parameter. Its result becomes r0;
None leaves r0 uninitialised. Errors are negative errnos as on x86-64.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from typing import TypeVar

from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.meaning import signed
from tuxscope.vm.cpu import Cpu
from tuxscope.vm.faults import HelperFault, MemoryFault, UnsupportedFault
from tuxscope.vm.maps import (
    Values,
    VirtualMap,
    VirtualPerfEventArray,
    VirtualRingBuf,
)
from tuxscope.vm.memory import Region
from tuxscope.vm.ring_state import Reservation
from tuxscope.vm.state import Printed, Sent
from tuxscope.vm.world import next_random

M = TypeVar("M", bound=VirtualMap)

CURRENT_CPU = 0xFFFFFFFF  # BPF_F_CURRENT_CPU, which is BPF_F_INDEX_MASK, too
COMM_SIZE = 16
WAKEUPS = 3  # BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP
KERNEL_HALF = 0xFFFF_8000_0000_0000
USER_END = (1 << 47) - 4096  # TASK_SIZE_MAX

HELPERS: dict[int, Callable[..., int | None]] = {}
Function = TypeVar("Function", bound=Callable[..., int | None])


def implements(*names: str) -> Callable[[Function], Function]:
    """Return a decorator that registers a function, and returns it, as the helpers ``names``, each
    a str."""

    def register(function: Function) -> Function:
        for name in names:
            HELPERS[NAMES.index(name) + 1] = function
        return function

    return register


def map_at(cpu: Cpu, address: int, kind: type[M]) -> M:
    """Return the map of ``kind``, a subclass of VirtualMap, that ``cpu``, a Cpu, has at
    ``address``. Raises HelperFault if none."""
    found = cpu.map_at(address)
    if not isinstance(found, kind):
        what = "is not a map"
        if found is not None:
            what = f"is {found.description.name}, a map of the wrong type"
        raise HelperFault(
            f"the argument {address:#x} {what}; load the map that the helper takes with a.ld_map"
        )
    return found


def key_of(cpu: Cpu, values: Values, address: int) -> bytes:
    """Return the key, bytes, at ``address``, an int, of the memory of ``cpu``, a Cpu, for the map
    ``values``, a Values. Raises MemoryFault."""
    return cpu.memory.read(address, values.description.key_size)


@implements("map_lookup_elem")
def map_lookup_elem(cpu: Cpu, map: int, key: int) -> int:
    values = map_at(cpu, map, Values)
    return values.find(key_of(cpu, values, key), cpu.world.cpu)


@implements("map_lookup_percpu_elem")
def map_lookup_percpu_elem(cpu: Cpu, map: int, key: int, number: int) -> int:
    values = map_at(cpu, map, Values)
    number &= 0xFFFFFFFF
    if not values.description.per_cpu:
        raise HelperFault(f"{values.description.name} is not a per-CPU map; use map_lookup_elem")
    known = number < cpu.world.cpus
    return values.find(key_of(cpu, values, key), number) if known else 0


@implements("map_update_elem")
def map_update_elem(cpu: Cpu, map: int, key: int, value: int, flags: int) -> int:
    values = map_at(cpu, map, Values)
    data = cpu.memory.read(value, values.description.value_size)
    return values.put(key_of(cpu, values, key), data, flags, cpu.world.cpu)


@implements("map_delete_elem")
def map_delete_elem(cpu: Cpu, map: int, key: int) -> int:
    values = map_at(cpu, map, Values)
    return values.remove(key_of(cpu, values, key))


@implements(
    "ktime_get_ns", "ktime_get_boot_ns", "ktime_get_coarse_ns", "ktime_get_tai_ns"
)  # fmt: skip
def ktime_get_ns(cpu: Cpu) -> int:
    return cpu.clock()


@implements("jiffies64")
def jiffies64(cpu: Cpu) -> int:
    return cpu.clock() // 4_000_000  # 250 a second


@implements("get_prandom_u32")
def get_prandom_u32(cpu: Cpu) -> int:
    cpu.random, bits = next_random(cpu.random)
    return bits


@implements("get_smp_processor_id")
def get_smp_processor_id(cpu: Cpu) -> int:
    return cpu.world.cpu


@implements("get_numa_node_id")
def get_numa_node_id(cpu: Cpu) -> int:
    return 0


@implements("get_current_pid_tgid")
def get_current_pid_tgid(cpu: Cpu) -> int:
    return cpu.world.pid << 32 | cpu.world.tid


@implements("get_current_uid_gid")
def get_current_uid_gid(cpu: Cpu) -> int:
    return cpu.world.gid << 32 | cpu.world.uid


@implements("get_current_comm")
def get_current_comm(cpu: Cpu, buffer: int, size: int) -> int:
    if size:
        cpu.memory.find(buffer, size)  # check the bounds before allocating size bytes
        comm = cpu.world.comm[: min(size, COMM_SIZE) - 1]
        cpu.memory.write(buffer, comm.ljust(size, b"\0"))
        return 0
    return -errno.EINVAL


@implements("get_current_task", "get_current_task_btf")
def get_current_task(cpu: Cpu) -> int:
    return cpu.task


@implements("perf_event_output")
def perf_event_output(cpu: Cpu, context: int, map: int, flags: int, data: int, size: int) -> int:
    array = map_at(cpu, map, VirtualPerfEventArray)
    index = flags & CURRENT_CPU
    sent = cpu.memory.read(data, size)
    if flags >> 32:
        return -errno.EINVAL
    if index == CURRENT_CPU:
        index = cpu.world.cpu
    if index >= (array.description.max_entries or cpu.world.cpus):
        return -errno.E2BIG
    if index != cpu.world.cpu:
        return -errno.EOPNOTSUPP  # a ring is written by its own CPU alone
    cpu.produce(Sent(array.description, index, sent))
    return 0


@implements("ringbuf_output")
def ringbuf_output(cpu: Cpu, map: int, data: int, size: int, flags: int) -> int:
    buffer = map_at(cpu, map, VirtualRingBuf)
    sent = cpu.memory.read(data, size)
    if flags & ~WAKEUPS:
        return -errno.EINVAL
    if not buffer.room(size):
        return -errno.EAGAIN
    record = Reservation(0, Sent(buffer.description, cpu.world.cpu, sent))
    for each in buffer.append(size, record):
        cpu.produce(each)
    return 0


@implements("ringbuf_reserve")
def ringbuf_reserve(cpu: Cpu, map: int, size: int, flags: int) -> int:
    buffer = map_at(cpu, map, VirtualRingBuf)
    if flags or not buffer.room(size):
        return 0
    name = f"record of {buffer.description.name}"
    address = cpu.memory.add(Region(name, bytearray(size), bytearray(b"\1" * size)))
    buffer.append(size, Reservation(address))
    return address


def release(cpu: Cpu, record: int, submitted: bool) -> None:
    """Submit or discard, by ``submitted``, a bool, the record at address ``record``; its
    uninitialised bytes are sent as 0.

    Raises HelperFault if it is not a reserved record of a ring buffer of ``cpu``, a Cpu.
    """
    for buffer in cpu.maps.values():
        if isinstance(buffer, VirtualRingBuf) and record in buffer.ring.reserved:
            region, _ = cpu.memory.find(record, 0)
            sent = Sent(buffer.description, cpu.world.cpu, bytes(region.data))
            for each in buffer.release(record, sent if submitted else None):
                cpu.produce(each)
            return
    raise HelperFault(
        f"the argument {record:#x} is not a reserved record; pass what ringbuf_reserve returned"
    )


@implements("ringbuf_submit")
def ringbuf_submit(cpu: Cpu, record: int, flags: int) -> None:
    release(cpu, record, submitted=True)


@implements("ringbuf_discard")
def ringbuf_discard(cpu: Cpu, record: int, flags: int) -> None:
    release(cpu, record, submitted=False)


@implements("ringbuf_query")
def ringbuf_query(cpu: Cpu, map: int, flags: int) -> int:
    buffer = map_at(cpu, map, VirtualRingBuf)
    ring, size = buffer.ring, buffer.description.max_entries
    return {0: ring.used, 1: size, 2: ring.consumed, 3: ring.produced}.get(flags, 0)


def fetch(cpu: Cpu, address: int, size: int, user: bool) -> bytes | int:
    """Return up to ``size`` bytes at ``address`` of the user memory of ``cpu``, a Cpu, if ``user``,
    a bool, else of its kernel memory; a negative errno, an int, on failure."""
    try:
        region, offset = cpu.memory.find(address, 0)
    except MemoryFault:
        region, offset = NOWHERE, 0
    if region is not NOWHERE and region.user is user:
        return bytes(region.data[offset : offset + size])
    if user:
        return b"" if address <= USER_END else -errno.EFAULT
    return b"" if address >= KERNEL_HALF else -errno.ERANGE


NOWHERE = Region("nowhere", bytearray())


def in_user_half(address: int) -> bool:
    """Return whether probe_read and probe_read_str take ``address``, an int, for one of user
    space."""
    return address < USER_END


def probe(cpu: Cpu, target: int, size: int, source: int, user: bool) -> int:
    """Copy ``size`` bytes from address ``source``, of user memory if ``user``, a bool, to address
    ``target`` in the memory of ``cpu``, a Cpu; return 0. On failure store zeros and return a
    negative errno."""
    cpu.memory.find(target, size)  # check the bounds before allocating size bytes
    data = fetch(cpu, source, size, user)
    if isinstance(data, bytes) and len(data) < size:
        data = -errno.EFAULT
    cpu.memory.write(target, bytes(size) if isinstance(data, int) else data)
    return data if isinstance(data, int) else 0


@implements("probe_read")
def probe_read(cpu: Cpu, target: int, size: int, source: int) -> int:
    return probe(cpu, target, size, source, user=in_user_half(source))


@implements("probe_read_kernel")
def probe_read_kernel(cpu: Cpu, target: int, size: int, source: int) -> int:
    return probe(cpu, target, size, source, user=False)


@implements("probe_read_user", "copy_from_user")
def probe_read_user(cpu: Cpu, target: int, size: int, source: int) -> int:
    return probe(cpu, target, size, source, user=True)


def probe_text(cpu: Cpu, target: int, size: int, source: int, user: bool) -> int:
    """Copy the C string at ``source``, of user memory if ``user``, a bool, to address ``target``,
    always with a NUL.

    Returns its length with the NUL, at most ``size``, or a negative errno. The memory is that of
    ``cpu``, a Cpu. Bytes of the target after the NUL keep their values and count as initialised, as
    in the verifier. A string of user space is copied in words of 8 bytes while a whole word fits.
    The rest of the NUL's word becomes 0.
    """
    if not size:
        return 0
    cpu.memory.find(target, size)
    data = fetch(cpu, source, size, user)
    if isinstance(data, bytes) and b"\0" not in data and len(data) < size:
        data = -errno.EFAULT
    if isinstance(data, int):
        cpu.memory.write(target, bytes(size))
        return data
    text = data.partition(b"\0")[0][: size - 1] + b"\0"
    copied = text
    if user and len(text) <= size // 8 * 8 and b"\0" in data[:size]:
        copied = text.ljust(-(-len(text) // 8) * 8, b"\0")
    region, offset = cpu.memory.find(target, size)
    cpu.memory.write(target, copied + region.data[offset + len(copied) : offset + size])
    return len(text)


@implements("probe_read_str")
def probe_read_str(cpu: Cpu, target: int, size: int, source: int) -> int:
    return probe_text(cpu, target, size, source, user=in_user_half(source))


@implements("probe_read_kernel_str")
def probe_read_kernel_str(cpu: Cpu, target: int, size: int, source: int) -> int:
    return probe_text(cpu, target, size, source, user=False)


@implements("probe_read_user_str")
def probe_read_user_str(cpu: Cpu, target: int, size: int, source: int) -> int:
    return probe_text(cpu, target, size, source, user=True)


@implements("strncmp")
def strncmp(cpu: Cpu, first: int, size: int, second: int) -> int:
    own = cpu.memory.read(first, size).partition(b"\0")[0]
    other = c_string(cpu, second)[:size]
    return (own > other) - (own < other)


def c_string(cpu: Cpu, address: int) -> bytes:
    """Return the C string, bytes, at ``address``, an int, of the memory of ``cpu``, a Cpu, without
    its NUL. Raises MemoryFault if there is no NUL."""
    region, offset = cpu.memory.find(address, 1)
    end = region.data.find(0, offset)
    size = (len(region.data) if end < 0 else end) - offset
    return cpu.memory.read(address, size)


# The directives of trace_printk: %%, integer, character, string, pointer. The kernel accepts %s and
# %p only if no letter or digit follows.
DIRECTIVE = re.compile(
    rb"%(?:%|([0 +-]*)([1-9][0-9]{0,3})?"
    rb"(l{0,2}[diuxX]|c|(?:s|p[ku]s)(?![A-Za-z0-9])|p[KxsSB]|p[iI][46]|p(?![A-Za-z0-9])))"
)
MOST_PRINTED = 1023
NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


@implements("trace_printk")
def trace_printk(cpu: Cpu, format: int, size: int) -> int:
    """Print the ``size`` bytes at address ``format``, with up to three arguments in r3 to r5 of
    ``cpu``, a Cpu; return the line's length in bytes, or -EINVAL for an invalid directive."""
    text, end, _ = cpu.memory.read(format, size).partition(b"\0")
    numbers = [match for match in DIRECTIVE.finditer(text) if match[3]]
    if not end or NOT_TEXT.search(text) or b"%" in DIRECTIVE.sub(b"", text) or len(numbers) > 3:
        return -errno.EINVAL
    registers = iter(range(3, 6))

    def fill(match: re.Match[bytes]) -> bytes:
        return printed(cpu, match, cpu.argument(next(registers))) if match[3] else b"%"

    line = DIRECTIVE.sub(fill, text)
    cpu.produce(Printed(line[:MOST_PRINTED].decode("utf-8", "replace").rstrip("\n")))
    return len(line)


def printed(cpu: Cpu, directive: re.Match[bytes], value: int) -> bytes:
    """Return ``value``, an int, as bytes, as printf formats it for ``directive``, a match of
    DIRECTIVE; ``cpu``, a Cpu, has the strings. Raises UnsupportedFault for the kernel's %p
    types."""
    flags, width = directive[1].decode(), (directive[2] or b"").decode()
    kind = directive[3].decode()
    if kind in ("p", "px", "pK"):  # the kernel shows a hash of it, but for %px
        return (f"%{flags}{width}x" % value if width else f"{value:016x}").encode()
    if kind.startswith("p") and kind not in ("pks", "pus"):
        raise UnsupportedFault(f"%{kind} of trace_printk is not simulated")
    if kind.endswith("s"):
        user = kind == "pus" or (kind == "s" and in_user_half(value))
        found = fetch(cpu, value, MOST_PRINTED, user)
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
