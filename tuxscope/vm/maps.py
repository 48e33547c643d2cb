"""Maps in Python: what helpers do to them, and the same face as the kernel's (loader/maps.py).

A value is a region of its own, so that a pointer to it is good for that value and nothing else.
Results are the kernel's: an address or 0, and 0 or a negative errno.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
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
from tuxscope.vm.state import Sent

NOEXIST, EXIST, LOCK = 1, 2, 4  # BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK
RECORD_HEADER = 8  # BPF_RINGBUF_HDR_SZ

Key = tuple[bytes, int]  # and the CPU whose value it is; 0 where there is but one


class VirtualMap:
    """Base of all maps.

    Attributes:
        description: what it was made from.
        address: what ``a.ld_map`` loads: nothing that could be read or written.
    """

    def __init__(self, description: Map, memory: VirtualMemory, cpus: int) -> None:
        self.description = description
        self._memory = memory
        self._cpus = cpus
        self.address = memory.add(Region(f"map {description.name}", bytearray(), writable=False))

    def abandon(self) -> None:
        """Give up what a run that faulted left unfinished."""

    def freeze(self) -> Any:
        """All that changes, as an immutable value."""
        return None

    def restore(self, frozen: Any) -> None:
        """Make it what it was."""


class Values(VirtualMap):
    """Base of the maps that hold values by key."""

    description: Array | Hash

    def __init__(self, description: Array | Hash, memory: VirtualMemory, cpus: int) -> None:
        super().__init__(description, memory, cpus)
        self._entries: dict[Key, int] = {}  # to the address of the value
        # Of values that were replaced: a program may still point there.
        self._retired: list[int] = []
        self._frozen: tuple[Mapping[Key, int], tuple[int, ...]] | None = None

    def _cpu(self, cpu: int) -> int:
        return cpu if self.description.per_cpu else 0

    def _add(self, key: Key, value: bytes) -> int:
        name = f"value of {self.description.name}"
        self._entries[key] = self._memory.add(Region(name, bytearray(value)))
        self._frozen = None
        return self._entries[key]

    def abandon(self) -> None:
        for address in self._retired:
            self._memory.remove(address)
        self._retired.clear()
        self._frozen = None

    # What helpers do. Keys and values have their right sizes.

    def find(self, key: bytes, cpu: int) -> int:
        """map_lookup_elem: the value's address, or 0."""
        return self._entries.get((key, self._cpu(cpu)), 0)

    def put(self, key: bytes, value: bytes, flags: int, cpu: int) -> int:
        """map_update_elem: 0 or a negative errno."""
        raise NotImplementedError

    def remove(self, key: bytes) -> int:
        """map_delete_elem: 0 or a negative errno."""
        raise NotImplementedError

    def freeze(self) -> Any:
        if self._frozen is None:
            self._frozen = dict(self._entries), tuple(self._retired)
        return self._frozen

    def restore(self, frozen: Any) -> None:
        entries, retired = frozen
        self._entries, self._retired = dict(entries), list(retired)
        self._frozen = frozen

    # What user space does, as with a LoadedMap.

    def peek(self, key: bytes, cpu: int) -> int:
        """The value's address, or 0; a look that is no use of the entry."""
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
        """The value, or None. Of a per-CPU map, a tuple with a value for each CPU."""
        packed = self.description.key_type.pack(key)
        return self._unpack(packed) if self.peek(packed, 0) else None

    def update(self, key: Any, value: Any, flags: int = 0) -> None:
        """Set a value. Raises OSError: EEXIST or ENOENT by ``flags``, E2BIG when it is full."""
        packed = self.description.key_type.pack(key)
        values = list(value) if self.description.per_cpu else [value]
        if len(values) != self._values_each:
            raise ValueError(f"a value for each of {self._values_each} CPUs, not {len(values)}")
        if flags & LOCK:  # user space hears of it first, programs after all else
            raise OSError(errno.EINVAL, f"map {self.description.name}")
        for cpu, each in enumerate(values):
            result = self.put(packed, self.description.value_type.pack(each), flags, cpu)
            if result:
                raise OSError(-result, f"map {self.description.name}")
            flags = 0

    def delete(self, key: Any) -> bool:
        """Delete an entry; tells whether there was one. Raises OSError (EINVAL) for an array."""
        result = self.remove(self.description.key_type.pack(key))
        if result == -errno.EINVAL:
            raise OSError(errno.EINVAL, f"map {self.description.name}")
        return result == 0

    def keys(self) -> Iterator[Any]:
        """All keys."""
        for packed in dict.fromkeys(key for key, _ in self._entries):
            yield self.description.key_type.unpack(packed)

    def items(self) -> Iterator[tuple[Any, Any]]:
        """All entries."""
        for key in list(self.keys()):
            yield key, self.lookup(key)


