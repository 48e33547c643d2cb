"""Programs for the state changes of TCP sockets: start and end of connections, and the cause."""

from __future__ import annotations

from tuxscope.asm import Assembler, Program, Tracepoint, helper
from tuxscope.asm.layout import Layout, Place
from tuxscope.asm.registers import Memory, r0, r1, r2, r3, r4, r6, r7, r8, r9
from tuxscope.page.emitting import address_of, copy, delete, lookup, read_member
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.net.connections import (
    ABORTED,
    CLOSED,
    CONNECTED,
    IN,
    LISTENS,
    OUT,
    REFUSED,
    RESET,
    SEEDED,
    SOCKETS,
    TIMED_OUT,
    UNREACHABLE,
    Known,
    Report,
    describe,
    lookup_socket,
    require_process,
    store_process,
)
from tuxscope.programs.net.tcp_states import TcpState
from tuxscope.record import u8, u32, u64

SET_STATE = Tracepoint("sock", "inet_sock_set_state")
RECEIVE_RESET = Tracepoint("tcp", "tcp_receive_reset")

IPPROTO_TCP = 6
# errno values in sk_err (include/uapi/asm-generic/errno.h): what ended a connection.
EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, ECONNREFUSED = 113, 101, 110, 111


def state_changes(
    layout: Layout, report: Report, pid: int | None, namespace: PidNamespace | None, listen: bool
) -> Program:
    """Return the Program that runs at each state change of a socket.

    ``report``, called with an Assembler, the Memory of the event and a label, a str, emits the code
    that reports it. ``layout`` is a Layout; ``pid``, an int or None, and ``namespace``, a
    PidNamespace or None, are as in accepts(). If ``listen``, a bool, it also reports listening
    sockets.
    """

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
    delete(a, SOCKETS, socket)  # a new socket at this address: the end of the old one was missed
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

    lookup_socket(a, layout, socket, cookie, "known")
    a.zero(fresh)
    if layout.has_structs:
        read_namespace(a, layout, socket, fresh.connection)
    a.ld_map(r1, SOCKETS)
    a.lea(r2, socket)
    a.lea(r3, fresh)
    a.mov(r4, 0)  # BPF_ANY
    a.call(helper.map_update_elem)
    lookup(a, SOCKETS, socket)
    a.jeq(r0, 0, "out")
    a.label("known")
    a.mov(r9, r0)

    a.jeq(r7, TcpState.SYN_SENT, "own")  # its port is not chosen yet
    for address, name in ((entry.laddr, "saddr_v6"), (entry.raddr, "daddr_v6")):
        copy(a, address_of(address), r6 + layout.field(SET_STATE, name).offset, 16)
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
    a.jeq(r8, TcpState.SYN_SENT, "outward")  # it began to connect before tuxscope started
    a.st(u8[entry.dir], IN)  # in a softirq: the accepting process is unknown
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
    require_process(a, pid, "reported")
    describe(a, layout, socket, fresh)
    report(a, fresh.connection, "reported")
    a.label("reported")
    a.ldx(r7, field("newstate"))
    a.jne(r7, TcpState.CLOSE, "out")
    delete(a, SOCKETS, socket)
    delete(a, SEEDED, cookie)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def resets(layout: Layout) -> Program:
    """Return the Program for tcp:tcp_receive_reset, which notes RSTs.

    It is needed if sk_err is unknown (no BTF); ``layout``, a Layout, has the tracepoint's fields.
    """
    a = Assembler("net_reset", attach=RECEIVE_RESET)
    socket = a.stack(u64)
    a.ldx(r1, layout.field(RECEIVE_RESET, "skaddr").at(r1))
    a.stx(socket, r1)
    lookup(a, SOCKETS, socket)
    a.jeq(r0, 0, "out")
    a.st(u8[Known[r0].connection.state], RESET)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def read_namespace(a: Assembler, layout: Layout, socket: Memory, connection: Memory) -> None:
    """Emit: store the network namespace and the bound interface of ``socket``, a Memory, in
    ``connection``, a Memory.

    Both are on the stack; the socket is its address, read by ``layout``, a Layout.
    """
    bound_to = layout.member("sock_common", "skc_bound_dev_if")
    read_member(a, bound_to, socket, connection.interface)
    pointer = a.stack(u64)
    read_member(a, layout.member("sock_common", "skc_net"), socket, pointer)
    namespace, inode = layout.member("net", "ns"), layout.member("ns_common", "inum")
    read_member(a, Place(namespace.offset + inode.offset, inode.size), pointer, connection.netns)


def store_version(a: Assembler) -> None:
    """Emit: store the IP version of the entry at r9: 4 if its address is v4-mapped, else 6."""
    entry = Known[r9].connection
    a.ldx(r1, u64[entry.laddr])
    a.ldx(r2, u32[address_of(entry.laddr) + 8])
    a.be(r2, 32)
    a.mov(r3, 6)
    a.jne(r1, 0, "version")
    a.jne(r2, 0xFFFF, "version")
    a.mov(r3, 4)
    a.label("version")
    a.stx(entry.ip, r3)


def reason_of_end(a: Assembler, layout: Layout, socket: Memory, error: Memory, then: str) -> None:
    """Emit: r7 = the event that ended ``socket``, a Memory, then jump to the label ``then``, a str.
    r8 is its last state.

    The socket's sk_err is read by ``layout``, a Layout, into ``error``, a Memory, four bytes on the
    stack.
    """
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
    a.jne(r1, 0, then)  # ECONNRESET, or EPIPE if the peer had closed before
    reason_of_own(a, then)


def reason_by_state(a: Assembler, then: str) -> None:
    """Emit: r7 = the event for the entry at r9 without sk_err, then jump to the label ``then``, a
    str.

    Only RSTs are known.
    """
    a.ldx(r1, u8[Known[r9].connection.state])
    a.jne(r1, RESET, "no reset")
    a.mov(r7, REFUSED)
    a.jeq(r8, TcpState.SYN_SENT, then)
    a.mov(r7, RESET)
    a.ja(then)
    a.label("no reset")
    reason_of_own(a, then)


def reason_of_own(a: Assembler, then: str) -> None:
    """Emit: r7 = the event for a socket without an error (sk_err is 0), then jump to the label
    ``then``, a str."""
    a.mov(r7, ABORTED)  # closed by its process, or rejected by a local firewall
    a.jeq(r8, TcpState.SYN_SENT, then)
    a.mov(r7, CLOSED)
    for state in (TcpState.FIN_WAIT2, TcpState.CLOSING, TcpState.LAST_ACK, TcpState.LISTEN):
        a.jeq(r8, state, then)
    a.mov(r7, RESET)  # by this side: data was unread, or arrived after close()
    a.ja(then)
