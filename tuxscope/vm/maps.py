"""Maps in Python, with the interface of helpers and that of user space (as in loader/maps.py).

Each value is a memory region of its own, so that a pointer reaches that value alone. Helpers get
the kernel's results: an address or 0, and 0 or a negative errno.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tuxscope.asm.maps import (
    Array,
    Hash,
    LruHash,
    Map,
    PerfEventArray,
    ProgArray,
    RingBuf,
)
from tuxscope.asm.program import Program
from tuxscope.vm.memory import Region, VirtualMemory
from tuxscope.vm.ring_state import Reservation, VirtualRing
from tuxscope.vm.state import Sent

NOEXIST, EXIST, LOCK = 1, 2, 4  # BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK
RECORD_HEADER = 8  # BPF_RINGBUF_HDR_SZ

Key = tuple[bytes, int]  # the key's bytes, and the CPU; 0 if the map is not per-CPU


class VirtualMap:
    """Base of all maps: the map of ``description``, a Map, in ``memory``, a VirtualMemory, on a
    machine with ``cpus`` CPUs, an int.

    Attributes:
        description: a Map, the map's description.
        address: the address that ``a.ld_map`` loads, of an empty region.
    """

    def __init__(self, description: Map, memory: VirtualMemory, cpus: int) -> None:
        self.description = description
        self._memory = memory
        self._cpus = cpus
        self.address = memory.add(Region(f"map {description.name}", bytearray(), writable=False))

    def discard_pending(self) -> None:
        """Discard what an earlier run did not complete, such as reserved records."""

    def freeze(self) -> Any:
        """Return a snapshot of the mutable state, for restore()."""
        return None

    def restore(self, frozen: Any) -> None:
        """Go back to ``frozen``, a snapshot, any object, of freeze()."""


class Values(VirtualMap):
    """Base of the maps that hold values by key; ``description`` is an Array or Hash, ``memory``, a
    VirtualMemory, and ``cpus``, an int, are as in VirtualMap."""

    description: Array | Hash

    def __init__(self, description: Array | Hash, memory: VirtualMemory, cpus: int) -> None:
        super().__init__(description, memory, cpus)
        self._entries: dict[Key, int] = {}  # the address of each value
        # The addresses of replaced values: the program may still have pointers to them.
        self._retired: list[int] = []
        self._frozen: tuple[Mapping[Key, int], tuple[int, ...]] | None = None

    def _cpu(self, cpu: int) -> int:
        return cpu if self.description.per_cpu else 0

    def _add(self, key: Key, value: bytes) -> int:
        name = f"value of {self.description.name}"
        self._entries[key] = self._memory.add(Region(name, bytearray(value)))
        self._frozen = None
        return self._entries[key]

    def discard_pending(self) -> None:
        for address in self._retired:
            self._memory.remove(address)
        self._retired.clear()
        self._frozen = None

    # The interface of helpers. Keys and values have the right sizes.

    def find(self, key: bytes, cpu: int) -> int:
        """Return the address, an int, of the value for ``key``, bytes, on CPU ``cpu``, an int, or
        0: map_lookup_elem."""
        return self._entries.get((key, self._cpu(cpu)), 0)

    def put(self, key: bytes, value: bytes, flags: int, cpu: int) -> int:
        """Store ``value`` for ``key``, both bytes, on CPU ``cpu``, an int; return 0 or a negative
        errno: map_update_elem.

        ``flags``, an int, are those of the helper, such as BPF_NOEXIST.
        """
        raise NotImplementedError

    def remove(self, key: bytes) -> int:
        """Delete the entry for ``key``, as bytes; return 0 or a negative errno: map_delete_elem."""
        raise NotImplementedError

    def freeze(self) -> Any:
        if self._frozen is None:
            self._frozen = dict(self._entries), tuple(self._retired)
        return self._frozen

    def restore(self, frozen: Any) -> None:
        entries, retired = frozen
        self._entries, self._retired = dict(entries), list(retired)
        self._frozen = frozen

    # The interface of user space, as in LoadedMap.

    def peek(self, key: bytes, cpu: int) -> int:
        """Return the address, an int, of the value for ``key``, bytes, on CPU ``cpu``, an int, or
        0; it does not count as a use of the entry (LRU)."""
        return self.find(key, cpu)

    @property
    def _values_each(self) -> int:
        return self._cpus if self.description.per_cpu else 1

    def _unpack(self, key: bytes) -> Any:
        value_type = self.description.value_type
        values = tuple(
            value_type.unpack(self._memory.read(address, value_type.size))
            for cpu in range(self._values_each)
            if (address := self.peek(key, cpu))
        )
        return values if self.description.per_cpu else values[0]

    def lookup(self, key: Any) -> Any | None:
        """Return the value for ``key``, a value of the key type, or None; of a per-CPU map, a tuple
        with a value for each CPU."""
        packed = self.description.key_type.pack(key)
        return self._unpack(packed) if self.peek(packed, 0) else None

    def update(self, key: Any, value: Any, flags: int = 0) -> None:
        """Set ``value`` for ``key``; of a per-CPU map, a sequence with a value for each CPU.

        Raises OSError (EEXIST or ENOENT by ``flags``, an int, E2BIG if the map is full, EINVAL),
        and ValueError for the wrong number of values.
        """
        packed = self.description.key_type.pack(key)
        values = list(value) if self.description.per_cpu else [value]
        if len(values) != self._values_each:
            raise ValueError(
                f"pass a value for each of {self._values_each} CPUs, not {len(values)}"
            )
        if flags & LOCK:  # the system call checks it first, helpers last
            raise OSError(errno.EINVAL, f"map {self.description.name}")
        for cpu, each in enumerate(values):
            result = self.put(packed, self.description.value_type.pack(each), flags, cpu)
            if result:
                raise OSError(-result, f"map {self.description.name}")
            flags = 0

    def delete(self, key: Any) -> bool:
        """Delete the entry for ``key``, and return a bool, whether there was one.

        Raises OSError (EINVAL) for an array.
        """
        result = self.remove(self.description.key_type.pack(key))
        if result == -errno.EINVAL:
            raise OSError(errno.EINVAL, f"map {self.description.name}")
        return result == 0

    def delete_batch(self, keys: Iterable[Any]) -> int:
        """Delete the entries for ``keys``; return how many there were. Raises OSError as delete()
        does."""
        return sum(map(self.delete, keys))

    def keys(self) -> Iterator[Any]:
        """Yield all keys."""
        for packed in dict.fromkeys(key for key, _ in self._entries):
            yield self.description.key_type.unpack(packed)

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Yield a pair, (key, value), for each entry."""
        for key in list(self.keys()):
            yield key, self.lookup(key)


