"""TCP connections: the process of each, its events, and the maps that the programs share.

The tracepoint sock:inet_sock_set_state fires when a socket changes its state. Most changes happen
in a softirq, in the context of any process. So the process is taken only where it is certain. A
process that connects or listens changes the state itself. One that accepts gets a file descriptor,
and the process's file table leads from it to the socket. A socket is kept in a map, by the address
of its ``struct sock``, until it is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from tuxscope.asm import Assembler, Hash, LruHash, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r7, r9
from tuxscope.page.emitting import address_of, copy, lookup, read_member
from tuxscope.page.pid_namespace import PidNamespace, namespaced_pid
from tuxscope.programs.net.tcp_states import NAMES
from tuxscope.record import Record, char, u8, u16, u32, u64
from tuxscope.record.values import IpAddress, Named, Optional, OptionalMilliseconds

SOCK_DONE = 1  # enum sock_flags, include/net/sock.h: the bit is set when a FIN was received

DIRECTIONS = {0: "-", 1: "in", 2: "out"}
IN, OUT = 1, 2
# Events of a connection. They start at 16, because the same field holds the kernel's TCP states,
# which --existing prints.
CONNECTED, ACCEPTED, CLOSED, REFUSED, RESET, TIMED_OUT, UNREACHABLE, ABORTED, LISTENS = range(
    16, 25
)
EVENTS = {
    CONNECTED: "connect", ACCEPTED: "accept", CLOSED: "close", REFUSED: "refused", RESET: "reset",
    TIMED_OUT: "timeout", UNREACHABLE: "unreachable", ABORTED: "aborted", LISTENS: "listen",
}  # fmt: skip
# The names that Connection.state may have, by number. Several numbers may share a name.
STATES = EVENTS | NAMES

UNKNOWN = (1 << 64) - 1


class Connection(Record):
    """A Record: an event of a TCP connection.

    Attributes:
        timestamp_ns: a u64, CLOCK_MONOTONIC.
        ms: how long it lasted, in milliseconds, or None.
        tx, rx: bytes sent and received, an int or None each.
        laddr, raddr: the addresses, 16 bytes each, shown as str; IPv4 is v4-mapped.
        comm: the process's name, a str.
        pid: an int or None.
        rtt_us, netns: u32 each.
        interface: a number, an int or None.
        lport, rport: u16 each.
        dir, state: str; ``state`` is the event.
        ip: a u8, 4 or 6.
    """

    timestamp_ns = u64
    ms = OptionalMilliseconds()  # since its start: until connected, accepted or closed
    tx = Optional(u64, UNKNOWN)  # bytes of payload: sent, without retransmissions, and received
    rx = Optional(u64, UNKNOWN)
    laddr = IpAddress()
    raddr = IpAddress()
    comm = char[16]
    pid = Optional(u32, 0)
    rtt_us = u32  # smoothed round-trip time in microseconds
    netns = u32  # the inode of its network namespace
    interface = Optional(u32, 0)  # index of the interface that it is bound to
    lport = u16
    rport = u16
    dir = Named(u8, DIRECTIONS)
    ip = u8  # 4 or 6
    state = Named(u8, NAMES | EVENTS)


def state_numbers(names: Collection[str]) -> frozenset[int]:
    """Return all numbers of ``Connection.state`` that have one of ``names``, a collection of str,
    as a frozenset of int."""
    return frozenset(number for number, name in STATES.items() if name in names)


class Known(Record):
    """A Record, the value of SOCKETS and SEEDED: what is known of a socket.

    Attributes:
        started_ns: u64.
        connection: a Connection.
    """

    started_ns = u64  # 0 if it is older than tuxscope
    connection = Connection


# Key: address of struct sock. A full map evicts the least recently used socket.
SOCKETS = LruHash("SOCKETS", key=u64, value=Known, max_entries=65536)
# Sockets older than tuxscope. Key: socket cookie, because user space does not know addresses.
SEEDED = Hash("SEEDED", key=u64, value=Known, max_entries=65536)

# report(a, event, done) emits the code that reports the Connection ``event`` on the stack. The code
# falls through or jumps to the label ``done``. r6 is the context; it may clobber all others.
Report = Callable[[Assembler, Memory, str], None]


def require_process(a: Assembler, pid: int | None, done: str) -> None:
    """Emit: jump to the label ``done``, a str, if the entry at r9 is of another process than
    ``pid``, an int or None.

    Emits nothing if the pid is None.
    """
    if pid is not None:
        a.ldx(r1, u32[Known[r9].connection.pid])
        a.jne(r1, pid, done)


def drop_excluded(a: Assembler, event: Memory, pids: tuple[int, ...], done: str) -> None:
    """Emit: jump to the label ``done``, a str, if ``event``, a Memory, is of one of the processes
    ``pids``, a tuple of PIDs."""
    if pids:
        a.ldx(r1, u32[event.pid])
        for pid in pids:
            a.jeq(r1, pid, done)


def lookup_socket(a: Assembler, layout: Layout, socket: Memory, cookie: Memory, known: str) -> None:
    """Emit: look ``socket``, a Memory, up in SOCKETS and SEEDED; if found, jump to the label
    ``known``, a str, with r0 = entry.

    The socket is the address of its ``struct sock``, on the stack. Its cookie is stored in
    ``cookie``, a Memory, also on the stack; ``layout``, a Layout, says where the kernel keeps it.
    """
    a.st(cookie, 0)
    lookup(a, SOCKETS, socket)
    a.jne(r0, 0, known)
    if not layout.has_structs:
        return
    read_member(a, layout.member("sock_common", "skc_cookie"), socket, cookie)
    lookup(a, SEEDED, cookie)
    a.jne(r0, 0, known)


def store_process(a: Assembler, namespace: PidNamespace | None) -> None:
    """Emit: store PID and comm of the current process in the entry at r9.

    The PID is that in ``namespace``, a PidNamespace (None: the initial one), or 0 if it has none
    there.
    """
    entry = Known[r9].connection
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process id << 32 | thread id
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "elsewhere")
        a.ja("pid known")
        a.label("elsewhere")
        a.mov(r0, 0)
        a.label("pid known")
    a.stx(u32[entry.pid], r0)
    a.lea(r1, entry.comm)
    a.mov(r2, Connection.comm.size)
    a.call(helper.get_current_comm)


def describe(a: Assembler, layout: Layout, socket: Memory, known: Memory) -> None:
    """Emit: copy the entry at r9 to ``known``, a Memory, on the stack; add event r7, time and byte
    counts.

    The byte counts are those of ``socket``, a Memory, read by ``layout``, a Layout. Clobbers r0 to
    r5 and r7 to r9.
    """
    place = address_of(known)
    event = known.connection
    copy(a, place, r9 + 0, Known.size)
    a.stx(u8[event.state], r7)
    a.call(helper.ktime_get_ns)
    a.stx(event.timestamp_ns, r0)
    a.ldx(r1, known.started_ns)
    a.jeq(r1, 0, "old")
    a.sub(r0, r1)
    a.ja("timed")
    a.label("old")
    a.mov(r0, -1)
    a.label("timed")
    a.stx(u64[event.ms], r0)
    if not layout.has_structs:
        a.st(u64[event.tx], -1)
        a.st(u64[event.rx], -1)
        return
    number = known.started_ns  # read already, so its memory is free
    read_member(a, layout.member("tcp_sock", "bytes_sent"), socket, number)
    a.ldx(r7, number)
    read_member(a, layout.member("tcp_sock", "bytes_retrans"), socket, number)
    a.ldx(r1, number)
    a.sub(r7, r1)
    a.stx(u64[event.tx], r7)
    read_member(a, layout.member("tcp_sock", "bytes_received"), socket, number)
    a.ldx(r7, number)
    read_member(a, layout.member("sock_common", "skc_flags"), socket, number)
    a.ldx(r1, number)
    a.rsh(r1, SOCK_DONE)
    a.and_(r1, 1)
    a.sub(r7, r1)  # the kernel counts a FIN as a byte (tcp_rcv_nxt_update, net/ipv4/tcp_input.c)
    a.stx(u64[event.rx], r7)
    read_member(a, layout.member("tcp_sock", "srtt_us"), socket, event.rtt_us)
    a.ldx(r1, event.rtt_us)
    a.rsh(r1, 3)  # the kernel keeps it times eight
    a.stx(event.rtt_us, r1)
