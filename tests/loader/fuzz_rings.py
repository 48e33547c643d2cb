"""Corrupted rings: spans with bytes changed, and positions that no kernel sets.

    cd tests && python -m loader.fuzz_rings 1000000 7

What comes out is what a plain reading of the layout says, record by record: the same samples and
losses, or RingError at the same place, and nothing else. What is taken lies within the ring, and
its room is given back; a ring whose positions make no sense is left as it is.
"""

from __future__ import annotations

import faulthandler
import random
import struct
import sys
from collections import Counter
from contextlib import suppress
from typing import Any

from tuxscope.loader.ring import Ring, RingError
from tuxscope.loader.span_decoder import SpanDecoder
from tuxscope.record import Record, RecordType, char, u8, u32, u64

LOST, SAMPLE = 2, 9
SIZE = 4096
HANGS = 60  # seconds after which a thousand spans are held to hang


class Byte(Record):
    value = u8


class Number(Record):
    value = u64


class Event(Record):
    pid = u32
    time = u64
    comm = char[16]


class Wide(Record):
    values = u32[50]


class MemoryRing(Ring):
    """A ring in memory of our own, without an event."""

    def __init__(self, size: int = SIZE) -> None:
        self.cpu, self.size = 3, size
        self._positions = memoryview(bytearray(16)).cast("Q")
        self.memory = bytearray(size)
        self._data = memoryview(self.memory)
        self._tail = 0

    def __repr__(self) -> str:
        return self.memory.hex()

    def put(self, span: bytes, tail: int) -> None:
        """As if all before ``tail`` had been taken, and the kernel had written this since."""
        self._positions[0], self._positions[1] = tail + len(span) & (1 << 64) - 1, tail
        self._tail = tail
        start = tail % self.size
        first = span[: self.size - start]
        self.memory[start : start + len(first)] = first
        self.memory[: len(span) - len(first)] = span[len(first) :]


def pieces(record: RecordType, source: random.Random) -> list[bytes]:
    """Records as kernels write them, to make spans of; samples of this record's size mostly."""
    made = []
    for misc, extra in ((0, 0), (2, 0), (1, 0), (2, 0), (2, 9), (0, 100)):
        data = source.randbytes(record.size + extra)
        size = -(-(12 + len(data)) // 8) * 8
        made.append((struct.pack("=IHHI", SAMPLE, misc, size, size - 12) + data).ljust(size, b"\0"))
    made.append(struct.pack("=IHHQQ", LOST, 0, 24, 5, source.randrange(1 << 20)))
    made.append(struct.pack("=IHHQQ", 1, 0, 24, 5, 6))
    return made


def plainly(span: bytes, record: RecordType) -> tuple[list[tuple[Any, ...]], int | None]:
    """The samples, and how many were lost; None for that where a record makes no sense."""
    rows: list[tuple[Any, ...]] = []
    lost = at = 0
    while at < len(span):
        if len(span) - at < 8:
            return rows, None
        kind, _, size = struct.unpack_from("=IHH", span, at)
        piece = span[at : at + size]
        if size < 8 or size % 8 or size != len(piece):
            return rows, None
        if kind == SAMPLE:
            # A sample of the record's size is as long as perf_prepare_sample makes it.
            if size < -(-(12 + record.size) // 8) * 8:
                return rows, None
            rows.append(record.raw.unpack_from(piece, 12))
        elif kind == LOST and size >= 24:
            lost += struct.unpack_from("=Q", piece, 16)[0]
        at += size
    return rows, lost


def corrupt(span: bytearray, source: random.Random) -> None:
    """Change some bytes, nearer to where headers are than chance would be."""
    for _ in range(source.choice((0, 1, 1, 2, 8))):
        at = source.randrange(len(span))
        if source.random() < 0.7:
            at &= ~7
            at += source.choice((0, 0, 4, 6, 6, 7))
        if at < len(span):
            span[at] = source.choice((0, 2, 8, 9, 0x10, 0x80, 0xFF, source.randrange(256)))


def strange_head(tail: int, head: int, source: random.Random) -> int:
    """A position of the kernel's that may be anything."""
    return source.choice(
        (
            head + source.randrange(-64, 64),
            tail + source.randrange(SIZE + 64),
            tail - source.randrange(1, SIZE),
            tail + SIZE + source.randrange(1, 1 << 40),
            source.getrandbits(64),
        )
    ) & ((1 << 64) - 1)


def fuzz(count: int, seed: int) -> Counter[str]:
    """Try so many spans. Returns how they ended.

    Raises AssertionError with the first that is wrongly taken.
    """
    source = random.Random(seed)
    outcomes = Counter[str]()
    makers = [(SpanDecoder(each), pieces(each, source)) for each in (Byte, Number, Event, Wide)]
    ring = MemoryRing()
    for number in range(count):
        if number % 1000 == 0:
            faulthandler.dump_traceback_later(HANGS, exit=True)
        decoder, made = source.choice(makers)
        usual = source.choice(made) * source.choice((0, 0, 0, 1, 2, 3, 33, 36))
        span = bytearray(usual + b"".join(source.choices(made, k=source.randrange(8))))[:SIZE]
        tail = source.choice((0, SIZE - 8, source.getrandbits(20), 1 << 63)) & ~7
        if span:
            corrupt(span, source)
        ring.put(span, tail)
        head = ring._positions[0]
        if source.random() < 0.2:
            ring._positions[0] = head = strange_head(tail, head, source)
        outcomes[tried(ring, decoder, tail, head)] += 1
    faulthandler.cancel_dump_traceback_later()
    return outcomes


def tried(ring: MemoryRing, decoder: SpanDecoder, tail: int, head: int) -> str:
    """Take a span and decode it; returns how that ended."""
    said = (ring, tail, head, decoder.record)
    length = head - tail
    if not 0 <= length <= SIZE:
        with suppress(RingError):
            ring.take()
            raise AssertionError(said)
        assert (ring._tail, *ring._positions) == (tail, head, tail), said
        return "positions refused"
    span = ring.take()
    twice = bytes(ring.memory) * 2
    assert span == twice[tail % SIZE : tail % SIZE + length], said
    assert (ring._tail, *ring._positions) == (head, head, head), said
    rows: list[tuple[Any, ...]] = []
    lost: int | None = None
    with suppress(RingError):
        lost = decoder.decode(span, rows)
    assert (rows, lost) == plainly(span, decoder.record), said
    return "records refused" if lost is None else "decoded"


if __name__ == "__main__":
    tried_spans, chosen = int(sys.argv[1]), int(sys.argv[2])
    print(f"{tried_spans} spans, seed {chosen}: ", end="", flush=True)
    print(dict(fuzz(tried_spans, chosen)))
