"""The states of a TCP socket."""

from __future__ import annotations

from enum import IntEnum


class TcpState(IntEnum):
    """An IntEnum: the TCP states of include/net/tcp_states.h. 12 members, such as ESTABLISHED = 1
    and SYN_SENT = 2."""

    ESTABLISHED = 1
    SYN_SENT = 2
    SYN_RECV = 3
    FIN_WAIT1 = 4
    FIN_WAIT2 = 5
    TIME_WAIT = 6
    CLOSE = 7
    CLOSE_WAIT = 8
    LAST_ACK = 9
    LISTEN = 10
    CLOSING = 11
    NEW_SYN_RECV = 12


# The names of ss, without abbreviations.
NAMES = {
    TcpState.ESTABLISHED: "established", TcpState.SYN_SENT: "syn-sent",
    TcpState.SYN_RECV: "syn-recv", TcpState.FIN_WAIT1: "fin-wait-1",
    TcpState.FIN_WAIT2: "fin-wait-2", TcpState.TIME_WAIT: "time-wait", TcpState.CLOSE: "closed",
    TcpState.CLOSE_WAIT: "close-wait", TcpState.LAST_ACK: "last-ack",
    TcpState.LISTEN: "listening", TcpState.CLOSING: "closing", TcpState.NEW_SYN_RECV: "syn-recv",
}  # fmt: skip
