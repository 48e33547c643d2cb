"""Spans of a ring buffer: the fast decoders say what construct parses, record by record."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest
from construct import (
    ConstructError,
    Container,
    FixedSized,
    Int32un,
    Padding,
    Struct,
    this,
)
from hypothesis import given
from hypothesis import strategies as st
from pace import fewer

from loader.fuzz_ringbufs import Began, Closed, Ended, Number, Text, fuzz
from loader.texts import one_line
from tuxscope.asm import RingBuf
from tuxscope.loader.readers import decoded_by
from tuxscope.loader.ring import RingError
from tuxscope.loader.ringbuf_spans import RECORD, TIME, decoder_of
from tuxscope.record import Record

pytestmark = pytest.mark.matrix

STREAMS = {
    "one length": RingBuf("RING", Number),
    "a tail": RingBuf("RING", Text),
    "kinds": RingBuf("RING", Began, Ended, Closed),
}
RECORDS: dict[type[Record], st.SearchStrategy[Record]] = {
    Number: st.builds(lambda n: Number(number=n), st.integers(0, (1 << 32) - 1)),
    Text: st.builds(lambda text: Text(text=text), st.binary(max_size=20)),
    Began: st.builds(
        lambda time, data: Began(time_ns=time, data=data),
        st.integers(0, (1 << 64) - 1),
        st.binary(max_size=40),
    ),
    Ended: st.builds(
        lambda time, result: Ended(time_ns=time, result=result),
        st.integers(0, (1 << 64) - 1),
        st.integers(-(1 << 31), (1 << 31) - 1),
    ),
    Closed: st.builds(lambda time: Closed(time_ns=time), st.integers(0, 9)),
}


def framed(data: bytes, flags: int = 0) -> bytes:
    """A record in the ring buffer; a program may send more than is declared."""
    return struct.pack("=II", len(data) | flags, 7) + data + bytes(-len(data) % 8)


# A record in the ring buffer, as the construct library declares it.
def declared(ring: RingBuf) -> Any:
    return Struct(
        "length" / Int32un,
        Padding(4),
        "record" / FixedSized(this.length, ring.kinds.construct),
    )


def plain(value: Any) -> Any:
    """What construct parsed, or a record, as lists and values alone."""
    if isinstance(value, Container):
        return [plain(each) for name, each in value.items() if name != "_io"]
    if isinstance(value, Record | list | tuple):
        return [plain(each) for each in value]
    return value


@st.composite
def sent(draw: st.DrawFn, ring: RingBuf) -> list[bytes]:
    """What programs sent, some of it several times in a row."""
    made: list[bytes] = []
    for record in draw(st.lists(st.one_of([RECORDS[each] for each in ring.records]), max_size=8)):
        extra = draw(st.sampled_from((b"", b"", b"", b"more than that")))
        made += [bytes(record) + extra] * draw(st.sampled_from((1, 1, 2, 33, 70)))
    return made


@pytest.mark.parametrize("name", STREAMS)
@given(st.data())
def test_rows_say_what_construct_parses(name: str, data: st.DataObject) -> None:
    ring = STREAMS[name]
    decoder, decode = decoder_of(ring), decoded_by(ring)
    for _ in range(2):  # a decoder knows more the second time
        payloads = data.draw(sent(ring))
        span = b""
        for payload in payloads:
            span += framed(payload)
            span += framed(b"what was discarded", 1 << 30) * (payload[-1] % 3 == 0)
        pieces = list(decoder.batches(span, rows=data.draw(st.sampled_from((7, 64, 4096)))))
        rows = [row for piece in pieces for row in zip(*piece, strict=True)]
        parsed = [declared(ring).parse(framed(payload)).record for payload in payloads]
        assert [plain(decode(row)) for row in rows] == [plain(each) for each in parsed]
        assert [decode(row) for row in rows] == [ring.kinds.unpack(each) for each in payloads]


@given(st.data())
def test_the_time_of_each_kind_is_in_one_column(data: st.DataObject) -> None:
    ring = STREAMS["kinds"]
    decoder = decoder_of(ring, Ended.time_ns)
    payloads = data.draw(sent(ring))
    for piece in decoder.batches(b"".join(map(framed, payloads))):
        for row in zip(*piece, strict=True):
            record: Any = decoded_by(ring)(row)
            assert (row[TIME], row[RECORD]) == (record.time_ns, type(record))


@pytest.mark.parametrize("name", STREAMS)
@given(st.data())
def test_what_is_cut_short_is_refused_by_both(name: str, data: st.DataObject) -> None:
    ring = STREAMS[name]
    whole = bytes(data.draw(st.one_of([RECORDS[each] for each in ring.records])))
    short = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(ConstructError):
        ring.kinds.construct.parse(short)
    columns = decoder_of(ring).nothing()
    with pytest.raises(RingError) as caught:
        decoder_of(ring).append(memoryview(short), columns)
    one_line(caught)
    assert not any(columns)


def test_what_came_before_a_bad_record_is_delivered() -> None:
    ring = STREAMS["kinds"]
    good = Ended(result=-1)
    pieces = decoder_of(ring).batches(framed(bytes(good)) * 3 + framed(bytes(4)))
    piece = next(pieces)
    assert [decoded_by(ring)(row) for row in zip(*piece, strict=True)] == [good] * 3
    with pytest.raises(RingError) as caught:
        next(pieces)
    assert "a record of kind 0; there are 1 (Began), 2 (Ended), 9 (Closed)" in one_line(caught)


def test_a_tail_longer_than_its_room_is_refused() -> None:
    data = bytearray(bytes(Text(text=b"x"))) + bytes(300)
    data[:2] = struct.pack("=H", 21)
    with pytest.raises(RingError) as caught:
        list(decoder_of(STREAMS["a tail"]).batches(framed(bytes(data))))
    assert "Text.length is 21, and text has 20 bytes" in one_line(caught)


def test_bytes_that_are_no_spans_are_read_as_the_layout_says() -> None:
    outcomes = fuzz(fewer(20_000), random.Random().randrange(1 << 30))
    assert set(outcomes) == {"decoded", "records refused", "positions refused", "lengths refused"}
