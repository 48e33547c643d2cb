"""TCP connections as the kernel tells of them: whose each is, and what became of it.

A connection is a socket that changes its state, which sock:inet_sock_set_state tells. Most changes
happen while a packet is handled, in whichever process was interrupted by it, so the process is
taken where it is sure: one that connects or listens changes the state itself, and one that accepts
gets a file descriptor, which leads from the process's table of files to the socket. Until its end
each socket is remembered by its address.
"""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.asm import Assembler, Hash, LruHash, Program, Tracepoint, helper
from tuxscope.asm.layout import Layout, Place
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.programs.emitting import copy, find, follow, forget, place_of, read_member
from tuxscope.programs.pid_namespace import PidNamespace, namespaced_pid
from tuxscope.record import Record, char, u8, u16, u32, u64
from tuxscope.tcp_states import NAMES, TcpState
from tuxscope.value_types import IpAddress, Milliseconds, Named, Optional

SET_STATE = Tracepoint("sock", "inet_sock_set_state")
RECEIVE_RESET = Tracepoint("tcp", "tcp_receive_reset")
ACCEPTS = (Tracepoint("syscalls", "sys_exit_accept4"), Tracepoint("syscalls", "sys_exit_accept"))

IPPROTO_TCP = 6
# Names of include/uapi/asm-generic/errno.h: what ended a connection, in sk_err.
EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, ECONNREFUSED = 113, 101, 110, 111
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
    ms = Milliseconds()  # since it began: to connect, to be accepted, to its end
    tx = Optional(u64, UNKNOWN)  # payload, in bytes: sent without repetitions, and received
    rx = Optional(u64, UNKNOWN)
    laddr = IpAddress()
    raddr = IpAddress()
    comm = char[16]
    pid = Optional(u32, 0)
    rtt_us = u32  # smoothed
    netns = u32  # the inode of its network namespace
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


def programs(
    layout: Layout, report: Report, pid: int | None, namespace: PidNamespace | None, listen: bool
) -> tuple[Program, ...]:
    """Those that follow TCP connections, all or those of ``pid``; ``listen``: what listens, too."""
    changes = state_changes(layout, report, pid, namespace, listen)
    if not layout.has_structs:
        return (changes, resets(layout)) if layout.has(RECEIVE_RESET) else (changes,)
    accepts = [each for each in ACCEPTS if layout.has(each)]
    return changes, *(accepted(layout, each, report, pid, namespace) for each in accepts)


