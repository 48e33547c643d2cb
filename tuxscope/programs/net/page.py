"""net: the page that prints TCP connections."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from tuxscope.asm import Assembler, PerfEventArray, Program, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r1, r2, r3, r4, r5, r6
from tuxscope.output.columns import Clock, Column, Milliseconds
from tuxscope.page.emitting import address_of
from tuxscope.page.page import Page, ProgramFactory
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.net.accepts import accepts
from tuxscope.programs.net.connections import Connection, Report, drop_excluded
from tuxscope.programs.net.layout import LINUX_6_18
from tuxscope.programs.net.state_changes import RECEIVE_RESET, resets, state_changes
from tuxscope.record import u8, u64

Network = IPv4Network | IPv6Network
ALL = (1 << 64) - 1
MAPPED = IPv6Network("::ffff:0:0/96")

EVENTS = PerfEventArray("EVENTS", Connection)
# The ranks: on a narrow terminal, state, peer, process and time are shown first.
COLUMNS = (
    Clock(Connection.timestamp_ns, 12, rank=6),
    Column(Connection.pid, 7, rank=4),
    Column(Connection.comm, 15, rank=3),
    Column(Connection.dir, 3, rank=5),
    Column(Connection.ip, 2, rank=12),
    Column(Connection.laddr, 15, rank=9),
    Column(Connection.lport, 5, rank=7),
    Column(Connection.raddr, 15, rank=1),
    Column(Connection.rport, 5, rank=2),
    Column(Connection.state, 11),
    Milliseconds(Connection.ms, 10, rank=8),
    Column(Connection.tx, 8, rank=10),
    Column(Connection.rx, rank=11),
)


@dataclass(frozen=True)
class ConnectionFilter:
    """A frozen dataclass: the events to report; the programs drop all others in the kernel.

    Attributes:
        port: local or remote, an int; None for all.
        local, remote: each a Network or None, the network of the local or remote address, an
            IPv4Network or IPv6Network; None for all.
        states: a frozenset of numbers of ``Connection.state``; empty for all.
        listen: a bool, whether to report listening sockets, too.
    """

    port: int | None = None
    local: Network | None = None
    remote: Network | None = None
    states: frozenset[int] = frozenset()
    listen: bool = False


EVERYTHING = ConnectionFilter()


def page(filter: ConnectionFilter = EVERYTHING, columns: tuple[Column, ...] = COLUMNS) -> Page:
    """Return the Page that prints a line with ``columns``, a tuple of Column, for each event that
    passes ``filter``, a ConnectionFilter."""

    def send(a: Assembler, event: Memory, done: str) -> None:
        a.mov(r1, r6)
        a.ld_map(r2, EVENTS)
        a.mov32(r3, -1)  # BPF_F_CURRENT_CPU
        a.lea(r4, event)
        a.mov(r5, Connection.size)
        a.call(helper.perf_event_output)

    return Page(factory(filter, send), EVENTS, columns, order_by=Connection.timestamp_ns)


def factory(filter: ConnectionFilter, report: Report) -> ProgramFactory:
    """Return the ProgramFactory, the function that makes the programs for events that pass
    ``filter``, a ConnectionFilter. ``report``, called with an Assembler, the Memory of the event
    and a label, a str, emits the code that reports it."""

    def net(
        pid: int | None = None,
        exclude: tuple[int, ...] = (),
        namespace: PidNamespace | None = None,
        layout: Layout = LINUX_6_18,
    ) -> tuple[Program, ...]:
        def report_if_matching(a: Assembler, event: Memory, done: str) -> None:
            drop_excluded(a, event, exclude, done)
            drop_unmatched(a, event, filter, done)
            report(a, event, done)

        changes = state_changes(layout, report_if_matching, pid, namespace, filter.listen)
        if layout.has_structs:
            return changes, *accepts(layout, report_if_matching, pid, namespace)
        return (changes, resets(layout)) if layout.has(RECEIVE_RESET) else (changes,)

    return net


def drop_unmatched(a: Assembler, event: Memory, filter: ConnectionFilter, done: str) -> None:
    """Emit: jump to the label ``done``, a str, if ``event``, a Memory, does not pass ``filter``, a
    ConnectionFilter."""
    if filter.states:
        a.ldx(r1, u8[event.state])
        a.mov(r2, 1)
        a.lsh(r2, r1)
        a.and_(r2, sum(1 << each for each in filter.states))
        a.jeq(r2, 0, done)
    if filter.port is not None:
        a.ldx(r1, event.lport)
        a.jeq(r1, filter.port, "port")
        a.ldx(r1, event.rport)
        a.jne(r1, filter.port, done)
        a.label("port")
    for address, network in ((event.laddr, filter.local), (event.raddr, filter.remote)):
        if network is not None:
            drop_outside(a, event, address, network, done)


def drop_outside(a: Assembler, event: Memory, address: Memory, network: Network, done: str) -> None:
    """Emit: jump to the label ``done``, a str, if ``address``, the Memory of a field of ``event``,
    a Memory, is not in ``network``, an IPv4Network or IPv6Network.

    Compares 64 bits at a time. An IPv4 address is in no IPv6 network: ``::/0`` matches IPv6 only.
    """
    value, mask = mapped(network)
    if includes_mapped(network):
        a.ldx(r1, event.ip)
        a.jeq(r1, 4, done)
    for offset, shift in ((0, 64), (8, 0)):
        half = mask >> shift & ALL
        if half:
            a.ldx(r1, u64[address_of(address) + offset])
            a.be(r1, 64)
            if half != ALL:
                a.ld_imm64(r2, half)
                a.and_(r1, r2)
            a.ld_imm64(r2, value >> shift & half)
            a.jne(r1, r2, done)


def includes_mapped(network: Network) -> bool:
    """Return whether ``network``, an IPv4Network or IPv6Network, is IPv6, larger than
    ::ffff:0:0/96, and contains it."""
    return (
        isinstance(network, IPv6Network)
        and network.prefixlen < MAPPED.prefixlen
        and network.supernet_of(MAPPED)
    )


def mapped(network: Network) -> tuple[int, int]:
    """Return a pair of ints, value and mask of ``network``, an IPv4Network or IPv6Network, 128
    bits each; IPv4 is mapped to ::ffff:0:0/96."""
    bits, value = network.prefixlen, int(network.network_address)
    if isinstance(network, IPv4Network):
        bits, value = bits + 96, 0xFFFF << 32 | value
    return value, (1 << 128) - (1 << 128 - bits)


PAGE = page()
