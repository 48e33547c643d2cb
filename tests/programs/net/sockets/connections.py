"""Sockets at the two ends of a wire, closed when a test is done."""

from __future__ import annotations

import socket
import struct
from contextlib import ExitStack
from socket import AF_INET, AF_INET6

from networks import End
from waiting import wait_until

from tuxscope.programs.net.sockets import Namespace, Socket, existing_sockets
from tuxscope.programs.net.tcp_states import TcpState

SO_COOKIE = 57  # include/uapi/asm-generic/socket.h
TCP_BYTES_RETRANS = 208  # where struct tcp_info has it, include/uapi/linux/tcp.h


class Connections(ExitStack):
    """Clients are at the left end, listeners at the right one."""

    def __init__(self, left: End, right: End) -> None:
        super().__init__()
        self.left = left
        self.right = right

    def socket(self, end: End, family: int) -> socket.socket:
        made = end.namespace.run(lambda: socket.socket(family, socket.SOCK_STREAM))
        made.settimeout(10)
        return self.enter_context(made)

    def listen(self, address: str) -> socket.socket:
        """``::`` is for both families."""
        listener = self.socket(self.right, AF_INET6 if ":" in address else AF_INET)
        if address == "::":
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind((address, 0))
        listener.listen()
        return listener

    def connect(self, listener: socket.socket, address: str) -> tuple[socket.socket, socket.socket]:
        """Client and server of a connection to an address that the listener is at."""
        client = self.socket(self.left, AF_INET6 if ":" in address else AF_INET)
        client.connect((address, listener.getsockname()[1]))
        server, _ = listener.accept()
        server.settimeout(10)
        return client, self.enter_context(server)

    def pair(self, address: str = "") -> tuple[socket.socket, socket.socket]:
        address = address or self.right.v4
        return self.connect(self.listen(address), address)


def received(sock: socket.socket, size: int) -> bytes:
    """So many bytes; of a socket with a timeout MSG_WAITALL does not wait for all of them."""
    parts = bytearray()
    while len(parts) < size:
        part = sock.recv(size - len(parts))
        assert part, f"the peer ended after {len(parts)} bytes"
        parts += part
    return bytes(parts)


def cookie(sock: socket.socket) -> int:
    return int(struct.unpack("=Q", sock.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0])


def retransmitted(sock: socket.socket) -> int:
    """Bytes that went out again."""
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return int(struct.unpack_from("=Q", info, TCP_BYTES_RETRANS)[0])


def found(namespace: Namespace, sock: socket.socket) -> Socket:
    """What is told of a socket."""
    (one,) = [each for each in existing_sockets([namespace]) if each.cookie == cookie(sock)]
    return one


def wait_for_state(namespace: Namespace, sock: socket.socket, state: TcpState) -> None:
    """Its peer's segments take their time."""
    wait_until(lambda: found(namespace, sock).state is state, f"a socket in {state.name}")


def mapped(address: str) -> bytes:
    """16 bytes in network order."""
    if ":" in address:
        return socket.inet_pton(AF_INET6, address)
    return socket.inet_pton(AF_INET6, f"::ffff:{address}")
