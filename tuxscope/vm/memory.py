"""Memory as regions: each with bounds, and with a note of which bytes were ever set.

An address has 64 bits, as in the kernel. Its upper half names the region and its lower half is
the offset in it, so that no arithmetic on a pointer leads from one region into another unseen.
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
FIRST, LAST = 0xFFFF_8880, 0xFFFF_C87F  # kernel addresses look like that
FURTHER = 0x8000_0000  # where regions go on after LAST: no address of any machine looks like that
NULL_PAGE = 4096


@dataclass(frozen=True, slots=True)
class FrozenRegion:
    """A region at one moment.

    Attributes:
        name: what it is, as in ``stack of hello``.
        data: its bytes.
        unset: one byte for each of ``data``, 1 where nothing was ever stored; None where all are
            set.
        writable: whether stores are allowed.
        user: whether it is a process's memory, which only helpers may read.
        origin: the offset from which offsets are told; the frame pointer's in a stack.
    """

    name: str
    data: bytes
    unset: bytes | None = None
    writable: bool = True
    user: bool = False
    origin: int = 0

    def place(self, offset: int) -> str:
        """An offset in words: ``fp-8``, ``context+16``."""
        base, offset = "fp" if self.origin else self.name, offset - self.origin
        return f"{base}{offset:+}" if offset else base


@dataclass(slots=True, eq=False)
class Region:
    """A region that changes; the attributes are those of FrozenRegion.

    Who changes ``data`` or ``unset`` sets ``frozen`` to None.
    """

    name: str
    data: bytearray
    unset: bytearray | None = None
    writable: bool = True
    user: bool = False
    origin: int = 0
    frozen: FrozenRegion | None = field(default=None, repr=False)

    def freeze(self) -> FrozenRegion:
        """Its value now; the same object as before where nothing changed."""
        if self.frozen is None:
            unset = bytes(self.unset) if self.unset is not None and any(self.unset) else None
            self.frozen = FrozenRegion(
                self.name, bytes(self.data), unset, self.writable, self.user, self.origin
            )
        return self.frozen

    @classmethod
    def thaw(cls, frozen: FrozenRegion) -> Region:
        unset = None if frozen.unset is None else bytearray(frozen.unset)
        return cls(
            frozen.name, bytearray(frozen.data), unset, frozen.writable, frozen.user,
            frozen.origin, frozen,
        )  # fmt: skip


class VirtualMemory:
    """All regions, by the upper half of their addresses.

    Attributes:
        regions: the dictionary itself stays the same one; the operations hold on to it.
    """

    def __init__(self) -> None:
        self.regions: dict[int, Region] = {}
        self._next = FIRST

    def add(self, region: Region, address: int | None = None) -> int:
        """Give a region its address: the next free one, or one with a lower half of 0."""
        if address is None:
            address = self._next << WINDOW
            self._next = FURTHER if self._next == LAST else self._next + 1
        self.regions[address >> WINDOW] = region
        return address

    def forget(self, address: int) -> None:
        """Take all bytes of the region at ``address`` for never set."""
        region = self.regions[address >> WINDOW]
        region.unset = bytearray(b"\1" * len(region.data))
        region.frozen = None

    def remove(self, address: int) -> None:
        """Forget the region at ``address``; what still points there faults."""
        del self.regions[address >> WINDOW]

    def find(self, address: int, size: int) -> tuple[Region, int]:
        """The region that has ``size`` bytes at ``address``, and their offset in it.

        Raises NullPointerFault or OutOfBoundsFault.
        """
        address &= ADDRESSES
        region = self.regions.get(address >> WINDOW)
        offset = address & OFFSET
        if region is None or offset + size > len(region.data):
            raise self.out_of_bounds(address, size)
        return region, offset

    def out_of_bounds(self, address: int, size: int) -> Fault:
        """Why there are no ``size`` bytes at ``address``."""
        count = f"{size} byte{'s' * (size != 1)}"
        if address < NULL_PAGE:
            return NullPointerFault(
                f"{count} at address {address:#x}: this pointer is null; where it comes from a "
                "lookup, jump on 0 first"
            )
        for number, offset in (
            (address >> WINDOW, address & OFFSET),
            ((address >> WINDOW) + 1, (address & OFFSET) - OFFSET - 1),
        ):
            region = self.regions.get(number)
            if region and not (offset < 0 and -offset > OFFSET >> 1):
                place = region.freeze().place(offset)
                return OutOfBoundsFault(
                    f"{count} at {place}: {region.name} has {len(region.data)} bytes"
                )
        return OutOfBoundsFault(f"{count} at address {address:#x}: nothing is there")

    def read(self, address: int, size: int) -> bytes:
        """``size`` bytes that were all set once. Raises MemoryFault."""
        region, offset = self.find(address, size)
        check_readable(region, offset, size)
        return bytes(region.data[offset : offset + size])

    def write(self, address: int, data: bytes) -> None:
        """Store bytes. Raises MemoryFault."""
        region, offset = self.find(address, len(data))
        check_writable(region, offset, len(data))
        region.data[offset : offset + len(data)] = data
        if region.unset is not None:
            region.unset[offset : offset + len(data)] = bytes(len(data))
        region.frozen = None

    def freeze(self) -> Mapping[int, FrozenRegion]:
        """Each region's value now, by the upper half of its address."""
        return {number: region.freeze() for number, region in self.regions.items()}

    def restore(self, frozen: Mapping[int, FrozenRegion], next_number: int) -> None:
        """Make all regions what they were."""
        for number in self.regions.keys() - frozen.keys():
            del self.regions[number]
        for number, value in frozen.items():
            now = self.regions.get(number)
            if now is None or now.freeze() is not value:
                self.regions[number] = Region.thaw(value)
        self._next = next_number

    @property
    def next_number(self) -> int:
        """The upper half of the address that the next region gets."""
        return self._next


def check_readable(region: Region, offset: int, size: int) -> None:
    """Raises UninitialisedMemoryFault where some of the bytes were never set."""
    if region.user:
        raise OutOfBoundsFault(f"{region.name} is a process's: read it with probe_read_user")
    if region.unset is not None:
        hole = region.unset.find(1, offset, offset + size)
        if hole >= 0 and offset + size <= len(region.data):  # else it is out of bounds
            place = region.freeze().place
            raise UninitialisedMemoryFault(
                f"{size} byte{'s' * (size != 1)} at {place(offset)}: nothing was stored "
                f"at {place(hole)}"
            )


def check_writable(region: Region, offset: int, size: int) -> None:
    """Raises ReadOnlyMemoryFault."""
    if region.user or not region.writable:
        raise ReadOnlyMemoryFault(
            f"a store of {size} byte{'s' * (size != 1)} at {region.freeze().place(offset)}: "
            f"{region.name} may only be read"
        )
