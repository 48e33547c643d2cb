"""What is told of sockets is what was done with them, on a wire between two namespaces."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
from networks import End
from pyroute2 import IPRoute
from waiting import wait_until

from programs.net.sockets.connections import (
    Connections,
    cookie,
    found,
    mapped,
    received,
    retransmitted,
    wait_for_state,
)
from tuxscope.programs.net.sockets import Namespace, Socket, all_sockets, existing, existing_sockets
from tuxscope.programs.net.tcp_states import TcpState

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]


def deafen(end: End) -> None:
    """Let an end drop what comes for its IPv4 address, without a word."""

    def forget() -> None:
        with IPRoute() as ip:
            ip.addr("del", index=end.index, address=end.v4, prefixlen=24)

    end.namespace.run(forget)


@pytest.mark.parametrize("version", ["v4", "v6"])
def test_both_ends_of_a_connection(connections: Connections, version: str) -> None:
    left, right = connections.left, connections.right
    there = getattr(right, version)
    client, server = connections.pair(there)
    client.sendall(b"x" * 70_001)
    server.sendall(b"y" * 13)
    assert received(server, 70_001) == b"x" * 70_001
    assert received(client, 13) == b"y" * 13
    at_client = found(left.namespace, client)
    assert at_client == Socket(
        cookie=cookie(client),
        inode=os.fstat(client.fileno()).st_ino,
        state=TcpState.ESTABLISHED,
        local=mapped(getattr(left, version)),
        remote=mapped(there),
        local_port=client.getsockname()[1],
        remote_port=server.getsockname()[1],
        netns=left.namespace.inode,
        interface=0,
        sent=70_001,
        received=13,
        rtt_us=at_client.rtt_us,
    )
    at_server = found(right.namespace, server)
    assert (at_server.local, at_server.remote) == (at_client.remote, at_client.local)
    assert at_server.local_port == at_client.remote_port
    assert at_server.remote_port == at_client.local_port
    assert (at_server.sent, at_server.received) == (13, 70_001)
    assert at_server.netns == right.namespace.inode
    for each in at_client, at_server:
        assert each.rtt_us is not None
        assert 0 < each.rtt_us < 10_000_000


def test_a_listener_for_both_families(connections: Connections) -> None:
    right = connections.right
    listener = connections.listen("::")
    _, by_v4 = connections.connect(listener, right.v4)
    _, by_v6 = connections.connect(listener, right.v6)
    listening = found(right.namespace, listener)
    assert (listening.state, listening.local) == (TcpState.LISTEN, bytes(16))
    assert (listening.remote, listening.remote_port) == (bytes(16), 0)
    # Though the kernel has them all as sockets of IPv6.
    at_v4 = found(right.namespace, by_v4)
    assert (at_v4.local, at_v4.remote) == (mapped(right.v4), mapped(connections.left.v4))
    at_v6 = found(right.namespace, by_v6)
    assert (at_v6.local, at_v6.remote) == (mapped(right.v6), mapped(connections.left.v6))


def test_a_listener_counts_nothing(connections: Connections) -> None:
    listening = found(connections.right.namespace, connections.listen("0.0.0.0"))
    assert (listening.local, listening.remote) == (mapped("0.0.0.0"), mapped("0.0.0.0"))
    assert (listening.sent, listening.received, listening.rtt_us) == (None, None, None)


def test_a_fin_is_no_payload(connections: Connections) -> None:
    client, server = connections.pair()
    client.sendall(b"request")
    client.shutdown(socket.SHUT_WR)
    wait_for_state(connections.right.namespace, server, TcpState.CLOSE_WAIT)
    server.sendall(b"reply")
    assert received(client, 5) == b"reply"
    at_client = found(connections.left.namespace, client)
    assert at_client.state is TcpState.FIN_WAIT2
    assert (at_client.sent, at_client.received) == (7, 5)
    at_server = found(connections.right.namespace, server)
    assert (at_server.sent, at_server.received) == (5, 7)


def test_what_is_sent_again_counts_once_and_the_last_ack_is_waited_for(
    connections: Connections,
) -> None:
    client, server = connections.pair()
    client.sendall(b"request")
    client.shutdown(socket.SHUT_WR)
    received(server, 7)  # or it would end with a reset
    wait_for_state(connections.right.namespace, server, TcpState.CLOSE_WAIT)
    deafen(connections.left)
    server.sendall(b"reply")
    wait_until(lambda: retransmitted(server) >= 5, "a retransmission")
    assert found(connections.right.namespace, server).sent == 5
    number = cookie(server)
    server.close()
    (last,) = [
        each for each in existing_sockets([connections.right.namespace]) if each.cookie == number
    ]
    assert (last.state, last.inode) == (TcpState.LAST_ACK, 0)
    assert (last.sent, last.received) == (5, 7)


def left_over(namespace: Namespace, port: int) -> Socket:
    """The socket at a port."""
    (one,) = [each for each in existing_sockets([namespace]) if each.local_port == port]
    return one


def test_what_is_left_of_a_closed_socket(connections: Connections) -> None:
    namespace = connections.left.namespace
    client, server = connections.pair()
    client.sendall(b"request")
    received(server, 7)  # or it would end with a reset
    port, number = client.getsockname()[1], cookie(client)
    client.close()
    wait_until(lambda: left_over(namespace, port).state is TcpState.FIN_WAIT2, "FIN-WAIT-2")
    server.close()
    wait_until(lambda: left_over(namespace, port).state is TcpState.TIME_WAIT, "TIME-WAIT")
    rest = left_over(namespace, port)
    assert (rest.sent, rest.received, rest.rtt_us, rest.inode) == (None, None, None, 0)
    assert rest.remote == mapped(connections.right.v4)
    assert rest.cookie == number


def test_a_socket_that_nobody_answers(connections: Connections) -> None:
    client = connections.socket(connections.left, socket.AF_INET)
    client.setblocking(False)
    deafen(connections.right)
    with pytest.raises(BlockingIOError):
        client.connect((connections.right.v4, 7))
    waiting = found(connections.left.namespace, client)
    assert (waiting.state, waiting.remote_port) == (TcpState.SYN_SENT, 7)
    assert (waiting.sent, waiting.received, waiting.rtt_us) == (0, 0, None)


@pytest.mark.parametrize("version", ["v4", "v6"])
def test_a_request_that_is_no_connection_yet(connections: Connections, version: str) -> None:
    listener = connections.listen("::")
    # The kernel waits for the client's first word.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 10)
    left, right = connections.left, connections.right
    client = connections.socket(left, socket.AF_INET if version == "v4" else socket.AF_INET6)
    client.connect((getattr(right, version), listener.getsockname()[1]))
    requests = [
        each for each in existing_sockets([right.namespace]) if each.state is TcpState.SYN_RECV
    ]
    assert [each.remote for each in requests] == [mapped(getattr(left, version))]
    (request,) = requests
    assert request.remote_port == client.getsockname()[1]
    assert (request.sent, request.received, request.rtt_us, request.inode) == (None, None, None, 0)
    client.sendall(b"word")
    server, _ = listener.accept()
    with server:
        assert cookie(server) == request.cookie  # from the first on


def test_a_socket_that_is_bound_to_an_interface(connections: Connections) -> None:
    end = connections.right
    listener = connections.listen("::")
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, end.name.encode())
    assert found(end.namespace, listener).interface == end.index


def test_each_namespace_has_its_own(connections: Connections) -> None:
    left, right = connections.left.namespace, connections.right.namespace
    client, server = connections.pair()
    both = existing_sockets([left, right])
    assert {(each.netns, each.cookie) for each in both} > {
        (left.inode, cookie(client)),
        (right.inode, cookie(server)),
    }
    assert [each.cookie for each in existing_sockets([left])] == [cookie(client)]


def test_namespaces_that_are_gone_are_left_out(connections: Connections) -> None:
    namespace = connections.right.namespace
    listener = connections.listen("::")
    gone = Namespace(1, "/proc/self/ns/nothing")
    other = Namespace(2, namespace.path)
    left_out: list[Namespace] = []
    sockets = existing_sockets([gone, namespace, other], left_out)
    assert [each.cookie for each in sockets] == [cookie(listener)]
    assert left_out == [gone, other]
    assert existing_sockets([gone]) == []


def test_a_namespace_is_found_again_where_its_process_ended(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is gone is no namespace that may not be entered."""
    there = connections.right.namespace
    listener = connections.listen("::")
    ended = Namespace(there.inode, "/proc/0/ns/net")
    gone = Namespace(1, "/proc/0/ns/net")
    refused = Namespace(2, there.path)
    found = iter([[ended, gone, refused], [there, refused]])
    monkeypatch.setattr(existing, "all_namespaces", lambda: next(found))
    sockets, left_out = all_sockets()
    assert [each.cookie for each in sockets] == [cookie(listener)]
    assert left_out == [refused]


def test_an_event_loop_is_not_in_the_way(connections: Connections) -> None:
    listener = connections.listen("::")

    async def ask() -> list[Socket]:
        return existing_sockets([connections.right.namespace])

    assert [each.cookie for each in asyncio.run(ask())] == [cookie(listener)]


def test_more_sockets_than_one_answer_holds(connections: Connections) -> None:
    listeners = [connections.listen(connections.right.v4) for _ in range(300)]
    told = existing_sockets([connections.right.namespace])
    assert sorted(each.cookie for each in told) == sorted(map(cookie, listeners))