def state_changes(
    layout: Layout, report: Report, pid: int | None, namespace: PidNamespace | None, listen: bool
) -> Program:
    """Run at each change of a socket's state."""

    def field(name: str) -> Memory:
        return layout.field(SET_STATE, name).at(r6)

    a = Assembler("net_state", attach=SET_STATE)
    socket, cookie, fresh = a.stack(u64), a.stack(u64), a.stack(Known)
    entry = Known[r9].connection
    a.mov(r6, r1)
    a.ldx(r1, field("protocol"))
    a.jne(r1, IPPROTO_TCP, "out")
    a.ldx(r7, field("newstate"))
    a.ldx(r8, field("oldstate"))
    a.jeq(r7, r8, "out")
    a.ldx(r1, field("skaddr"))
    a.stx(socket, r1)
    a.jne(r7, TcpState.SYN_RECV, "chosen")
    a.jne(r8, TcpState.LISTEN, "out")
    forget(a, SOCKETS, socket)  # a new one at this address, should the old one's end be missed
    a.ja("out")
    a.label("chosen")
    if not listen:
        a.jeq(r8, TcpState.LISTEN, "out")
    a.mov(r1, 1)
    a.lsh(r1, r7)
    chosen = (
        TcpState.SYN_SENT,
        TcpState.ESTABLISHED,
        TcpState.FIN_WAIT1,
        TcpState.LAST_ACK,
        TcpState.CLOSE,
        *((TcpState.LISTEN,) if listen else ()),
    )
    a.and_(r1, sum(1 << each for each in chosen))
    a.jeq(r1, 0, "out")

    find_known(a, layout, socket, cookie, "known")
    a.zero(fresh)
    if layout.has_structs:
        read_namespace(a, layout, socket, fresh.connection.netns)
    a.ld_map(r1, SOCKETS)
    a.lea(r2, socket)
    a.lea(r3, fresh)
    a.mov(r4, 0)  # BPF_ANY
    a.call(helper.map_update_elem)
    find(a, SOCKETS, socket)
    a.jeq(r0, 0, "out")
    a.label("known")
    a.mov(r9, r0)

    a.jeq(r7, TcpState.SYN_SENT, "own")  # its port is not chosen yet
    for address, name in ((entry.laddr, "saddr_v6"), (entry.raddr, "daddr_v6")):
        copy(a, place_of(address), r6 + layout.field(SET_STATE, name).offset, 16)
    for port, name in ((entry.lport, "sport"), (entry.rport, "dport")):
        a.ldx(r1, field(name))
        a.stx(port, r1)
    store_version(a)
    a.jeq(r7, TcpState.ESTABLISHED, "established")
    a.jeq(r7, TcpState.CLOSE, "close")
    a.ldx(r1, u32[entry.pid])
    a.jne(r1, 0, "out")
    a.label("own")  # the process itself changes the state: it connects, listens, closes
    store_process(a, namespace)
    if listen:
        a.jeq(r7, TcpState.LISTEN, "listens")
    a.jne(r7, TcpState.SYN_SENT, "out")
    a.st(u8[entry.dir], OUT)
    a.call(helper.ktime_get_ns)
    a.stx(Known[r9].started_ns, r0)
    a.ja("out")

    a.label("established")
    a.ldx(r1, u8[entry.dir])
    a.jeq(r1, OUT, "connected")
    a.jeq(r8, TcpState.SYN_SENT, "outward")  # it began to connect before we came
    a.st(u8[entry.dir], IN)  # in a softirq: nobody knows yet who will accept it
    a.call(helper.ktime_get_ns)
    a.stx(Known[r9].started_ns, r0)
    a.ja("out")
    a.label("outward")
    a.st(u8[entry.dir], OUT)
    a.label("connected")
    a.mov(r7, CONNECTED)
    a.ja("report")
    if listen:
        a.label("listens")
        a.call(helper.ktime_get_ns)
        a.stx(Known[r9].started_ns, r0)
        a.mov(r7, LISTENS)
        a.ja("report")
    a.label("close")
    reason_of_end(a, layout, socket, fresh.connection.rtt_us, "report")
    a.label("report")
    only(a, pid, "reported")
    describe(a, layout, socket, fresh)
    report(a, fresh.connection, "reported")
    a.label("reported")
    a.ldx(r7, field("newstate"))
    a.jne(r7, TcpState.CLOSE, "out")
    forget(a, SOCKETS, socket)
    forget(a, SEEDED, cookie)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def accepted(
    layout: Layout, at: Tracepoint, report: Report, pid: int | None, namespace: PidNamespace | None
) -> Program:
    """Run when accept() returns: its file descriptor leads to the socket."""
    a = Assembler(f"net_{at.name.removeprefix('sys_exit_')}", attach=at)
    socket, cookie, copied = a.stack(u64), a.stack(u64), a.stack(Known)
    a.mov(r6, r1)
    a.ldx(r7, layout.field(at, "ret").at(r6))
    a.jslt(r7, 0, "out")
    a.call(helper.get_current_task)
    a.mov(r8, r0)
    for struct, member in (("task_struct", "files"), ("files_struct", "fdt"), ("fdtable", "fd")):
        follow(a, layout.member(struct, member), socket)
    a.lsh(r7, 3)  # struct file *fd[]
    a.add(r8, r7)
    follow(a, Place(0, 8), socket)
    follow(a, layout.member("file", "private_data"), socket)
    follow(a, layout.member("socket", "sk"), socket)
    find_known(a, layout, socket, cookie, "known")
    a.ja("out")
    a.label("known")
    a.mov(r9, r0)
    a.ldx(r1, u32[Known[r9].connection.pid])
    a.jne(r1, 0, "out")
    store_process(a, namespace)
    only(a, pid, "out")
    a.mov(r7, ACCEPTED)
    describe(a, layout, socket, copied)
    report(a, copied.connection, "out")
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def only(a: Assembler, pid: int | None, done: str) -> None:
    """Emit: jump to ``done`` where the entry at r9 is of another process."""
    if pid is not None:
        a.ldx(r1, u32[Known[r9].connection.pid])
        a.jne(r1, pid, done)


