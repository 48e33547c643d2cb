"""``tuxscope net``: each connection once, with its process, its addresses, its bytes, its end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from networks import make_namespace, make_veth
from pace import LIMIT, fewer
from waiting import read_line

from e2e.tcp import (
    Event,
    comm,
    connect,
    listen,
    make_socket,
    pair,
    port_of,
    read_all,
    reset_at_close,
    told,
    wait_readable,
)
from tuxscope.programs.net.sockets import Namespace

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

WHOSE = ("pid", "lport", "rport")
KEYS = [
    "timestamp_ns", "pid", "comm", "dir", "ip", "laddr", "lport", "raddr", "rport", "state", "ms",
    "tx", "rx", "interface",
]  # fmt: skip


@pytest.mark.parametrize(
    ("family", "bound", "address", "shown", "version"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1", "127.0.0.1", 4),
        (socket.AF_INET6, "::1", "::1", "::1", 6),
        (socket.AF_INET6, "::", "127.0.0.1", "127.0.0.1", 4),
        (socket.AF_INET6, "::", "::ffff:127.0.0.1", "127.0.0.1", 4),
    ],
    ids=["v4", "v6", "v4 to dual-stack", "v4-mapped"],
)
def test_both_sides_are_shown(
    watch: Any, network: Namespace, family: int, bound: str, address: str, shown: str, version: int
) -> None:
    run = watch()
    with listen(network, family, bound) as listener:
        before = time.monotonic_ns()
        ours = connect(network, listener, address)
        connected = time.monotonic_ns()
        wait_readable(listener)
        acceptable = time.monotonic_ns()
        run.wait(1)
        begin_of_accept = time.monotonic_ns()
        theirs, _ = listener.accept()
        accepted = time.monotonic_ns()
    here, there = port_of(ours), port_of(theirs)
    ours.sendall(bytes(1000))
    ours.shutdown(socket.SHUT_WR)
    assert len(read_all(theirs)) == 1000
    theirs.sendall(bytes(2500))  # half-closed: it still gets an answer
    end_begins = time.monotonic_ns()
    theirs.close()
    assert len(read_all(ours)) == 2500
    ours.close()
    run.wait(4)
    after = time.monotonic_ns()
    events = run.stop()

    assert Counter(each["state"] for each in events) == {"connect": 1, "accept": 1, "close": 2}
    times = [each["timestamp_ns"] for each in events]
    assert times == sorted(times)
    made, taken, *ends = events
    assert (made["state"], taken["state"]) == ("connect", "accept")
    for each in events:
        assert list(each) == [*KEYS, "netns"]
        assert told(each, "pid", "comm", "ip") == [os.getpid(), comm(), version]
        assert told(each, "laddr", "raddr") == [shown, shown]
    end_out, end_in = sorted(ends, key=lambda each: each["dir"], reverse=True)
    assert [told(each, "dir", "lport", "rport", "tx", "rx") for each in (made, end_out)] == [
        ["out", here, there, 0, 0],
        ["out", here, there, 1000, 2500],
    ]
    assert [told(each, "dir", "lport", "rport", "tx", "rx") for each in (taken, end_in)] == [
        ["in", there, here, 0, 0],
        ["in", there, here, 2500, 1000],
    ]
    assert before <= made["timestamp_ns"] <= connected
    assert begin_of_accept <= taken["timestamp_ns"] <= accepted
    # Milliseconds are told to the microsecond.
    assert 0 < made["ms"] <= (connected - before) / 1e6 + 0.001
    waited = (begin_of_accept - acceptable) / 1e6
    assert waited - 0.001 <= taken["ms"] <= (accepted - before) / 1e6 + 0.001
    assert (end_begins - connected) / 1e6 - 0.001 <= end_out["ms"] <= (after - before) / 1e6
    assert (end_begins - acceptable) / 1e6 - 0.001 <= end_in["ms"] <= (after - before) / 1e6


def test_refused(watch: Any, network: Namespace) -> None:
    run = watch()
    with listen(network) as closed:
        port = port_of(closed)
    with make_socket(network) as ours:
        before = time.monotonic()
        with pytest.raises(ConnectionRefusedError):
            ours.connect(("127.0.0.1", port))
        took = time.monotonic() - before
    (event,) = run.wait(1)
    assert run.stop() == [event]
    assert told(event, "pid", "comm", "dir", "state") == [os.getpid(), comm(), "out", "refused"]
    assert told(event, "raddr", "rport", "tx", "rx") == ["127.0.0.1", port, 0, 0]
    assert event["lport"] > 0
    assert 0 < event["ms"] <= took * 1e3


def ends(run: Any) -> dict[str, Event]:
    """Of one connection that was made and accepted, by direction."""
    events = run.wait(4)
    assert Counter(each["state"] for each in events[:2]) == {"connect": 1, "accept": 1}
    run.stop()
    return {each["dir"]: each for each in events[2:]}


def test_reset_by_the_client(watch: Any, network: Namespace) -> None:
    run = watch()
    ours, theirs = pair(network)
    ours.sendall(bytes(10))
    assert len(theirs.recv(100)) == 10
    reset_at_close(ours)
    ours.close()
    with pytest.raises(ConnectionResetError):
        theirs.recv(1)
    theirs.close()
    end = ends(run)
    assert told(end["out"], "state", "pid", "tx", "rx") == ["reset", os.getpid(), 10, 0]
    assert told(end["in"], "state", "pid", "tx", "rx") == ["reset", os.getpid(), 0, 10]


def test_reset_by_a_server_that_leaves_data_unread(watch: Any, network: Namespace) -> None:
    run = watch()
    ours, theirs = pair(network)
    ours.sendall(bytes(77))
    wait_readable(theirs)
    theirs.close()
    with pytest.raises(ConnectionResetError):
        ours.recv(1)
    ours.close()
    end = ends(run)
    assert told(end["out"], "state", "tx", "rx") == ["reset", 77, 0]
    assert told(end["in"], "state", "tx", "rx") == ["reset", 0, 77]


def test_timeout_and_aborted(watch: Any, network: Namespace) -> None:
    """Where the queue of a listener is full, nobody answers."""
    run = watch()
    with listen(network, backlog=0) as listener:
        first = connect(network, listener)
        with make_socket(network) as late, make_socket(network) as given_up:
            given_up.setblocking(False)
            with pytest.raises(BlockingIOError):
                given_up.connect(listener.getsockname())
            port = port_of(given_up)
            given_up.close()
            late.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1)
            before = time.monotonic()
            with pytest.raises(TimeoutError):
                late.connect(listener.getsockname())
            took = (time.monotonic() - before) * 1e3
        made, aborted, timeout = run.wait(3)
        assert run.stop() == [made, aborted, timeout]
        first.close()
    assert made["state"] == "connect"
    for each, state in ((aborted, "aborted"), (timeout, "timeout")):
        assert told(each, "state", "dir", "pid") == [state, "out", os.getpid()]
        assert told(each, "rport", "tx", "rx") == [made["rport"], 0, 0]
    assert aborted["lport"] == port
    assert 500 <= timeout["ms"] <= took  # SYN goes out again after a second


def test_a_thousand_connections_of_four_processes(
    watch: Any, network: Namespace, peer: Any
) -> None:
    """Each once on each side, with who made it, who took it, and its bytes."""
    count, clients = fewer(250), 4
    run = watch()
    with listen(network) as listener:
        fd = listener.fileno()
        servers = [peer("serve", fd, pass_fds=[fd]) for _ in range(2)]
        port = port_of(listener)
        callers = [peer("connect", "127.0.0.1", port, count, 1000 * n) for n in range(clients)]
        comms = {each.pid: each.comm for each in (*servers, *callers)}
        for each in (*servers, *callers):
            each.start()
        out = {each.pid: each.finish() for each in callers}
        into = {each.pid: each.stop() for each in servers}
    run.wait(4 * clients * count)
    events = run.stop()

    assert sum(map(len, out.values())) == sum(map(len, into.values())) == clients * count
    assert all(each["comm"] == comms[each["pid"]] for each in events)
    # What came before it was accepted is received already.
    begun = [each for each in events if each["state"] in ("connect", "accept")]
    assert Counter(tuple(told(each, "state", *WHOSE)) for each in begun) == Counter(
        [("connect", pid, here, port) for pid, rows in out.items() for here, _, _ in rows]
        + [("accept", pid, port, here) for pid, rows in into.items() for here, _, _ in rows]
    )
    ended = [each for each in events if each["state"] == "close"]
    assert Counter(tuple(told(each, "dir", *WHOSE, "tx", "rx")) for each in ended) == Counter(
        [("out", pid, here, port, tx, rx) for pid, rows in out.items() for here, tx, rx in rows]
        + [("in", pid, port, here, tx, rx) for pid, rows in into.items() for here, rx, tx in rows]
    )
    assert len(events) == len(begun) + len(ended)


def test_unreachable(watch: Any, network: Namespace) -> None:
    """Nobody on the other side of the wire has that address."""
    from pyroute2.netlink.exceptions import NetlinkError

    with ExitStack() as stack:
        other = stack.enter_context(make_namespace())
        try:
            here, _ = stack.enter_context(make_veth(network, other))
        except NetlinkError as error:
            pytest.skip(f"this kernel makes no veth: {error}")
        network.run(lambda: ask_once(here.name))
        run = watch()
        nobody = f"{here.v4.rpartition('.')[0]}.77"
        with make_socket(network) as ours, pytest.raises(OSError, match="No route to host"):
            ours.connect((nobody, 7))
        (event,) = run.wait(1)
        assert run.stop() == [event]
    assert told(event, "state", "pid", "dir") == ["unreachable", os.getpid(), "out"]
    assert told(event, "laddr", "raddr", "rport") == [here.v4, nobody, 7]


def ask_once(interface: str) -> None:
    """Have the kernel ask for an address once, and not for seconds."""
    # /proc/sys/net is that of who opens it.
    folder = Path("/proc/sys/net/ipv4/neigh", interface)
    (folder / "mcast_solicit").write_text("1")
    (folder / "retrans_time_ms").write_text("10")


def test_what_fails_before_a_packet_is_sent_is_no_connection(
    watch: Any, network: Namespace
) -> None:
    run = watch()
    with make_socket(network) as ours, pytest.raises(OSError, match="Network is unreachable"):
        ours.connect(("192.0.2.1", 7))
    with listen(network) as listener:
        connect(network, listener).close()
    assert run.wait(1)[0]["state"] == "connect"
    assert {each["raddr"] for each in run.stop()} == {"127.0.0.1"}


def test_a_socket_that_connects_again(watch: Any, network: Namespace) -> None:
    """To one that refuses, and to one that does not: its address in the kernel is the same."""
    run = watch()
    with listen(network) as closed:
        nobody = closed.getsockname()
    with listen(network) as listener, make_socket(network) as ours:
        with pytest.raises(ConnectionRefusedError):
            ours.connect(nobody)
        ours.connect(listener.getsockname())
    states = [told(each, "state", "dir") for each in run.wait(4)]
    assert states[:2] == [["refused", "out"], ["connect", "out"]]
    # The queue of a listener that ends is reset.
    assert sorted(states[2:]) == [["reset", "in"], ["reset", "out"]]
    nobodys = [each for each in run.stop() if each["dir"] == "in"]
    assert [told(each, "pid", "comm", "rx") for each in nobodys] == [[None, "", 0]]


def test_a_connection_to_itself(watch: Any, network: Namespace) -> None:
    """Simultaneous open (RFC 9293, 3.5): one socket, both sides."""
    run = watch()
    with make_socket(network) as ours:
        ours.bind(("127.0.0.1", 0))
        ours.connect(ours.getsockname())
        ours.sendall(bytes(5))
        assert len(ours.recv(9)) == 5
        ours.shutdown(socket.SHUT_WR)
        assert ours.recv(9) == b""
    events = run.wait(2)
    assert run.stop() == events
    assert [told(each, "state", "dir", "pid", "tx", "rx") for each in events] == [
        ["connect", "out", os.getpid(), 0, 0],
        ["close", "out", os.getpid(), 5, 5],
    ]


def test_accepted_by_the_parent_and_closed_by_the_child(watch: Any, network: Namespace) -> None:
    """It stays who accepted it."""
    run = watch()
    ours, theirs = pair(network)
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", "import sys; print(flush=True); sys.stdin.read()"],
        pass_fds=[theirs.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    theirs.close()  # the child holds it
    assert read_line(child.stdout, "the child to have the socket") == b"\n"
    ours.close()
    child.communicate(timeout=LIMIT)
    assert child.returncode == 0
    end = ends(run)
    assert told(end["in"], "state", "pid", "comm") == ["close", os.getpid(), comm()]


def test_passed_on_to_another_process(watch: Any, network: Namespace) -> None:
    """By SCM_RIGHTS: it stays who accepted it, too, and who connected."""
    run = watch()
    ours, theirs = pair(network)
    here, there = socket.socketpair()
    with here, there:
        script = (
            "import socket, sys\n"
            "_, fds, _, _ = socket.recv_fds(socket.socket(fileno=int(sys.argv[1])), 9, 2)\n"
            "ours, theirs = (socket.socket(fileno=each) for each in fds)\n"
            "ours.sendall(bytes(30)); ours.close()\n"
            "assert len(theirs.recv(99)) == 30; theirs.close()\n"
        )
        child = subprocess.Popen(
            [sys.executable, "-S", "-c", script, str(there.fileno())], pass_fds=[there.fileno()]
        )
        socket.send_fds(here, [b"x"], [ours.fileno(), theirs.fileno()])
        ours.close()
        theirs.close()
        assert child.wait(LIMIT) == 0
    end = ends(run)
    assert told(end["out"], "state", "pid", "tx", "rx") == ["close", os.getpid(), 30, 0]
    assert told(end["in"], "state", "pid", "tx", "rx") == ["close", os.getpid(), 0, 30]


def test_sockets_older_than_tuxscope(watch: Any, network: Namespace) -> None:
    """Whose they are and where they go is known, and how long they lasted is not."""
    with listen(network) as listener:
        ours = connect(network, listener)
        theirs, _ = listener.accept()
        ports = [port_of(ours), port_of(theirs)]
        ours.sendall(bytes(300))
        wait_readable(theirs)
        run = watch("--existing")
        existing = run.wait(2)
    ours.sendall(bytes(3))
    ours.shutdown(socket.SHUT_WR)
    assert len(read_all(theirs)) == 303
    theirs.sendall(bytes(20))
    theirs.close()
    assert len(read_all(ours)) == 20
    ours.close()
    ended = run.wait(4)[2:]
    assert run.stop() == [*existing, *ended]
    for events, state, tx, rx in ((existing, "established", 300, 0), (ended, "close", 303, 20)):
        out, into = sorted(events, key=lambda each: each["dir"], reverse=True)
        assert told(out, "dir", "state", "tx", "rx") == ["out", state, tx, rx]
        assert told(into, "dir", "state", "tx", "rx") == ["in", state, rx, tx]
        assert told(out, "lport", "rport") == told(into, "rport", "lport") == ports
    for each in (*existing, *ended):
        assert told(each, "pid", "comm", "ip", "ms") == [os.getpid(), comm(), 4, None]
        assert told(each, "laddr", "raddr") == ["127.0.0.1", "127.0.0.1"]


def test_accepted_later_than_tuxscope_began(watch: Any, network: Namespace) -> None:
    """It waited in the queue when tuxscope came."""
    with listen(network) as listener, connect(network, listener) as ours:
        ours.sendall(bytes(9))
        wait_readable(listener)
        run = watch("--existing")
        existing = {each["dir"]: each for each in run.wait(2)}
        assert existing["out"]["pid"] == os.getpid()
        assert told(existing["in"], "pid", "comm", "rx") == [None, "", 9]
        theirs, _ = listener.accept()
        accept = run.wait(3)[2]
        assert told(accept, "state", "dir", "pid", "ms") == ["accept", "in", os.getpid(), None]
        assert accept["rx"] == 9
        ours.close()
        assert len(read_all(theirs)) == 9
        theirs.close()
        end = {each["dir"]: each for each in run.wait(5)[3:]}
    assert told(end["in"], "state", "pid", "ms", "tx", "rx") == ["close", os.getpid(), None, 0, 9]
    assert told(end["out"], "state", "pid", "ms", "tx", "rx") == ["close", os.getpid(), None, 9, 0]
    run.stop()
