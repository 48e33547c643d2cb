"""The TCP sockets that the kernel has, as ``ss -ti`` lists them: by sock_diag(7)."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from socket import AF_INET, AF_INET6, IPPROTO_TCP
from typing import Any

from tuxscope.errors import strerror
from tuxscope.programs.net.sockets.errors import NamespaceError, SocketsError
from tuxscope.programs.net.sockets.namespaces import Namespace, all_namespaces
from tuxscope.programs.net.tcp_states import TcpState
from tuxscope.record.values import packed

INET_DIAG_INFO = 2  # include/uapi/linux/inet_diag.h
NLMSG_ERROR, NLMSG_DONE = 2, 3  # include/uapi/linux/netlink.h
NLMSG_HDRLEN = 16


# The peer's FIN came, and has its place in the order of bytes.
FIN_CAME = (TcpState.CLOSE_WAIT, TcpState.LAST_ACK, TcpState.CLOSING)


@dataclass(frozen=True, slots=True)
class Socket:
    """A TCP socket.

    Attributes:
        cookie: its number, which no other socket ever gets (64 bits, bpf_get_socket_cookie()). A
            request keeps it as a connection, and a connection keeps it in TIME_WAIT.
        inode: that of its file, as in ``/proc/PID/fd``; 0 where it is no one's file (any more).
        state: where the connection is. A request that still waits for its handshake to end
            (NEW_SYN_RECV) is listed as SYN_RECV.
        local: address, 16 bytes in network order; IPv4 is mapped, ``::ffff:a.b.c.d``.
        remote: likewise; zero where there is no peer, behind ``::ffff:`` for IPv4.
        local_port: in host order.
        remote_port: likewise; 0 where there is no peer.
        netns: inode of the network namespace that it is in.
        interface: index of the one that it is bound to, 0 for none.
        sent: bytes of payload that went out so far, each counted once. None where the kernel
            counts none: LISTEN, TIME_WAIT, and what is left of a socket that was closed. Too
            much where its own interface took none of them (no carrier): each try counts.
        received: bytes of payload that came so far in order. None likewise.
        rtt_us: smoothed round-trip time in microseconds; None as well before it was measured.
    """

    cookie: int
    inode: int
    state: TcpState
    local: bytes
    remote: bytes
    local_port: int
    remote_port: int
    netns: int
    interface: int
    sent: int | None
    received: int | None
    rtt_us: int | None


def existing_sockets(
    namespaces: Iterable[Namespace], left_out: list[Namespace] | None = None
) -> list[Socket]:
    """The TCP sockets in these network namespaces, in any state but unbound ones (CLOSE).

    The kernel lists them one after the other while they come and go: who wants to miss none
    starts to watch first, and asks then. ``left_out``, where it is given, gets the namespaces
    that may not be entered or are there no more. Raises SocketsError where the kernel lists none,
    as one without CONFIG_INET_TCP_DIAG.
    """
    found: list[Socket] = []
    for namespace in namespaces:
        try:
            messages = namespace.run(_ask)
        except NamespaceError:
            if left_out is not None:
                left_out.append(namespace)
            continue
        # A socket that moves in the kernel's table meanwhile may be met twice.
        sockets = (_socket(message, namespace.inode) for message in messages)
        found.extend({each.cookie: each for each in sockets}.values())
    return found


def all_sockets() -> tuple[list[Socket], list[Namespace]]:
    """The TCP sockets of all network namespaces, and the namespaces that may not be entered.

    A namespace whose process ended meanwhile is looked for again, through another process that is
    in it; one that is gone has no sockets. Raises SocketsError as existing_sockets() does.
    """
    left_out: list[Namespace] = []
    sockets = existing_sockets(all_namespaces(), left_out)
    if not left_out:
        return sockets, []
    inodes = {each.inode for each in left_out}
    still_there = [each for each in all_namespaces() if each.inode in inodes]
    refused: list[Namespace] = []
    return sockets + existing_sockets(still_there, refused), refused


def _ask() -> list[Any]:
    """The kernel's messages (``inet_diag_msg``), one for each socket in our namespace."""
    from pyroute2.netlink.diag import DiagSocket, MarshalDiag

    marshal = MarshalDiag()
    marshal.fix_message = _note_refusal
    try:
        with DiagSocket() as kernel:
            kernel.set_marshal(marshal)
            return [
                message
                for family in (AF_INET, AF_INET6)
                for message in kernel.get_sock_stats(
                    family=family,
                    protocol=IPPROTO_TCP,
                    states=sum(1 << state for state in TcpState),
                    extensions=1 << (INET_DIAG_INFO - 1),
                )
            ]
    except OSError as error:
        advice = "; try: modprobe tcp_diag" if error.errno == errno.ENOENT else ""
        raise SocketsError(
            f"the kernel does not list its TCP sockets: {strerror(error)}{advice}"
        ) from error


def _note_refusal(message: Any) -> None:
    """Let pyroute2 raise what it would pass over: MarshalDiag knows no errors, as it tells
    messages apart by their family; and a list may end with one as well (netlink(7))."""
    if message["header"]["type"] in (NLMSG_ERROR, NLMSG_DONE):
        (code,) = struct.unpack_from("=i", message.data, message.offset + NLMSG_HDRLEN)
        if code < 0:
            message["header"]["error"] = OSError(-code, "sock_diag")


def _socket(message: Any, netns: int) -> Socket:
    state = TcpState(message["idiag_state"])
    # tcp_info of a listener is about its queue.
    info = None if state is TcpState.LISTEN else message.get_attr("INET_DIAG_INFO")
    sent = received = rtt_us = None
    if info is not None:
        # Below zero where the kernel counted what it had no memory to send again.
        sent = max(0, info["tcpi_bytes_sent"] - info["tcpi_bytes_retrans"])
        received = info["tcpi_bytes_received"] - (state in FIN_CAME)
        rtt_us = info["tcpi_rtt"] or None
    return Socket(
        cookie=_cookie(message["idiag_cookie"]),
        inode=message["idiag_inode"],
        state=state,
        local=packed(message["idiag_src"]),
        remote=packed(message["idiag_dst"]),
        local_port=message["idiag_sport"],
        remote_port=message["idiag_dport"],
        netns=netns,
        interface=message["idiag_if"],
        sent=sent,
        received=received,
        rtt_us=rtt_us,
    )


def _cookie(words: int) -> int:
    """The number of two words, the low one first, that pyroute2 reads as one in native order."""
    low, high = struct.unpack("=II", struct.pack("=Q", words))
    return int(high << 32 | low)