def resets(layout: Layout) -> Program:
    """Run when a RST comes, where nothing else tells what ended a socket."""
    a = Assembler("net_reset", attach=RECEIVE_RESET)
    socket = a.stack(u64)
    a.ldx(r1, layout.field(RECEIVE_RESET, "skaddr").at(r1))
    a.stx(socket, r1)
    find(a, SOCKETS, socket)
    a.jeq(r0, 0, "out")
    a.st(u8[Known[r0].connection.state], RESET)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


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


def read_namespace(a: Assembler, layout: Layout, socket: Memory, to: Memory) -> None:
    """Emit: the inode of a socket's network namespace."""
    pointer = a.stack(u64)
    read_member(a, layout.member("sock_common", "skc_net"), socket, pointer)
    namespace, inode = layout.member("net", "ns"), layout.member("ns_common", "inum")
    read_member(a, Place(namespace.offset + inode.offset, inode.size), pointer, to)


def store_process(a: Assembler, namespace: PidNamespace | None) -> None:
    """Emit: the current process is the one of the entry at r9."""
    entry = Known[r9].connection
    if namespace is None:
        a.call(helper.get_current_pid_tgid)  # r0 = process id << 32 | thread id
        a.rsh(r0, 32)
    else:
        namespaced_pid(a, namespace, "elsewhere")
        a.ja("counted")
        a.label("elsewhere")
        a.mov(r0, 0)
        a.label("counted")
    a.stx(u32[entry.pid], r0)
    a.lea(r1, entry.comm)
    a.mov(r2, Connection.comm.size)
    a.call(helper.get_current_comm)


def store_version(a: Assembler) -> None:
    """Emit: 4 where the local address of the entry at r9 is v4-mapped, else 6."""
    entry = Known[r9].connection
    a.ldx(r1, u64[entry.laddr])
    a.ldx(r2, u32[place_of(entry.laddr) + 8])
    a.be(r2, 32)
    a.mov(r3, 6)
    a.jne(r1, 0, "version")
    a.jne(r2, 0xFFFF, "version")
    a.mov(r3, 4)
    a.label("version")
    a.stx(entry.ip, r3)


def reason_of_end(a: Assembler, layout: Layout, socket: Memory, error: Memory, then: str) -> None:
    """Emit: r7 = what ended the socket; jump to ``then``. r8 is the state that it was in."""
    if not layout.has_structs:
        reason_by_state(a, then)
        return
    read_member(a, layout.member("sock", "sk_err"), socket, error)
    a.ldx(r1, error)
    for number, event in (
        (ETIMEDOUT, TIMED_OUT),
        (EHOSTUNREACH, UNREACHABLE),
        (ENETUNREACH, UNREACHABLE),
    ):
        a.mov(r7, event)
        a.jeq(r1, number, then)
    a.mov(r7, REFUSED)
    a.jeq(r1, ECONNREFUSED, then)
    a.mov(r7, RESET)
    a.jne(r1, 0, then)  # ECONNRESET; EPIPE, where the other side had ended before
    reason_of_own(a, then)


def reason_by_state(a: Assembler, then: str) -> None:
    """Emit: the same of the entry at r9, where only RSTs are known of."""
    a.ldx(r1, u8[Known[r9].connection.state])
    a.jne(r1, RESET, "no reset")
    a.mov(r7, REFUSED)
    a.jeq(r8, TcpState.SYN_SENT, then)
    a.mov(r7, RESET)
    a.ja(then)
    a.label("no reset")
    reason_of_own(a, then)


def reason_of_own(a: Assembler, then: str) -> None:
    """Emit: the same, of a socket that met no error."""
    a.mov(r7, ABORTED)  # given up by its own process, or forbidden by a firewall here
    a.jeq(r8, TcpState.SYN_SENT, then)
    a.mov(r7, CLOSED)
    for state in (TcpState.FIN_WAIT2, TcpState.CLOSING, TcpState.LAST_ACK, TcpState.LISTEN):
        a.jeq(r8, state, then)
    a.mov(r7, RESET)  # by this side: data was left unread, or came after the end
    a.ja(then)


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
