"""Types that mean more than a number: one value for each of their bytes, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.record import Record, RecordError, RecordType, s8, s64, u8, u16, u32, u64
from tuxscope.record.types import FieldType, Integer
from tuxscope.record.values import IpAddress, Named, Optional, OptionalMilliseconds

pytestmark = pytest.mark.matrix

STATES = {1: "established", 10: "listening", 16: "connect"}


class Event(Record):
    ms = OptionalMilliseconds()
    address = IpAddress()
    pid = Optional(u32, 0)
    port = Optional(u16, 65535)
    state = Named(u8, STATES)


EVENT = Event(ms=1.5, address="10.0.0.1", pid=None, port=80, state="listening")


def one(value_type: FieldType[Any]) -> RecordType:
    return RecordType("One", (Record,), {"value": value_type})


@given(st.binary(min_size=Event.size, max_size=Event.size))
def test_construct_parses_the_same(raw: bytes) -> None:
    ours = Event.unpack(raw)
    theirs = Event.construct.parse(raw)
    for name in Event.fields:
        assert theirs[name] == getattr(ours, name), name
    values = {name: theirs[name] for name in Event.fields}
    if values["ms"] is None or values["ms"] < 1 << 40:  # a float does not hold all 64 bits
        assert bytes(Event(**values)) == Event.construct.build(values)


@given(
    st.none() | st.integers(1, (1 << 32) - 1),
    st.none() | st.integers(0, 65534),
    st.sampled_from([*STATES.values(), "0", "255", "9"]),
    st.none() | st.integers(0, 10**12).map(lambda us: us / 1000),
    st.ip_addresses(),
)
def test_values_come_back(
    pid: int | None, port: int | None, state: str, ms: float | None, address: Any
) -> None:
    event = Event(ms=ms, address=str(address), pid=pid, port=port, state=state)
    again = Event.unpack(bytes(event))
    assert again == event
    assert (again.pid, again.port, again.state, again.ms) == (pid, port, state, ms)
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped
    assert ip_address(again.address) == (mapped or address)


@given(st.binary(min_size=16, max_size=16))
def test_an_address_is_what_python_says(raw: bytes) -> None:
    value = one(IpAddress()).unpack(raw).value
    theirs = IPv6Address(raw)
    assert ip_address(value) == (theirs.ipv4_mapped or theirs)
    assert bytes(one(IpAddress())(value=value)) == bytes(one(IpAddress())(value=raw)) == raw


@given(st.integers(0, (1 << 32) - 1))
def test_v4_is_mapped(number: int) -> None:
    address = IPv4Address(number)
    raw = bytes(one(IpAddress())(value=str(address)))
    assert raw == bytes(10) + b"\xff\xff" + address.packed


@given(st.integers(0, 10**15))
def test_milliseconds_are_to_the_microsecond(ns: int) -> None:
    value = one(OptionalMilliseconds()).unpack(ns.to_bytes(8, sys.byteorder)).value
    assert abs(value * 1e6 - ns) <= 501


@pytest.mark.parametrize("stored", [s8, s64, u8, u64])
def test_nothing_is_a_value_of_its_own(stored: Integer) -> None:
    nothing = -1 if stored in (s8, s64) else 7
    record = one(Optional(stored, nothing))
    assert record.unpack(bytes(record(value=None))).value is None
    assert bytes(record(value=None)) == bytes(record(value=nothing))
    assert record.unpack(bytes(record(value=5))).value == 5


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Event(state="listenin"), "'listenin' is not one of established, listening"),
        (lambda: Event(state=10), "10 is not one of"),
        (lambda: Event(state="256"), "256"),
        (lambda: Event(state="²"), "'²' is not one of"),
        (lambda: Event(address="10.0.0"), "'10.0.0' is not an IP address"),
        (lambda: Event(address="::g"), "'::g' is not an IP address"),
        (lambda: Event(address=7), "7 is not an IP address"),
        (lambda: Event(address=bytes(4)), "is not an IP address"),
        (lambda: Event(pid=1 << 32), "4294967296"),
        (lambda: Event(pid="1"), "'1'"),
        (lambda: Event(ms=-1.0), "-1000000"),
        (lambda: Event(ms="1"), "'1'"),
    ],
)
def test_what_is_no_value_is_refused(make: Callable[[], Any], problem: str) -> None:
    with pytest.raises(RecordError) as caught:
        make()
    assert problem in str(caught.value)


def test_types_are_the_same_if_they_mean_the_same() -> None:
    assert Named(u8, STATES) == Named(u8, dict(STATES))
    assert Named(u8, STATES) != Named(u8, {1: "established"})
    assert Named(u8, STATES) != Named(u16, STATES)
    assert Optional(u32, 0) == Optional(u32, 0)
    assert Optional(u32, 0) != Optional(u32, 1)
    assert Optional(u64, (1 << 64) - 1) != OptionalMilliseconds()
    assert IpAddress() == IpAddress()
