"""A ring buffer in memory of our own, which a test writes to as the kernel does."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from tuxscope.loader.ringbuf import BUSY, DISCARDED, RingBufMemory, record_size

SIZE = 4096


@dataclass
class Reserved:
    """A record in the ring buffer: its position, and the bytes that are to be there."""

    at: int
    data: bytes


class MemoryRingBuf(RingBufMemory):
    """Written as ``kernel/bpf/ringbuf.c`` does; the mirror is a copy that is kept equal."""

    def __init__(self, begin: int = 0, size: int = SIZE) -> None:
        """``begin``: both positions at first."""
        self.name, self.size = "RING", size
        self.memory = bytearray(2 * size)
        self._data = memoryview(self.memory)
        self._words = self._data.cast("I")
        self._read = memoryview(bytearray(8)).cast("Q")
        self._written = memoryview(bytearray(8)).cast("Q")
        self._read[0] = self._written[0] = self._tail = begin

    @property
    def positions(self) -> tuple[int, int]:
        """The consumer's and the producer's."""
        return self._read[0], self._written[0]

    def write(self, at: int, data: bytes) -> None:
        """Write at a position, and in the mirror."""
        for offset, byte in enumerate(data):
            place = (at + offset) % self.size
            self.memory[place] = self.memory[place + self.size] = byte

    def reserve(self, data: bytes) -> Reserved | None:
        """A busy record, or None where it does not fit."""
        at = self._written[0]
        taken = record_size(len(data))
        if at + taken - self._read[0] >= self.size:
            return None
        self.write(at, struct.pack("=II", len(data) | BUSY, at // 4096 + 3) + bytes(taken - 8))
        self._written[0] = at + taken
        return Reserved(at, data)

    def commit(self, record: Reserved, discard: bool = False) -> None:
        """The data, and then the header without its busy bit."""
        self.write(record.at + 8, record.data)
        flag = DISCARDED if discard else 0
        self.write(record.at, struct.pack("=I", len(record.data) | flag))

    def send(self, data: bytes) -> bool:
        """Reserve and commit; whether it did fit."""
        record = self.reserve(data)
        if record:
            self.commit(record)
        return record is not None