class VirtualArray(Values):
    """A Values: an array; a value's region is created at the first look-up."""

    def find(self, key: bytes, cpu: int) -> int:
        if self.description.key_type.unpack(key) >= self.description.max_entries:
            return 0
        own = (key, self._cpu(cpu))
        return self._entries.get(own) or self._add(own, bytes(self.description.value_size))

    def put(self, key: bytes, value: bytes, flags: int, cpu: int) -> int:
        if flags & ~LOCK > EXIST:
            return -errno.EINVAL
        address = self.find(key, cpu)
        if not address:
            return -errno.E2BIG
        if flags & NOEXIST:
            return -errno.EEXIST
        if flags & LOCK:  # no value has a lock in it
            return -errno.EINVAL
        self._memory.write(address, value)
        return 0

    def remove(self, key: bytes) -> int:
        return -errno.EINVAL

    def keys(self) -> Iterator[Any]:
        return iter(range(self.description.max_entries))


class VirtualHash(Values):
    """A Values: a hash table; entries of a per-CPU one have values of all CPUs.

    As in the kernel, an update replaces the value (except per-CPU), so that older pointers still
    reach the old value. A pointer to a deleted value faults; in the kernel the memory may already
    belong to another entry.
    """

    def put(self, key: bytes, value: bytes, flags: int, cpu: int) -> int:
        if flags > EXIST:
            return -errno.EINVAL
        address = self.find(key, cpu)
        if address and flags == NOEXIST:
            return -errno.EEXIST
        if address and self.description.per_cpu:
            self._memory.write(address, value)
            return 0
        if address:
            self._retired.append(address)
            self._add((key, 0), value)
            return 0
        if flags == EXIST:
            return -errno.ENOENT
        full = len(self._entries) >= self.description.max_entries * self._values_each
        if full and not self._make_room():
            return -errno.E2BIG
        for each in range(self._values_each):
            own = each == self._cpu(cpu)
            self._add((key, each), value if own else bytes(len(value)))
        return 0

    def _make_room(self) -> bool:
        """Evict an entry if the map type does; returns whether it did."""
        return False

    def remove(self, key: bytes) -> int:
        if not self.find(key, 0):
            return -errno.ENOENT
        for cpu in range(self._values_each):
            self._memory.remove(self._entries.pop((key, cpu)))
        self._frozen = None
        return 0


