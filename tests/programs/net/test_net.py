"""What net's programs choose and count, in the interpreter; and what its options mean."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from output.test_columns import element

from tuxscope.asm import Array, Assembler, Program, Tracepoint, r0, r6, r7
from tuxscope.errors import UsageError
from tuxscope.programs.net.connections import EVENTS, Connection
from tuxscope.programs.net.options import network, port, states
from tuxscope.programs.net.page import ConnectionFilter, Network, drop_unmatched
from tuxscope.programs.net.summary import Traffic, count_time
from tuxscope.programs.net.tcp_states import NAMES
from tuxscope.record import Record, u8, u64
from tuxscope.vm import Machine

pytestmark = pytest.mark.matrix

ANYWHERE = Tracepoint("sock", "inet_sock_set_state")


class Nanoseconds(Record):
    ns = u64


# Of two that have one name, the first.
NUMBERS = sorted({name: number for number, name in reversed((NAMES | EVENTS).items())}.values())
GIVEN = Array("GIVEN", value=u8[Connection.size], max_entries=1)
COUNTED = Array("COUNTED", value=Traffic, max_entries=1)


def chooser(chosen: ConnectionFilter) -> Program:
    """Returns 1 for a Connection that is chosen."""
    a = Assembler("chooser", attach=ANYWHERE)
    a.ld_map_value(r6, GIVEN)
    a.mov(r0, 0)
    drop_unmatched(a, Connection[r6], chosen, "out")
    a.mov(r0, 1)
    a.label("out")
    a.exit()
    return a.program()


def run(program: Program, event: bytes) -> Machine:
    """To its end, on an event."""
    machine = Machine(program)
    machine.maps[GIVEN].update(0, event)
    machine.run()
    return machine


def raw(**event: Any) -> bytes:
    return bytes(Connection(**{"laddr": "::", "raddr": "::", "dir": "-", "state": "0"} | event))


def is_chosen(chosen: ConnectionFilter, **event: Any) -> bool:
    return bool(run(chooser(chosen), raw(**event)).result)


@st.composite
def networks_and_addresses(draw: Any) -> tuple[Network, str]:
    """Of one family; often the address is in the network, or next to it."""
    version = draw(st.sampled_from([4, 6]))
    kind, bits = {4: (IPv4Network, 32), 6: (IPv6Network, 128)}[version]
    address = draw(st.integers(0, (1 << bits) - 1))
    length = draw(st.integers(0, bits))
    changed = draw(st.just(0) | st.integers(0, bits - 1).map(lambda bit: 1 << bit))
    inside = kind((address, length), strict=False)
    return inside, str(inside.network_address.__class__(address ^ changed))


@pytest.mark.parametrize(("option", "field"), [("local", "laddr"), ("remote", "raddr")])
@given(case=networks_and_addresses())
def test_a_network_is_what_python_says(option: str, field: str, case: tuple[Network, str]) -> None:
    chosen, address = case
    assert is_chosen(ConnectionFilter(**{option: chosen}), **{field: address}) is (
        ip_address(address) in chosen
    )


@given(st.ip_addresses(v=4), st.integers(0, 32), st.ip_addresses(v=6))
def test_families_are_apart(four: Any, length: int, six: Any) -> None:
    """But for networks of what is mapped."""
    if not six.ipv4_mapped:
        chosen = ip_network((four, length), strict=False)
        assert not is_chosen(ConnectionFilter(local=chosen), laddr=str(six))
    assert is_chosen(ConnectionFilter(local=ip_network("::ffff:0:0/96")), laddr=str(four), ip=4)
    assert not is_chosen(ConnectionFilter(local=ip_network("::/0")), laddr=str(four), ip=4)
    assert is_chosen(ConnectionFilter(local=ip_network("::/0")), laddr=str(six), ip=6)


@given(st.integers(1, 65535), st.integers(0, 65535), st.integers(0, 65535))
def test_a_port_is_on_either_side(chosen: int, local: int, remote: int) -> None:
    assert is_chosen(ConnectionFilter(port=chosen), lport=local, rport=remote) is (
        chosen in (local, remote)
    )
    assert is_chosen(ConnectionFilter(port=chosen), lport=chosen, rport=remote)
    assert is_chosen(ConnectionFilter(port=chosen), lport=local, rport=chosen)


@given(st.frozensets(st.sampled_from(NUMBERS), min_size=1), st.sampled_from(NUMBERS))
def test_states(chosen: frozenset[int], state: int) -> None:
    assert is_chosen(ConnectionFilter(states=chosen), state=str(state)) is (state in chosen)


def test_all_that_is_asked_for_holds() -> None:
    chosen = ConnectionFilter(
        port=80, local=IPv4Network("10.0.0.0/8"), states=states("--state", "close,refused")
    )
    event = {"laddr": "10.1.1.1", "lport": 80, "state": "close"}
    assert is_chosen(chosen, **event)
    for changed in ({"laddr": "11.1.1.1"}, {"lport": 81}, {"state": "reset"}):
        assert not is_chosen(chosen, **{**event, **changed})


def counter() -> Program:
    """Counts the time of a Connection."""
    a = Assembler("counter", attach=ANYWHERE)
    a.ld_map_value(r6, GIVEN)
    a.ld_map_value(r7, COUNTED)
    count_time(a, Connection[r6])
    a.mov(r0, 0)
    a.exit()
    return a.program()


COUNTER = counter()


@given(st.integers(0, (1 << 64) - 1) | st.integers(0, 63).map(lambda power: (1 << power) * 1000))
def test_a_time_is_counted_in_its_range(ns: int) -> None:
    ns &= (1 << 64) - 1
    event = bytearray(raw(state="connect"))
    at = Connection.ms.offset
    event[at : at + 8] = bytes(Nanoseconds(ns=ns))
    machine = run(COUNTER, bytes(event))
    counts = machine.maps[COUNTED].lookup(0).connect
    us = min(ns // 1000, (1 << 32) - 1)
    assert [at for at, count in enumerate(counts) if count] == [element(us)]
    assert sum(counts) == 1


@pytest.mark.parametrize("text", ["10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "2001:db8::/32"])
def test_networks(text: str) -> None:
    assert network("--local", text) == ip_network(text)


def test_ports_and_states() -> None:
    assert port("--port", "1") == 1
    assert port("--port", "65535") == 65535
    assert states("--state", "refused") == {19}
    assert states("--state", "syn-recv,established") == {
        1,
        3,
        12,
    }  # two of the kernel's states have that name


@pytest.mark.parametrize("text", ["", "0", "65536", "-1", "80,443", "http", "9" * 5000])
def test_what_is_no_port(text: str) -> None:
    with pytest.raises(UsageError):
        port("--port", text)
