"""``ss``, of iproute2, tells the same of the same sockets."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess

import pytest
from networks import End
from pace import LIMIT

from programs.net.sockets.connections import Connections, mapped, received, wait_for_state
from tuxscope.programs.net.sockets import Namespace, Owner, Socket, existing_sockets, owners
from tuxscope.programs.net.tcp_states import TcpState

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.one_kernel,
    pytest.mark.skipif(shutil.which("ss") is None, reason="there is no ss (iproute2)"),
]

STATES = {
    "ESTAB": TcpState.ESTABLISHED,
    "SYN-SENT": TcpState.SYN_SENT,
    "SYN-RECV": TcpState.SYN_RECV,
    "FIN-WAIT-1": TcpState.FIN_WAIT1,
    "FIN-WAIT-2": TcpState.FIN_WAIT2,
    "TIME-WAIT": TcpState.TIME_WAIT,
    "CLOSE-WAIT": TcpState.CLOSE_WAIT,
    "LAST-ACK": TcpState.LAST_ACK,
    "LISTEN": TcpState.LISTEN,
    "CLOSING": TcpState.CLOSING,
}
ADDRESS = re.compile(r"\[?(?P<address>[^]%]+?)\]?(%(?P<interface>\w+))?:(?P<port>\d+|\*)")


def listed(namespace: Namespace) -> list[tuple[Socket, str]]:
    """What ss lists in a namespace, in our words, and what it says of the holders."""
    done = namespace.run(
        lambda: subprocess.run(
            ["ss", "-tnaieHOp"], capture_output=True, text=True, check=True, timeout=LIMIT
        )
    )
    return [one(line, namespace) for line in done.stdout.splitlines()]


def one(line: str, namespace: Namespace) -> tuple[Socket, str]:
    state_name, _, _, local, remote, *words = line.split()
    state = STATES[state_name]
    said = dict(word.partition(":")[::2] for word in words)
    here, there = ADDRESS.fullmatch(local), ADDRESS.fullmatch(remote)
    assert here is not None
    assert there is not None

    def number(word: str) -> int:
        return int(said.get(word, "0"))

    bound = here["interface"]
    counted = "mss" in said and state is not TcpState.LISTEN
    came = state in (TcpState.CLOSE_WAIT, TcpState.LAST_ACK, TcpState.CLOSING)
    told = Socket(
        cookie=int(said["sk"], 16),
        inode=number("ino"),
        state=state,
        local=mapped(here["address"].replace("*", "::")),
        remote=mapped(there["address"].replace("*", "::")),
        local_port=int(here["port"]),
        remote_port=int(there["port"].replace("*", "0")),
        netns=namespace.inode,
        interface=namespace.run(lambda: socket.if_nametoindex(bound)) if bound else 0,
        sent=number("bytes_sent") - number("bytes_retrans") if counted else None,
        received=number("bytes_received") - came if counted else None,
        rtt_us=round(float(said["rtt"].partition("/")[0]) * 1000) if "rtt" in said else None,
    )
    return told, said.get("users", "")


def some_sockets(connections: Connections) -> None:
    """In many states, of both families."""
    left, right = connections.left, connections.right
    both = connections.listen("::")
    bound = connections.listen("0.0.0.0")
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, right.name.encode())
    for address in right.v4, right.v6:
        client, server = connections.connect(both, address)
        client.sendall(b"x" * 1000)
        received(server, 1000)
        half, open_end = connections.pair(address)
        half.sendall(b"request")
        received(open_end, 7)
        half.shutdown(socket.SHUT_WR)
        wait_for_state(left.namespace, half, TcpState.FIN_WAIT2)
        first, last = connections.pair(address)
        first.close()
        wait_for_state(right.namespace, last, TcpState.CLOSE_WAIT)
        last.close()
        waiting = connections.listen(address)
        waiting.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 10)
        silent = connections.socket(left, waiting.family)
        silent.connect((address, waiting.getsockname()[1]))


def test_ss_tells_the_same(connections: Connections, wire: tuple[End, End]) -> None:
    some_sockets(connections)
    namespaces = [end.namespace for end in wire]
    theirs = [pair for namespace in namespaces for pair in listed(namespace)]
    ours = existing_sockets(namespaces)
    assert sorted(ours, key=repr) == sorted((told for told, _ in theirs), key=repr)
    # All of them were there to be compared.
    assert {each.state for each in ours} == {
        TcpState.ESTABLISHED,
        TcpState.SYN_RECV,
        TcpState.FIN_WAIT2,
        TcpState.TIME_WAIT,
        TcpState.CLOSE_WAIT,
        TcpState.LISTEN,
    }
    held = owners({each.inode for each in ours})
    for told, users in theirs:
        assert ("pid=" in users) == (told.inode in held)
        if told.inode in held:
            assert holders(users) == held[told.inode]


def holders(users: str) -> Owner:
    """The one with the lowest PID, of ``(("name",pid=1,fd=2),("other",pid=3,fd=4))``."""
    named = re.findall(r'\("([^"]*)",pid=(\d+),', users)
    return min((Owner(int(pid), name.encode()) for name, pid in named), key=lambda one: one.pid)
