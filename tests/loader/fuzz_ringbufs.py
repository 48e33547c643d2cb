"""Corrupted ring buffers: bytes changed, and positions that no kernel sets.

    cd tests && python -m loader.fuzz_ringbufs 1000000 7

What comes out is what a plain reading of the layout says, record by record, or RingError at the
same place, and nothing else. What is taken lies within the ring buffer, and its room is given back;
one whose positions or lengths make no sense is left as it is.
"""

from __future__ import annotations

import faulthandler
import random
import struct
import sys
from collections import Counter
from contextlib import suppress

from loader.memory_ringbuf import SIZE, MemoryRingBuf
from tuxscope.asm import RingBuf
from tuxscope.loader.readers import decoded_by
from tuxscope.loader.ring import RingError
from tuxscope.loader.ringbuf_spans import RingBufDecoder, decoder_of
from tuxscope.record import Record, RecordError, s32, u8, u16, u32, u64
from tuxscope.record.variable import const, tail

HANGS = 60  # seconds after which a thousand spans are held to hang
ALL = (1 << 64) - 1


class Number(Record):
    number = u32


class Text(Record):
    length = u16
    text = tail(u8[20], "length")


class Began(Record):
    kind = const(u32, 1)
    time_ns = u64
    size = u8
    data = tail(u8[40], "size")


class Ended(Record):
    kind = const(u32, 2)
    time_ns = u64
    result = s32


class Closed(Record):
    kind = const(u32, 9)
    time_ns = u64


RINGS = (RingBuf("RING", Number), RingBuf("RING", Text), RingBuf("RING", Began, Ended, Closed))


def records(ring: RingBuf, source: random.Random) -> list[bytes]:
    """Records to make spans of."""
    made = []
    for record in (*ring.records, *ring.records):
        data = bytes(record(**{"text": b"abc"} if record is Text else {}))
        made.append(struct.pack("=II", len(data), source.randrange(9)) + data)
        made.append(struct.pack("=II", len(data) + 9, 3) + data + bytes(9))
    made.append(struct.pack("=II", 20 | 1 << 30, 4) + source.randbytes(20))
    made.append(struct.pack("=II", 20 | 1 << 31, 4) + source.randbytes(20))
    return [each + bytes(-len(each) % 8) for each in made]


def plainly(memory: bytes, start: int, length: int) -> tuple[list[bytes], int] | None:
    """What was submitted, and how far it goes; None where a length makes no sense."""
    found: list[bytes] = []
    at = 0
    while at < length:
        (header,) = struct.unpack_from("=I", memory, start + at)
        if header >> 31:
            break
        size = header & (1 << 30) - 1
        end = at + 8 + size + -size % 8
        if end > length:
            return None
        if not header >> 30:
            found.append(memory[start + at + 8 : start + at + 8 + size])
        at = end
    return found, at


def corrupt(span: bytearray, source: random.Random) -> None:
    """Change some bytes, nearer to where headers are than chance would be."""
    for _ in range(source.choice((0, 1, 1, 2, 8))):
        at = source.randrange(len(span))
        if source.random() < 0.7:
            at &= ~7
            at += source.choice((0, 0, 1, 3, 4, 8))
        if at < len(span):
            span[at] = source.choice((0, 1, 2, 8, 9, 0x40, 0x80, 0xFF, source.randrange(256)))


def fuzz(count: int, seed: int) -> Counter[str]:
    """Try so many ring buffers. Returns how they ended.

    Raises AssertionError with the first that is wrongly taken.
    """
    source = random.Random(seed)
    outcomes = Counter[str]()
    makers = [(ring, decoder_of(ring), records(ring, source)) for ring in RINGS]
    for number in range(count):
        if number % 1000 == 0:
            faulthandler.dump_traceback_later(HANGS, exit=True)
        ring, decoder, made = source.choice(makers)
        usual = source.choice(made) * source.choice((0, 0, 0, 1, 2, 3, 33, 36))
        span = bytearray(usual + b"".join(source.choices(made, k=source.randrange(8))))
        del span[SIZE - 8 :]
        if span:
            corrupt(span, source)
        begin = source.choice((0, SIZE - 8, source.getrandbits(20), 1 << 63)) & ~7
        memory = MemoryRingBuf(begin)
        memory.write(begin, bytes(span))
        head = begin + len(span)
        if source.random() < 0.1:
            head = source.choice((begin - 8, begin + SIZE + 8, source.getrandbits(64)))
        memory._written[0] = head & ALL
        outcomes[tried(memory, ring, decoder)] += 1
    faulthandler.cancel_dump_traceback_later()
    return outcomes


def tried(memory: MemoryRingBuf, ring: RingBuf, decoder: RingBufDecoder) -> str:
    """Take what is there and decode it; returns how that ended."""
    begin, head = memory.positions
    said = (bytes(memory.memory), begin, head, ring.record)
    length = head - begin
    if not 0 <= length <= SIZE:
        return refused(memory, decoder, "positions refused")
    expected = plainly(memory.memory, begin % SIZE, length)
    if expected is None:
        return refused(memory, decoder, "lengths refused")
    payloads, taken = expected
    span = memory.take(decoder.usual)
    start = begin % SIZE
    assert span == memory.memory[start : start + taken], said
    assert memory.positions == (begin + taken, head), said
    wanted: list[Record] = []
    with suppress(RecordError):
        wanted.extend(map(ring.kinds.unpack, payloads))
    rows: list[Record] = []
    outcome = "records refused"
    with suppress(RingError):
        for batch in decoder.batches(span):
            rows += map(decoded_by(ring), zip(*batch, strict=True))
        outcome = "decoded"
    assert rows == wanted, said
    assert (outcome == "decoded") == (len(wanted) == len(payloads)), said
    return outcome


def refused(memory: MemoryRingBuf, decoder: RingBufDecoder, outcome: str) -> str:
    """Nothing is taken, and the positions stay."""
    before = memory.positions
    with suppress(RingError):
        memory.take(decoder.usual)
        raise AssertionError(outcome, bytes(memory.memory), before)
    assert memory.positions == before
    return outcome


if __name__ == "__main__":
    tried_spans, chosen = int(sys.argv[1]), int(sys.argv[2])
    print(f"{tried_spans} ring buffers, seed {chosen}: ", end="", flush=True)
    print(dict(fuzz(tried_spans, chosen)))
