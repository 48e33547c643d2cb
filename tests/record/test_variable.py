"""Records of several kinds, and with a tail: declared, made, laid out and parsed."""

from __future__ import annotations

import copy
import pickle
import struct
from collections.abc import Callable
from typing import Any

import pytest
from construct import ConstructError
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.record import Record, RecordError, RecordType, char, s8, s32, u8, u16, u32, u64
from tuxscope.record.kinds import RecordKinds
from tuxscope.record.variable import const, tail


class Opened(Record):
    kind = const(u32, 1)
    time_ns = u64
    length = u16
    path = tail(char[13], "length")


class Sent(Record):
    kind = const(u32, 2)
    count = u32
    data = tail(u8[40], "count")


class Closed(Record):
    kind = const(u32, 3)
    result = s32


class Short(Record):
    kind = const(u8, 1)


class Plain(Record):
    pid = u32


KINDS = RecordKinds((Opened, Sent, Closed))
texts = st.text(max_size=13).filter(lambda text: "\0" not in text and len(text.encode()) <= 13)
records = st.one_of(
    st.builds(lambda time, path: Opened(time_ns=time, path=path), st.integers(0, 1 << 63), texts),
    st.builds(lambda data: Sent(data=data), st.binary(max_size=40)),
    st.builds(lambda result: Closed(result=result), st.integers(-(1 << 31), (1 << 31) - 1)),
)


def test_the_layout_is_c_s_with_all_the_room_of_the_tail() -> None:
    assert (Opened.path.offset, Opened.path.size, Opened.size) == (18, 13, 32)
    assert [(hole.offset, hole.size) for hole in Opened.padding] == [(4, 4), (31, 1)]
    assert (Sent.data.offset, Sent.size) == (8, 48)


def test_a_new_record_has_its_kind_and_the_length_of_its_tail() -> None:
    made = Opened(path="/tmp")
    assert (made.kind, made.length, made.path) == (1, 4, "/tmp")
    assert len(bytes(made)) == 18 + 4
    assert (Sent(count=3).data, bytes(Sent(count=3))[8:]) == (bytes(3), bytes(3))
    assert Opened(length=6, path="/tmp").path == "/tmp"
    assert len(bytes(Opened(length=6, path="/tmp"))) == 18 + 6


@given(records, st.binary(max_size=9))
def test_what_is_laid_out_is_parsed_whatever_comes_after_it(record: Any, after: bytes) -> None:
    data = bytes(record) + after
    assert type(record).unpack(data) == record
    assert type(record).unpack(b"before" + data, 6) == record
    assert KINDS.unpack(data) == record
    whole = data.ljust(type(record).size, b"\0")
    assert type(record).decode(type(record).raw.unpack_from(whole)) == record


@given(records)
def test_construct_parses_and_builds_the_same(record: Any) -> None:
    parsed = KINDS.construct.parse(bytes(record))
    values = {name: value for name, value in parsed.items() if name != "_io"}
    assert type(record)(**values) == record
    assert type(record).construct.build(values) == bytes(record)


@given(records, st.data())
def test_what_is_cut_short_is_refused(record: Any, data: st.DataObject) -> None:
    short = bytes(record)[: data.draw(st.integers(0, len(bytes(record)) - 1))]
    with pytest.raises(RecordError):
        KINDS.unpack(short)
    with pytest.raises(RecordError):
        type(record).unpack(short)
    with pytest.raises(ConstructError):
        KINDS.construct.parse(short)


@given(records)
def test_records_and_types_are_copied(record: Any) -> None:
    assert copy.deepcopy(record) == record
    for field in type(record).fields.values():
        again = pickle.loads(pickle.dumps(field.type))
        assert again == field.type
        assert again.size == field.type.size


def test_types_are_told_apart() -> None:
    assert const(u32, 1) != const(u32, 2)
    assert const(u32, 1) != u32
    assert tail(char[4], "n") != tail(char[4], "m")
    assert tail(char[4], "n") != char[4]


def declare(**fields: Any) -> Any:
    return RecordType("Event", (Record,), fields)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: declare(path=tail(char[4], "n"), n=u8), "path is a tail, so no field comes after"),
        (lambda: declare(m=u8, path=tail(char[4], "n")), "declare n = u32 before it"),
        (lambda: declare(n=s8, path=tail(char[4], "n")), "declare n = u32 before it"),
        (lambda: declare(n=const(u8, 1), path=tail(char[4], "n")), "declare n = u32 before it"),
        (lambda: declare(n=char[4], path=tail(char[4], "n")), "declare n = u32 before it"),
        (lambda: declare(inner=Opened, n=u8), "a record with a tail is no field of another"),
        (lambda: tail(u32[4], "n"), "tail takes char[N] or u8[N]"),
        (lambda: tail(char, "n"), "tail takes char[N] or u8[N]"),
        (lambda: tail(char[4], u32), "tail takes the name of the field with its length"),
        (lambda: const(u8, 256), "256 does not fit u8"),
        (lambda: const(u8, "1"), "u8 takes "),
        (lambda: const(char[4], 1), "const takes an integer type"),
        (lambda: Opened(kind=2), "Opened.kind: this is always 1, not 2"),
        (lambda: Opened(length=3, path="/tmp"), "Opened.path has 4 bytes, and length is 3"),
        (lambda: Opened(path="x" * 14), "is 14 bytes long"),
        (lambda: Sent(data=bytes(41)), "up to 40 bytes"),
        (
            lambda: Sent.unpack(struct.pack("=II", 2, 41) + bytes(99)),
            "count is 41, and data has 40",
        ),
        (lambda: RecordKinds((Plain, Closed)), "Plain is one of several records, so its first"),
        (lambda: RecordKinds((Short, Closed)), "Closed begins with a u32, and Short with a u8"),
        (lambda: RecordKinds((Closed, declare(kind=const(u32, 3)))), "both begin with 3"),
        (lambda: KINDS.unpack(bytes(40)), "a record of kind 0; there are 1 (Opened), 2 (Sent), 3"),
        (lambda: KINDS.unpack(b"\1"), "a record of 1 bytes, and its kind has 4"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(RecordError) as caught:
        make()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