class VirtualArray(Values):
    """An array: all values exist, here from the first look at them on."""

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
    """A hash; of a per-CPU one all CPUs' values come and go together.

    As in the kernel, an update of any other puts a new value in the old one's place, so a pointer
    from before still leads to the old one. A pointer to a deleted value leads nowhere: the kernel
    lets a program follow it, but by then the memory may be any other entry's.
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
        """Drop what may be dropped; tells whether there was anything."""
        return False

    def remove(self, key: bytes) -> int:
        if not self.find(key, 0):
            return -errno.ENOENT
        for cpu in range(self._values_each):
            self._memory.remove(self._entries.pop((key, cpu)))
        self._frozen = None
        return 0


class VirtualLruHash(VirtualHash):
    """Drops the entry that was looked up or updated least recently; the kernel approximates it.

    What user space looks up is no use of an entry, in neither.
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
    """Programs to tail-call."""

    def __init__(self, description: Map, memory: VirtualMemory, cpus: int) -> None:
        super().__init__(description, memory, cpus)
        self.programs: dict[int, Program] = {}
        # Told of each program that comes, before any run: its maps are made then.
        self.introduce: Callable[[Program], object] = lambda _: None

    def freeze(self) -> Any:
        return dict(self.programs)

    def restore(self, frozen: Any) -> None:
        self.programs = dict(frozen)

    def update(self, key: int, value: Program) -> None:
        """Put a program at an index. Raises OSError (E2BIG) past ``max_entries``."""
        if not 0 <= key < self.description.max_entries:
            raise OSError(errno.E2BIG, f"map {self.description.name}")
        self.introduce(value)
        self.programs[key] = value


class VirtualPerfEventArray(VirtualMap):
    """Rings to user space: what is sent goes into the machine's output."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A record in a ring that nobody can read yet.

    Attributes:
        address: of its bytes; 0 once it is submitted or discarded.
        sent: what was submitted.
        taken: the bytes that it takes in the ring buffer.
    """

    address: int
    sent: Sent | None = None
    taken: int = 0


@dataclass(frozen=True, slots=True)
class VirtualRing:
    """What of a ring buffer changes.

    Attributes:
        consumed: bytes that were read so far, headers included.
        produced: bytes that records took so far.
        records: the oldest that is still reserved, and all after it: they wait for it.
    """

    consumed: int = 0
    produced: int = 0
    records: tuple[Reservation, ...] = ()

    @property
    def used(self) -> int:
        """Bytes that nobody has read."""
        return self.produced - self.consumed

    @property
    def reserved(self) -> tuple[int, ...]:
        """The addresses of records that were neither submitted nor discarded."""
        return tuple(each.address for each in self.records if each.address)


class VirtualRingBuf(VirtualMap):
    """One ring for all CPUs; full at ``max_entries`` bytes until somebody reads."""

    ring = VirtualRing()

    def room(self, size: int) -> int:
        """The bytes that a record of ``size`` takes; 0 where it does not fit any more."""
        taken = -(-size // 8) * 8 + RECORD_HEADER
        # The last byte is never used: a full ring would look like an empty one.
        return taken if self.ring.used + taken < self.description.max_entries else 0

    def append(self, size: int, record: Reservation) -> list[Sent]:
        """Add a record that there is room for; what can be read now."""
        ring, taken = self.ring, self.room(size)
        record = replace(record, taken=taken)
        self.ring = replace(ring, produced=ring.produced + taken, records=(*ring.records, record))
        return self._settle()

    def settle(self, address: int, sent: Sent | None) -> list[Sent]:
        """Submit or discard a reserved record; what can be read now."""
        self._memory.remove(address)
        records = tuple(
            replace(each, address=0, sent=sent) if each.address == address else each
            for each in self.ring.records
        )
        self.ring = replace(self.ring, records=records)
        return self._settle()

    def read(self) -> None:
        """Give back the room of all records before the oldest that is reserved."""
        ring = self.ring
        pending = sum(each.taken for each in ring.records)
        self.ring = replace(ring, consumed=ring.produced - pending)

    def _settle(self) -> list[Sent]:
        """Take away what is in front of all reserved records."""
        records = self.ring.records
        ready = next((at for at, each in enumerate(records) if each.address), len(records))
        self.ring = replace(self.ring, records=records[ready:])
        return [each.sent for each in records[:ready] if each.sent]

    def abandon(self) -> None:
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
    """An empty map."""
    kind = next((KINDS[each] for each in type(description).mro() if each in KINDS), VirtualMap)
    return kind(description, memory, cpus)
