"""``tuxscope net``: each connection once, with its process, its addresses, its bytes, its end."""

from __future__ import annotations

import os
import socket
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from networks import make_namespace
from pace import fewer

from e2e.tcp import (
    Event,
    Peer,
    Watched,
    comm,
    connect,
    listen,
    make_socket,
    port_of,
    read_all,
    reset_at_close,
    wait_readable,
)
from tuxscope.sockets import Namespace

pytestmark = pytest.mark.kernel

WHOSE = ("pid", "lport", "rport")
KEYS = [
    "timestamp_ns", "pid", "comm", "dir", "ip", "laddr", "lport", "raddr", "rport", "state", "ms",
    "tx", "rx",
]  # fmt: skip


@pytest.fixture
def network() -> Iterator[Namespace]:
    """A network namespace with a loopback interface."""
    with make_namespace() as namespace:
        yield namespace


@pytest.fixture
def watch(tuxscope: Any, network: Namespace) -> Any:
    """Starts ``tuxscope net`` for that network."""
    return lambda *options: Watched(tuxscope, network, *options)


@pytest.fixture
def peer(network: Namespace) -> Iterator[Any]:
    """Starts processes of peer.py; ends what is left."""
    started: list[Peer] = []

    def start(*arguments: object, **options: Any) -> Peer:
        started.append(Peer(network, *arguments, **options))
        return started[-1]

    yield start
    for each in started:
        each.end()


def told(event: Event, *keys: str) -> list[Any]:
    return [event[key] for key in keys]


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
    with listen(network) as listener:
        ours = connect(network, listener)
        theirs, _ = listener.accept()
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
    with listen(network) as listener:
        ours = connect(network, listener)
        theirs, _ = listener.accept()
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
    assert took - 50 <= timeout["ms"] <= took


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