class VirtualLruHash(VirtualHash):
    """A VirtualHash: a hash table that evicts the least recently used entry, which the kernel
    approximates.

    As in the kernel, a lookup by user space is not a use.
    """

    def peek(self, key: bytes, cpu: int) -> int:
        return super().find(key, cpu)

    def find(self, key: bytes, cpu: int) -> int:
        address = self._entries.pop((key, 0), 0)
        if address:
            self._entries[key, 0] = address
            self._frozen = None
        return address

    def _make_room(self) -> bool:
        oldest, _ = next(iter(self._entries))
        return self.remove(oldest) == 0


class VirtualProgArray(VirtualMap):
    """A VirtualMap: a program array for tail calls; ``description``, a Map, ``memory``, a
    VirtualMemory, and ``cpus``, an int, as in VirtualMap.

    Attributes:
        programs: a dict of Program by index, an int.
        on_new_program: a callable that takes a Program whose index was set.
    """

    def __init__(self, description: Map, memory: VirtualMemory, cpus: int) -> None:
        super().__init__(description, memory, cpus)
        self.programs: dict[int, Program] = {}
        # Called with each new program, to create its maps before a run.
        self.on_new_program: Callable[[Program], object] = lambda _: None

    def freeze(self) -> Any:
        return dict(self.programs)

    def restore(self, frozen: Any) -> None:
        self.programs = dict(frozen)

    def update(self, key: int, value: Program) -> None:
        """Set ``value``, a Program, at index ``key``, an int. Raises OSError (E2BIG) for an index
        out of range."""
        if not 0 <= key < self.description.max_entries:
            raise OSError(errno.E2BIG, f"map {self.description.name}")
        self.on_new_program(value)
        self.programs[key] = value


class VirtualPerfEventArray(VirtualMap):
    """A VirtualMap: a perf event array; samples go to the machine's output."""


class VirtualRingBuf(VirtualMap):
    """A VirtualMap: a ring buffer of ``max_entries`` bytes, which :meth:`read` frees."""

    ring = VirtualRing()

    def room(self, size: int) -> int:
        """Return the number of bytes that a record of ``size`` bytes needs, or 0 if the ring has
        not so many free."""
        taken = -(-size // 8) * 8 + RECORD_HEADER
        # The last byte is never used: a full ring would look like an empty one.
        return taken if self.ring.used + taken < self.description.max_entries else 0

    def append(self, size: int, record: Reservation) -> list[Sent]:
        """Add ``record``, a Reservation of ``size`` bytes, which fit; return a list of the records,
        each a Sent, that become readable."""
        ring, taken = self.ring, self.room(size)
        record = replace(record, taken=taken)
        self.ring = replace(ring, produced=ring.produced + taken, records=(*ring.records, record))
        return self._pop_readable()

    def release(self, address: int, sent: Sent | None) -> list[Sent]:
        """Submit the record at ``address``, an int, as ``sent``, a Sent, or discard it if that is
        None; return a list of the Sents that become readable."""
        self._memory.remove(address)
        records = tuple(
            replace(each, address=0, sent=sent) if each.address == address else each
            for each in self.ring.records
        )
        self.ring = replace(self.ring, records=records)
        return self._pop_readable()

    def read(self) -> None:
        """Free the bytes of all records before the oldest reserved one."""
        ring = self.ring
        pending = sum(each.taken for each in ring.records)
        self.ring = replace(ring, consumed=ring.produced - pending)

    def _pop_readable(self) -> list[Sent]:
        """Remove the records before the first reserved one; returns the submitted ones."""
        records = self.ring.records
        ready = next((at for at, each in enumerate(records) if each.address), len(records))
        self.ring = replace(self.ring, records=records[ready:])
        return [each.sent for each in records[:ready] if each.sent]

    def discard_pending(self) -> None:
        for address in self.ring.reserved:
            self._memory.remove(address)
        self.ring = replace(self.ring, records=())

    def freeze(self) -> Any:
        return self.ring

    def restore(self, frozen: Any) -> None:
        self.ring = frozen


KINDS: dict[type[Map], type[VirtualMap]] = {
    PerfEventArray: VirtualPerfEventArray,
    RingBuf: VirtualRingBuf,
    ProgArray: VirtualProgArray,
    LruHash: VirtualLruHash,
    Hash: VirtualHash,
    Array: VirtualArray,
}


def virtual_map(description: Map, memory: VirtualMemory, cpus: int) -> VirtualMap:
    """Create an empty VirtualMap of ``description``, a Map, in ``memory``, a VirtualMemory, for
    ``cpus`` CPUs, and return it."""
    kind = next((KINDS[each] for each in type(description).mro() if each in KINDS), VirtualMap)
    return kind(description, memory, cpus)
