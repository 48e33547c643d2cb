"""The state of a ring buffer: immutable, so that snapshots share it."""

from __future__ import annotations

from dataclasses import dataclass

from tuxscope.vm.state import Sent


@dataclass(frozen=True, slots=True)
class Reservation:
    """A frozen dataclass: a record in a ring buffer that user space cannot read yet.

    Attributes:
        address: an int, its address; 0 after it was submitted or discarded.
        sent: the Sent, the record that was submitted; None if reserved or discarded.
        taken: an int, the bytes that it takes in the ring buffer.
    """

    address: int
    sent: Sent | None = None
    taken: int = 0


@dataclass(frozen=True, slots=True)
class VirtualRing:
    """A frozen dataclass: the mutable state of a ring buffer.

    Attributes:
        consumed: an int, the bytes that were read, with the headers of the records.
        produced: an int, the bytes of all records so far, with their headers.
        records: a tuple of Reservation: the oldest reserved record and all after it, which wait
            for it.
        used: an int, a property.
    """

    consumed: int = 0
    produced: int = 0
    records: tuple[Reservation, ...] = ()

    @property
    def used(self) -> int:
        """The number of bytes that are not read yet, an int."""
        return self.produced - self.consumed

    @property
    def reserved(self) -> tuple[int, ...]:
        """The addresses of the reserved records, a tuple."""
        return tuple(each.address for each in self.records if each.address)
