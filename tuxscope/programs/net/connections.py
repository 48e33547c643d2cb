"""TCP connections as the kernel tells of them: whose each is, and what became of it.

A connection is a socket that changes its state, which sock:inet_sock_set_state tells. Most changes
happen while a packet is handled, in whichever process was interrupted by it, so the process is
taken where it is sure: one that connects or listens changes the state itself, and one that accepts
gets a file descriptor, which leads from the process's table of files to the socket. Until its end
each socket is remembered by its address.
"""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.asm import Assembler, Hash, LruHash, helper
from tuxscope.asm.layout import Layout
from tuxscope.asm.registers import Memory, r0, r1, r2, r7, r9
from tuxscope.page.emitting import copy, find, place_of, read_member
from tuxscope.page.pid_namespace import PidNamespace, namespaced_pid
from tuxscope.programs.net.tcp_states import NAMES
from tuxscope.record import Record, char, u8, u16, u32, u64
from tuxscope.record.values import IpAddress, Named, Optional, OptionalMilliseconds

SOCK_DONE = 1  # enum sock_flags, include/net/sock.h: the bit says that a FIN came

DIRECTIONS = {0: "-", 1: "in", 2: "out"}
IN, OUT = 1, 2
# What happens to a connection. The numbers are from 16 on, so that the kernel's states of sockets,
# which --existing and --interval show, are numbers of the same field.
CONNECTED, ACCEPTED, CLOSED, REFUSED, RESET, TIMED_OUT, UNREACHABLE, ABORTED, LISTENS = range(
    16, 25
)
EVENTS = {
    CONNECTED: "connect", ACCEPTED: "accept", CLOSED: "close", REFUSED: "refused", RESET: "reset",
    TIMED_OUT: "timeout", UNREACHABLE: "unreachable", ABORTED: "aborted", LISTENS: "listen",
}  # fmt: skip
UNKNOWN = (1 << 64) - 1


class Connection(Record):
    """A connection, and what happened to it."""

    timestamp_ns = u64
    ms = OptionalMilliseconds()  # since it began: to connect, to be accepted, to its end
    tx = Optional(u64, UNKNOWN)  # payload, in bytes: sent without repetitions, and received
    rx = Optional(u64, UNKNOWN)
    laddr = IpAddress()
    raddr = IpAddress()
    comm = char[16]
    pid = Optional(u32, 0)
    rtt_us = u32  # smoothed
    netns = u32  # the inode of its network namespace
    interface = Optional(u32, 0)  # the index of the one that it is bound to
    lport = u16
    rport = u16
    dir = Named(u8, DIRECTIONS)
    ip = u8  # 4 or 6
    state = Named(u8, NAMES | EVENTS)


class Known(Record):
    """What is remembered of a socket."""

    started_ns = u64  # 0: before we came
    connection = Connection


# By the address of its struct sock. What is full drops those that nothing was heard of for longest.
SOCKETS = LruHash("SOCKETS", key=u64, value=Known, max_entries=65536)
# Those that were there before us, by their cookie, which is all that user space knows them by.
SEEDED = Hash("SEEDED", key=u64, value=Known, max_entries=65536)

# Emits what is done with a Connection on the stack; then falls through, or jumps to the label.
# r6 is the context. It may use all other registers.
Report = Callable[[Assembler, Memory, str], None]


def only(a: Assembler, pid: int | None, done: str) -> None:
    """Emit: jump to ``done`` where the entry at r9 is of another process."""
    if pid is not None:
        a.ldx(r1, u32[Known[r9].connection.pid])
        a.jne(r1, pid, done)


def find_known(a: Assembler, layout: Layout, socket: Memory, cookie: Memory, known: str) -> None:
    """Emit: jump to ``known`` with r0 = what is remembered of a socket, if anything is."""
    a.st(cookie, 0)
    find(a, SOCKETS, socket)
    a.jne(r0, 0, known)
    if not layout.has_structs:
        return
    read_member(a, layout.member("sock_common", "skc_cookie"), socket, cookie)
    find(a, SEEDED, cookie)
    a.jne(r0, 0, known)


def store_process(a: Assembler, namespace: PidNamespace | None) -> None:
    """Emit: the current process is the one of the entry at r9."""
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
    """Emit: a copy on the stack of the entry at r9, with the event r7 and the socket's numbers.

    Uses r7 to r9 up.
    """
    place = place_of(known)
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
    number = known.started_ns  # told, so its place is free
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
    a.sub(r7, r1)  # a FIN counts as a byte (tcp_rcv_nxt_update, net/ipv4/tcp_input.c)
    a.stx(u64[event.rx], r7)
    read_member(a, layout.member("tcp_sock", "srtt_us"), socket, event.rtt_us)
    a.ldx(r1, event.rtt_us)
    a.rsh(r1, 3)  # the kernel keeps it times eight
    a.stx(event.rtt_us, r1)
