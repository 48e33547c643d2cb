"""Memory as regions with bounds, which record the initialised bytes.

An address has 64 bits. Its upper half is the number of the region, its lower half the offset there,
so that pointer arithmetic cannot reach another region undetected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tuxscope.vm.faults import (
    Fault,
    NullPointerFault,
    OutOfBoundsFault,
    ReadOnlyMemoryFault,
    UninitialisedMemoryFault,
)

WINDOW = 32  # bits of an address that are the offset in its region
OFFSET = (1 << WINDOW) - 1
ADDRESSES = (1 << 64) - 1
FIRST, LAST = 0xFFFF_8880, 0xFFFF_C87F  # as the upper halves of kernel addresses
FURTHER = 0x8000_0000  # the first region number after LAST; no machine has such addresses
NULL_PAGE = 4096


@dataclass(frozen=True, slots=True)
class FrozenRegion:
    """A frozen dataclass: a snapshot of a region.

    Attributes:
        name: a str, its name in errors, such as ``the stack of hello``.
        data: its bytes.
        unset: bytes, 1 for each uninitialised byte of ``data``, else 0; None if all are
            initialised.
        writable: whether stores are allowed.
        user: whether it is user memory, which only helpers can read.
        origin: an int, the offset that errors count from: the frame pointer's in a stack, else 0.
    """

    name: str
    data: bytes
    unset: bytes | None = None
    writable: bool = True
    user: bool = False
    origin: int = 0

    def place(self, offset: int) -> str:
        """Return ``offset``, an int, as errors show it, a str: ``fp-8``, ``context+16``."""
        base, offset = "fp" if self.origin else self.name, offset - self.origin
        return f"{base}{offset:+}" if offset else base


@dataclass(slots=True, eq=False)
class Region:
    """A dataclass: a mutable region; ``name``, ``data``, ``unset``, ``writable``, ``user`` and
    ``origin`` are those of FrozenRegion, data and unset as bytearrays.

    ``frozen`` caches the last snapshot. Code that changes ``data`` or ``unset`` sets it to None.
    """

    name: str
    data: bytearray
    unset: bytearray | None = None
    writable: bool = True
    user: bool = False
    origin: int = 0
    frozen: FrozenRegion | None = field(default=None, repr=False)

    def freeze(self) -> FrozenRegion:
        """Return a FrozenRegion, a snapshot; the same object as before if nothing has changed."""
        if self.frozen is None:
            unset = bytes(self.unset) if self.unset is not None and any(self.unset) else None
            self.frozen = FrozenRegion(
                self.name, bytes(self.data), unset, self.writable, self.user, self.origin
            )
        return self.frozen

    @classmethod
    def thaw(cls, frozen: FrozenRegion) -> Region:
        """Return a Region with the state of ``frozen``, a FrozenRegion."""
        unset = None if frozen.unset is None else bytearray(frozen.unset)
        return cls(
            frozen.name, bytearray(frozen.data), unset, frozen.writable, frozen.user,
            frozen.origin, frozen,
        )  # fmt: skip


class VirtualMemory:
    """All regions, by the upper half of their addresses.

    Attributes:
        regions: a dict of Region by number; it is never replaced, as the operations refer to it.
        next_number: an int, a property.
    """

    def __init__(self) -> None:
        self.regions: dict[int, Region] = {}
        self._next = FIRST

    def add(self, region: Region, address: int | None = None) -> int:
        """Add ``region``, a Region, and return its address: ``address``, an int (lower half 0), or
        if None the next free one."""
        if address is None:
            address = self._next << WINDOW
            self._next = FURTHER if self._next == LAST else self._next + 1
        self.regions[address >> WINDOW] = region
        return address

    def forget(self, address: int) -> None:
        """Mark all bytes of the region at ``address``, an int, as uninitialised."""
        region = self.regions[address >> WINDOW]
        region.unset = bytearray(b"\1" * len(region.data))
        region.frozen = None

    def remove(self, address: int) -> None:
        """Remove the region at ``address``, an int; pointers to it fault from now on."""
        del self.regions[address >> WINDOW]

    def find(self, address: int, size: int) -> tuple[Region, int]:
        """Return a pair: the Region that has ``size`` bytes at ``address``, an int, and their
        offset in it, an int.

        Raises NullPointerFault or OutOfBoundsFault.
        """
        address &= ADDRESSES
        region = self.regions.get(address >> WINDOW)
        offset = address & OFFSET
        if region is None or offset + size > len(region.data):
            raise self.out_of_bounds(address, size)
        return region, offset

    def out_of_bounds(self, address: int, size: int) -> Fault:
        """Return the Fault for an access of ``size`` bytes at ``address``, an int, that is out of
        bounds."""
        count = f"{size} byte{'s' * (size != 1)}"
        if address < NULL_PAGE:
            return NullPointerFault(
                f"{count} at address {address:#x}: this pointer is NULL; compare the result of a "
                "lookup with 0 first, as in a.jeq"
            )
        # The upper half of a window is before the region of the next one.
        number, offset = address >> WINDOW, address & OFFSET
        if offset > OFFSET >> 1 and number + 1 in self.regions:
            number, offset = number + 1, offset - OFFSET - 1
        if region := self.regions.get(number):
            place = region.freeze().place(offset)
            return OutOfBoundsFault(
                f"{count} at {place}: {region.name} has {len(region.data)} bytes"
            )
        return OutOfBoundsFault(f"{count} at address {address:#x}: there is no memory")

    def read(self, address: int, size: int) -> bytes:
        """Return ``size`` bytes at ``address``, an int, as bytes. Raises MemoryFault if any is out
        of bounds or uninitialised."""
        region, offset = self.find(address, size)
        check_readable(region, offset, size)
        return bytes(region.data[offset : offset + size])

    def write(self, address: int, data: bytes) -> None:
        """Store ``data``, bytes, at ``address``, an int. Raises MemoryFault."""
        region, offset = self.find(address, len(data))
        check_writable(region, offset, len(data))
        region.data[offset : offset + len(data)] = data
        if region.unset is not None:
            region.unset[offset : offset + len(data)] = bytes(len(data))
        region.frozen = None

    def freeze(self) -> Mapping[int, FrozenRegion]:
        """Return snapshots of all regions, a mapping of region number to FrozenRegion."""
        return {number: region.freeze() for number, region in self.regions.items()}

    def restore(self, frozen: Mapping[int, FrozenRegion], next_number: int) -> None:
        """Go back to ``frozen``, a mapping of region number to FrozenRegion, the snapshots of
        freeze(); ``next_number`` is the next region number, an int."""
        for number in self.regions.keys() - frozen.keys():
            del self.regions[number]
        for number, value in frozen.items():
            now = self.regions.get(number)
            if now is None or now.freeze() is not value:
                self.regions[number] = Region.thaw(value)
        self._next = next_number

    @property
    def next_number(self) -> int:
        """The number of the next region, an int, which is the upper half of its address."""
        return self._next


def check_readable(region: Region, offset: int, size: int) -> None:
    """Check that ``size`` bytes at ``offset`` in ``region``, a Region, can be read; bounds are the
    caller's concern.

    Raises OutOfBoundsFault for user memory, UninitialisedMemoryFault for uninitialised bytes.
    """
    if region.user:
        raise OutOfBoundsFault(f"{region.name} is user memory; read it with probe_read_user")
    if region.unset is not None:
        hole = region.unset.find(1, offset, offset + size)
        if hole >= 0 and offset + size <= len(region.data):  # else it is out of bounds
            place = region.freeze().place
            raise UninitialisedMemoryFault(
                f"{size} byte{'s' * (size != 1)} at {place(offset)}: uninitialised at {place(hole)}"
            )


def check_writable(region: Region, offset: int, size: int) -> None:
    """Raise ReadOnlyMemoryFault, for a store of ``size`` bytes at ``offset``, unless ``region``, a
    Region, is writable."""
    if region.user or not region.writable:
        raise ReadOnlyMemoryFault(
            f"a store of {size} byte{'s' * (size != 1)} at {region.freeze().place(offset)}: "
            f"{region.name} is read-only"
        )
