"""net --summary: counts connections in the kernel, by process, remote address or port."""

from __future__ import annotations

from enum import Enum

from tuxscope.asm import Array, Assembler, Hash, helper
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r7
from tuxscope.output.columns import AnyColumn, Column, Percentile
from tuxscope.page.emitting import address_of, copy, lookup, range_of
from tuxscope.page.page import Page
from tuxscope.programs.net import connections
from tuxscope.programs.net.connections import Connection
from tuxscope.programs.net.page import EVERYTHING, ConnectionFilter, factory
from tuxscope.record import Record, RecordType, char, u8, u16, u32, u64
from tuxscope.record.values import IpAddress, Optional

MOST_ROWS = 16384
# Buckets of the histogram of connect times in microseconds, four per power of two. The error of a
# percentile is at most 1/8.
RANGES = 128


class By(Enum):
    """An enum: the key of a summary, the values of ``--by``. Members: PROCESS = "process",
    REMOTE = "remote", PORT = "port"."""

    PROCESS = "process"
    REMOTE = "remote"
    PORT = "port"


class Process(Record):
    """A Record, the key of ``--by process``.

    Attributes:
        pid: an int or None.
        comm: a str.
    """

    pid = Optional(u32, 0)
    comm = char[16]


class Remote(Record):
    """A Record, the key of ``--by remote``.

    Attributes:
        raddr: a str.
    """

    raddr = IpAddress()


class Port(Record):
    """A Record, the key of ``--by port``.

    Attributes:
        port: u16.
    """

    port = u16  # the server's


class Traffic(Record):
    """A Record: what is counted of each key.

    Attributes:
        events, connects, accepts, failed, resets, closes, tx, rx: u64 each.
        connect: an array of u32, connections by range of their connect time.
    """

    events = u64
    connects = u64
    accepts = u64
    failed = u64  # refused, timed out, unreachable, aborted
    resets = u64
    closes = u64
    tx = u64  # of connections that ended
    rx = u64
    connect = u32[RANGES]  # histogram of connect times


COUNTERS = {
    Traffic.connects: (connections.CONNECTED,),
    Traffic.accepts: (connections.ACCEPTED,),
    Traffic.failed: (
        connections.REFUSED, connections.TIMED_OUT, connections.UNREACHABLE, connections.ABORTED,
    ),
    Traffic.resets: (connections.RESET,),
    Traffic.closes: (connections.CLOSED,),
}  # fmt: skip
ONGOING = (connections.CONNECTED, connections.ACCEPTED, connections.LISTENS)
EMPTY = Array("EMPTY", value=Traffic, max_entries=1)
KEYS: dict[By, tuple[RecordType, tuple[AnyColumn, ...]]] = {
    By.PROCESS: (Process, (Column(Process.pid, 7, rank=1), Column(Process.comm, 15))),
    By.REMOTE: (Remote, (Column(Remote.raddr, 39),)),
    By.PORT: (Port, (Column(Port.port, 5),)),
}
COLUMNS = (
    Column(Traffic.connects, 8, rank=2),
    Column(Traffic.accepts, 8, rank=3),
    Column(Traffic.failed, 8, rank=4),
    Column(Traffic.resets, 8, rank=8),
    Column(Traffic.closes, 8, rank=9),
    Column(Traffic.tx, 12, rank=5),
    Column(Traffic.rx, 12, rank=6),
    Percentile(Traffic.connect, 12, rank=7),
    Percentile(Traffic.connect, percent=99, rank=10),
)


def page(by: By = By.PROCESS, filter: ConnectionFilter = EVERYTHING) -> Page:
    """Return the Page that counts the connections that pass ``filter``, a ConnectionFilter, per key
    ``by``, a By."""
    key_type, key_columns = KEYS[by]
    table = Hash("SUMMARY", key=key_type, value=Traffic, max_entries=MOST_ROWS)

    def tally(a: Assembler, event: Memory, done: str) -> None:
        key = a.stack(key_type)
        a.zero(key)
        store_key(a, by, key, event)
        find_or_add(a, table, key, done)
        a.mov(r7, r0)
        count(a, event, done)

    return Page(factory(filter, tally), table, key_columns + COLUMNS, order_by=Traffic.events)


def store_key(a: Assembler, by: By, key: Memory, event: Memory) -> None:
    """Emit: store the key of ``event``, a Memory, as chosen by ``by``, a By, in ``key``, a Memory,
    both on the stack."""
    match by:
        case By.PROCESS:
            a.ldx(r1, u32[event.pid])
            a.stx(u32[key.pid], r1)
            copy(a, address_of(key.comm), address_of(event.comm), Connection.comm.size)
        case By.REMOTE:
            copy(a, address_of(key.raddr), address_of(event.raddr), Connection.raddr.size)
        case By.PORT:
            a.ldx(r1, event.rport)
            a.ldx(r2, u8[event.dir])
            a.jeq(r2, connections.OUT, "server")
            a.ldx(r1, event.lport)
            a.label("server")
            a.stx(key.port, r1)


def find_or_add(a: Assembler, table: Hash, key: Memory, full: str) -> None:
    """Emit: r0 = the entry of ``table``, a Hash, for ``key``, a Memory; jump to the label ``full``,
    a str, if there is no room for it.

    A missing entry is created.
    """
    lookup(a, table, key)
    a.jne(r0, 0, "entry")
    a.ld_map(r1, table)
    a.lea(r2, key)
    a.ld_map_value(r3, EMPTY)
    a.mov(r4, 1)  # BPF_NOEXIST: keep the entry if another CPU just created it
    a.call(helper.map_update_elem)
    lookup(a, table, key)
    a.jeq(r0, 0, full)
    a.label("entry")


def count(a: Assembler, event: Memory, done: str) -> None:
    """Emit: count ``event``, a Memory, in the entry at r7. May jump to the label ``done``, a str,
    when it is counted."""
    entry: Memory = Traffic[r7]
    a.ldx(r1, u8[event.state])
    a.mov(r2, 1)
    a.atomic_add(entry.events, r2)
    for field, states in COUNTERS.items():
        for state in states:
            a.jeq(r1, state, field.name)
    a.ja(done)
    for field in COUNTERS:
        a.label(field.name)
        a.atomic_add(u64[r7 + field.offset], r2)
        a.ja("attempt took" if field is Traffic.connects else "counted")
    a.label("attempt took")
    count_time(a, event)
    a.ja(done)
    a.label("counted")
    a.jeq(r1, connections.ACCEPTED, done)
    a.ldx(r2, u64[event.tx])
    a.atomic_add(entry.tx, r2)
    a.ldx(r2, u64[event.rx])
    a.atomic_add(entry.rx, r2)


def count_time(a: Assembler, event: Memory) -> None:
    """Emit: count the connect time of ``event``, a Memory, in its bucket of the entry at r7.

    Clobbers r1 to r5, r7 and r8.
    """
    a.ldx(r1, u64[event.ms])
    a.div(r1, 1000)
    range_of(a, RANGES // 4)
    a.and_(r1, RANGES - 1)
    a.lsh(r1, 2)
    a.add(r7, r1)
    a.mov(r2, 1)
    a.atomic_add(u32[r7 + Traffic.connect.offset], r2)


PAGE = page()
