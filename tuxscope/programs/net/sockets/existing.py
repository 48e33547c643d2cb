"""Lists TCP sockets by sock_diag(7), as ``ss -ti`` does."""

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


# States in which the peer's FIN was received, which the kernel counts as a byte.
FIN_CAME = (TcpState.CLOSE_WAIT, TcpState.LAST_ACK, TcpState.CLOSING)


@dataclass(frozen=True, slots=True)
class Socket:
    """A frozen dataclass: a TCP socket, as sock_diag(7) describes it.

    Attributes:
        cookie: an int, 64-bit number that is unique for the lifetime of the system
            (bpf_get_socket_cookie()). It stays the same from request to TIME_WAIT.
        inode: an int, inode of its file, as in ``/proc/PID/fd``; 0 if no file refers to it.
        state: the TcpState. A request (NEW_SYN_RECV) is listed as SYN_RECV.
        local: local address, 16 bytes in network byte order; IPv4 as ``::ffff:a.b.c.d``.
        remote: bytes, remote address, likewise; all zero without a peer (IPv4: ``::ffff:0.0.0.0``).
        local_port: an int, in host byte order.
        remote_port: an int, in host byte order; 0 without a peer.
        netns: an int, inode of its network namespace.
        interface: an int, index of the interface that it is bound to; 0 for none.
        sent: an int or None, bytes of payload sent, without retransmissions. None if the kernel
            does not count: LISTEN, TIME_WAIT, and orphaned sockets. Too high if the interface has
            no carrier, because each attempt counts.
        received: an int or None, bytes of payload received in order; None likewise.
        rtt_us: an int or None, smoothed round-trip time in microseconds; None if not measured.
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
    """Return a list of the Sockets of TCP in ``namespaces``, an iterable of Namespace, in any
    state but CLOSE (unbound).

    The list is no atomic snapshot: to miss no socket, start tracing first. Namespaces that cannot
    be entered, or no longer exist, are appended to ``left_out``, a list, if it is not None. Raises
    SocketsError if the kernel does not list sockets, for example without CONFIG_INET_TCP_DIAG.
    """
    found: list[Socket] = []
    for namespace in namespaces:
        try:
            messages = namespace.run(_ask)
        except NamespaceError:
            if left_out is not None:
                left_out.append(namespace)
            continue
        # A socket that moves in the kernel's hash table meanwhile may be listed twice.
        sockets = (_socket(message, namespace.inode) for message in messages)
        found.extend({each.cookie: each for each in sockets}.values())
    return found


def all_sockets() -> tuple[list[Socket], list[Namespace]]:
    """Return a pair of lists: the Sockets of TCP of all network namespaces, and the Namespaces not
    entered.

    If the process that leads to a namespace has exited, another process in it is tried. Raises
    SocketsError as existing_sockets() does.
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
    """The ``inet_diag_msg`` of each socket in the current namespace. Raises SocketsError."""
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
    """Set the error of an NLMSG_ERROR or NLMSG_DONE message, so that pyroute2 raises it.

    MarshalDiag ignores errors: it dispatches messages by their family. A dump may also end with an
    error (netlink(7)).
    """
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
        # Negative if the kernel counted retransmissions that failed for lack of memory.
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
    """The 64-bit cookie from two u32, low word first, which pyroute2 reads as one native u64."""
    low, high = struct.unpack("=II", struct.pack("=Q", words))
    return int(high << 32 | low)
