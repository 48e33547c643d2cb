"""net: who connects to whom over TCP, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from tuxscope.asm import Assembler, PerfEventArray, Program, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r1, r2, r3, r4, r5, r6
from tuxscope.output.columns import Clock, Column, Milliseconds
from tuxscope.page.emitting import place_of
from tuxscope.page.page import Page, ProgramFactory
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.net.accepts import accepts
from tuxscope.programs.net.connections import Connection, Report
from tuxscope.programs.net.layout import LINUX_6_18
from tuxscope.programs.net.state_changes import RECEIVE_RESET, resets, state_changes
from tuxscope.record import u8, u32, u64

Network = IPv4Network | IPv6Network
ALL = (1 << 64) - 1
MAPPED = IPv6Network("::ffff:0:0/96")

EVENTS = PerfEventArray("EVENTS", Connection)
# Where not all fit: what happened, with whom, who did it, when; then the rest.
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
class Chosen:
    """Which events are shown; the kernel leaves out all others.

    Attributes:
        port: on either side.
        local, remote: where the address is one of these.
        states: what happened, as numbers of ``Connection.state``; empty for all.
        listen: listening sockets, too.
    """

    port: int | None = None
    local: Network | None = None
    remote: Network | None = None
    states: frozenset[int] = frozenset()
    listen: bool = False


EVERYTHING = Chosen()


def page(chosen: Chosen = EVERYTHING, columns: tuple[Column, ...] = COLUMNS) -> Page:
    """The page that shows what is chosen."""

    def send(a: Assembler, event: Memory, done: str) -> None:
        a.mov(r1, r6)
        a.ld_map(r2, EVENTS)
        a.mov32(r3, -1)  # BPF_F_CURRENT_CPU
        a.lea(r4, event)
        a.mov(r5, Connection.size)
        a.call(helper.perf_event_output)

    return Page(factory(chosen, send), EVENTS, columns, order_by=Connection.timestamp_ns)


def factory(chosen: Chosen, report: Report) -> ProgramFactory:
    """What makes a page's programs that report what is chosen."""

    def net(
        pid: int | None = None,
        exclude: tuple[int, ...] = (),
        namespace: PidNamespace | None = None,
        layout: Layout = LINUX_6_18,
    ) -> tuple[Program, ...]:
        def chosen_alone(a: Assembler, event: Memory, done: str) -> None:
            leave_out_processes(a, event, exclude, done)
            leave_out(a, event, chosen, done)
            report(a, event, done)

        changes = state_changes(layout, chosen_alone, pid, namespace, chosen.listen)
        if layout.has_structs:
            return changes, *accepts(layout, chosen_alone, pid, namespace)
        return (changes, resets(layout)) if layout.has(RECEIVE_RESET) else (changes,)

    return net


def leave_out_processes(a: Assembler, event: Memory, pids: tuple[int, ...], done: str) -> None:
    """Emit: jump to ``done`` with an event of one of these processes."""
    if pids:
        a.ldx(r1, u32[event.pid])
        for pid in pids:
            a.jeq(r1, pid, done)


def leave_out(a: Assembler, event: Memory, chosen: Chosen, done: str) -> None:
    """Emit: jump to ``done`` with an event that nobody asked for."""
    if chosen.states:
        a.ldx(r1, u8[event.state])
        a.mov(r2, 1)
        a.lsh(r2, r1)
        a.and_(r2, sum(1 << each for each in chosen.states))
        a.jeq(r2, 0, done)
    if chosen.port is not None:
        a.ldx(r1, event.lport)
        a.jeq(r1, chosen.port, "port")
        a.ldx(r1, event.rport)
        a.jne(r1, chosen.port, done)
        a.label("port")
    for address, network in ((event.laddr, chosen.local), (event.raddr, chosen.remote)):
        if network is not None:
            elsewhere(a, event, address, network, done)


def elsewhere(a: Assembler, event: Memory, address: Memory, network: Network, done: str) -> None:
    """Emit: jump to ``done`` with an address that is not in a network; half by half.

    IPv4 has its own networks, so that ``::/0`` are those of IPv6.
    """
    value, mask = mapped(network)
    if includes_mapped(network):
        a.ldx(r1, event.ip)
        a.jeq(r1, 4, done)
    for offset, shift in ((0, 64), (8, 0)):
        half = mask >> shift & ALL
        if half:
            a.ldx(r1, u64[place_of(address) + offset])
            a.be(r1, 64)
            if half != ALL:
                a.ld_imm64(r2, half)
                a.and_(r1, r2)
            a.ld_imm64(r2, value >> shift & half)
            a.jne(r1, r2, done)


def includes_mapped(network: Network) -> bool:
    """Whether it is one of IPv6, and v4-mapped addresses are only a part of it."""
    return (
        isinstance(network, IPv6Network)
        and network.prefixlen < MAPPED.prefixlen
        and network.supernet_of(MAPPED)
    )


def mapped(network: Network) -> tuple[int, int]:
    """A network's value and mask, 128 bits each; an IPv4 network is v4-mapped."""
    bits, value = network.prefixlen, int(network.network_address)
    if isinstance(network, IPv4Network):
        bits, value = bits + 96, 0xFFFF << 32 | value
    return value, (1 << 128) - (1 << 128 - bits)


PAGE = page()
