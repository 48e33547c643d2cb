"""Spans of a ring, written by hand as kernel/events/core.c lays their records out."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from construct import Container
from hypothesis import given
from hypothesis import strategies as st
from pace import fewer

from loader.fuzz_rings import MemoryRing, fuzz
from tuxscope.loader.ring import RingError
from tuxscope.loader.span_decoder import Columns, SpanDecoder
from tuxscope.record import Record, RecordType, char, s16, s32, s64, u8, u16, u32, u64

pytestmark = pytest.mark.matrix

LOST, SAMPLE = 2, 9


class Point(Record):
    x = s16
    y = s16


FIELD_TYPES = [u8, u16, u32, u64, s32, s64, char[5], char[16], u8[6], u32[3], Point, Point[2]]


def declare(types: Sequence[Any]) -> RecordType:
    return RecordType("Event", (Record,), {f"f{i}": each for i, each in enumerate(types)})


records = st.integers(1, 200).map(lambda size: declare([u8[size]])) | st.lists(
    st.sampled_from(FIELD_TYPES), min_size=1, max_size=8
).map(declare)


@dataclass(frozen=True)
class Piece:
    """One record of a span.

    Attributes:
        data: as it is in the ring.
        payload: what a sample holds; None for other records.
        lost: how many samples it reports as lost.
    """

    data: bytes
    payload: bytes | None = None
    lost: int = 0


def sample(payload: bytes, misc: int = 0) -> Piece:
    """A sample as perf_prepare_sample rounds it up: the tail counts as payload there."""
    size = -(-(12 + len(payload)) // 8) * 8
    header = struct.pack("=IHHI", SAMPLE, misc, size, size - 12)
    return Piece((header + payload).ljust(size, b"\xee"), payload)


def lost(count: int, misc: int = 0, event: int = 5) -> Piece:
    return Piece(struct.pack("=IHHQQ", LOST, misc, 24, event, count), lost=count)


def other(kind: int, misc: int, words: int) -> Piece:
    return Piece(struct.pack("=IHH", kind, misc, 8 + 8 * words) + b"\xff" * (8 * words))


def join(pieces: Sequence[Piece]) -> bytes:
    return b"".join(piece.data for piece in pieces)


miscs = st.sampled_from((0, 1, 2)) | st.integers(0, 0xFFFF)
kinds = st.integers(0, 0xFFFFFFFF).filter(lambda kind: kind not in (LOST, SAMPLE))


@st.composite
def spans(draw: st.DrawFn, record: RecordType) -> list[Piece]:
    """Pieces in any order, each sort of them several times in a row now and then."""
    noise = random.Random(draw(st.integers(0, 1 << 32)))
    pieces: list[Piece] = []
    for sort in draw(st.lists(st.sampled_from("sssllo"), max_size=12)):
        misc = draw(miscs)
        times = draw(st.sampled_from((1, 2, 31, 32, 33, 97)) | st.integers(1, 5))
        extra = draw(st.sampled_from((0, 0, 0, 1, 8)) | st.integers(0, 40))
        for _ in range(times):
            if sort == "s":
                pieces.append(sample(noise.randbytes(record.size + extra), misc))
            elif sort == "l":
                pieces.append(lost(noise.getrandbits(64), misc))
            else:
                pieces.append(other(draw(kinds) if times < 3 else 1, misc, extra % 6))
    return pieces


def expected_rows(record: RecordType, pieces: Sequence[Piece]) -> list[tuple[Any, ...]]:
    samples = (piece.payload for piece in pieces if piece.payload is not None)
    return [record.raw.unpack(payload[: record.size]) for payload in samples]


def plain(value: Any) -> Any:
    """What construct parsed, or a record, as lists and values alone."""
    if isinstance(value, Container):
        return [plain(each) for name, each in value.items() if name != "_io"]
    if isinstance(value, Record | list | tuple):
        return [plain(each) for each in value]
    return value


@given(st.data(), records)
def test_every_sample_and_every_loss_is_found(data: st.DataObject, record: RecordType) -> None:
    decoder = SpanDecoder(record)
    for _ in range(2):  # a decoder knows more the second time
        pieces = data.draw(spans(record))
        rows: list[tuple[Any, ...]] = []
        assert decoder.decode(join(pieces), rows) == sum(piece.lost for piece in pieces)
        assert rows == expected_rows(record, pieces)


@given(st.data(), records)
def test_rows_say_what_construct_parses(data: st.DataObject, record: RecordType) -> None:
    payloads = data.draw(
        st.lists(st.binary(min_size=record.size, max_size=record.size + 9), max_size=5)
    )
    rows: list[tuple[Any, ...]] = []
    SpanDecoder(record).decode(join([sample(payload) for payload in payloads]), rows)
    assert [plain(record.decode(row)) for row in rows] == [
        plain(record.construct.parse(payload)) for payload in payloads
    ]


@given(st.data(), records)
def test_rows_are_appended(data: st.DataObject, record: RecordType) -> None:
    pieces = data.draw(spans(record))
    before = ("kept",)
    rows: list[tuple[Any, ...]] = [before]
    SpanDecoder(record).decode(join(pieces), rows)
    assert rows == [before, *expected_rows(record, pieces)]


class Advancing(SpanDecoder):
    """Fails where it would go on for ever."""

    def _one(self, view: memoryview, at: int, columns: Columns) -> tuple[int, int]:
        size, refused = super()._one(view, at, columns)
        assert size > 0
        return size, refused


@st.composite
def corrupt(draw: st.DrawFn, record: RecordType) -> bytes:
    """A span with some bytes changed, or its end cut off; or nothing but noise."""
    span = bytearray(join(draw(spans(record))))
    if not span or draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=400))
    for _ in range(draw(st.integers(0, 8))):
        span[draw(st.integers(0, len(span) - 1))] = draw(st.integers(0, 255))
    return bytes(span[: draw(st.just(len(span)) | st.integers(0, len(span)))])


@given(st.data(), records)
def test_a_corrupt_span_is_decoded_or_refused(data: st.DataObject, record: RecordType) -> None:
    span = data.draw(corrupt(record))
    rows: list[tuple[Any, ...]] = []
    with suppress(RingError):
        Advancing(record).decode(span, rows)
    assert len(rows) * (12 + record.size) <= len(span)
    assert all(len(row) == len(record.raw.unpack(bytes(record.size))) for row in rows)


def test_corrupted_rings_are_read_as_far_as_they_make_sense() -> None:
    """A part of what ``make fuzz`` does."""
    assert fuzz(fewer(5000), seed=7).keys() == {"decoded", "records refused", "positions refused"}


class Number(Record):
    value = u64


GOOD = sample(u64.pack(7))


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(struct.pack("=IHH", 1, 0, 0), id="size 0"),
        pytest.param(struct.pack("=IHHQ", 1, 0, 4, 0), id="size less than a header"),
        pytest.param(struct.pack("=IHHIIHH", 1, 0, 12, 0, 1, 0, 8), id="size no multiple of 8"),
        pytest.param(struct.pack("=IHHQ", 1, 0, 24, 0), id="size beyond the end"),
        pytest.param(GOOD.data[:-8], id="sample beyond the end"),
        pytest.param(GOOD.data[:7], id="cut within the header"),
        pytest.param(sample(u32.pack(7)).data, id="sample shorter than the record"),
        pytest.param(struct.pack("=IHH", SAMPLE, 0, 8), id="sample without data"),
    ],
)
@pytest.mark.parametrize("good", [0, 1, 31, 32, 100])
def test_a_bad_record_is_refused_wherever_it_is(good: int, bad: bytes) -> None:
    rows: list[tuple[Any, ...]] = []
    with pytest.raises(RingError) as caught:
        Advancing(Number).decode(GOOD.data * good + bad, rows)
    assert str(caught.value).isprintable()
    assert rows == [(7,)] * good


def test_an_empty_span_holds_nothing() -> None:
    assert SpanDecoder(Number).decode(b"", []) == 0


class Counting(SpanDecoder):
    """Counts how many headers are looked at together."""

    looked_at = 0

    def _usual_records(self, table: memoryview) -> int:
        self.looked_at += len(table) // len(GOOD.data)
        return super()._usual_records(table)


@pytest.mark.parametrize("run", [0, 1, 2, 31, 32, 33, 96, 100, 1000])
def test_the_cost_is_linear_whatever_is_in_between(run: int) -> None:
    """Runs of samples with one LOST record after each."""
    decoder = Counting(Number)
    times = 4000 // (run + 1)
    rows: list[tuple[Any, ...]] = []
    span = (GOOD.data * run + lost(1).data) * times
    assert decoder.decode(span, rows) == times
    assert len(rows) == run * times
    assert decoder.looked_at <= 40 * (run + 1) * times


@given(st.data(), records, st.integers(1, 70))
def test_pieces_say_what_one_says(data: st.DataObject, record: RecordType, rows: int) -> None:
    pieces = data.draw(spans(record))
    lost, found = 0, []
    for columns, refused in SpanDecoder(record).batches(join(pieces), rows):
        assert len({len(column) for column in columns}) == 1
        assert len(columns[0]) <= rows
        found += zip(*columns, strict=True)
        lost += refused
    assert lost == sum(piece.lost for piece in pieces)
    assert found == expected_rows(record, pieces)


def test_samples_from_interrupts_and_calls_are_one_table() -> None:
    """What misc says is no reason to take samples one by one."""
    decoder = Counting(Number)
    span = (sample(u64.pack(1), misc=1).data + sample(u64.pack(2), misc=2).data) * 5000
    rows: list[tuple[Any, ...]] = []
    assert decoder.decode(span, rows) == 0
    assert rows == [(1,), (2,)] * 5000
    assert decoder.looked_at == 10_000


@given(st.data(), records, st.integers(1, 40))
def test_columns_say_what_construct_parses_whatever_is_in_between(
    data: st.DataObject, record: RecordType, rows: int
) -> None:
    pieces = data.draw(spans(record))
    found: list[tuple[Any, ...]] = []
    for columns, _ in SpanDecoder(record).batches(join(pieces), rows):
        found += zip(*columns, strict=True)
    assert [plain(record.decode(row)) for row in found] == [
        plain(record.construct.parse(piece.payload))
        for piece in pieces
        if piece.payload is not None
    ]


@given(st.data(), records, st.integers(1, 40), st.integers(0, (1 << 60) - 1))
def test_a_ring_says_what_construct_parses_wherever_it_wraps(
    data: st.DataObject, record: RecordType, rows: int, tail: int
) -> None:
    """What the kernel wrote, with losses and other records in between, and round the end of the
    ring, within a record or between two: each sample as construct parses it, and each loss."""
    decoder, tail = SpanDecoder(record), tail * 8
    for _ in range(3):
        pieces = data.draw(spans(record))
        span = join(pieces)
        ring = MemoryRing(1 << max(len(span), 8).bit_length())
        ring.put(span, tail)
        tail += len(span)
        lost, found = 0, []
        for columns, refused in decoder.batches(ring.take(), rows):
            found += zip(*columns, strict=True)
            lost += refused
        assert lost == sum(piece.lost for piece in pieces)
        assert [plain(record.decode(row)) for row in found] == [
            plain(record.construct.parse(piece.payload))
            for piece in pieces
            if piece.payload is not None
        ]
