"""tuxscope net on each kernel of the matrix: fields that moved, and the byte order of ports."""

from __future__ import annotations

import os
import signal
import socket
from collections import Counter
from typing import Any

import pytest

from e2e.tcp import HOSTS, is_refused, programs_on_this_kernel
from tuxscope.loader.layout import RunningKernelLayout

pytestmark = pytest.mark.kernel

ROUNDS = 5
SENT, ANSWERED = 1234, 777


def talk(version: int, refused: bool) -> list[dict[str, Any]]:
    """A connection, and one that is refused; returns what is to be shown of them."""
    family, host = HOSTS[version]
    with socket.socket(family) as listener, socket.socket(family) as client:
        listener.bind((host, 0))
        listener.listen()
        client.connect(listener.getsockname())
        there, here = listener.getsockname()[1], client.getsockname()[1]
        server, _ = listener.accept()
        with server:
            client.sendall(bytes(SENT))
            server.recv(SENT, socket.MSG_WAITALL)
            server.sendall(bytes(ANSWERED))
            client.recv(ANSWERED, socket.MSG_WAITALL)
            client.shutdown(socket.SHUT_WR)
            assert server.recv(1) == b""
    ends = {"ip": version, "laddr": host, "raddr": host}
    ours = {**ends, "dir": "out", "lport": here, "rport": there}
    theirs = {**ends, "dir": "in", "lport": there, "rport": here}
    events = [
        {**ours, "state": "connect"},
        {**theirs, "state": "accept"},
        {**ours, "state": "close", "tx": SENT, "rx": ANSWERED},
        {**theirs, "state": "close", "tx": ANSWERED, "rx": SENT},
    ]
    if refused:
        with socket.socket(family) as late:
            late.bind((host, 0))
            events.append({**ours, "lport": late.getsockname()[1], "state": "refused"})
            with pytest.raises(ConnectionRefusedError):
                late.connect((host, there))
    return events


@pytest.mark.parametrize("version", HOSTS)
def test_what_is_shown_is_right(tuxscope: Any, version: int) -> None:
    structs, refused = RunningKernelLayout().has_structs, is_refused(version)
    run = tuxscope("net", "--pid", os.getpid(), "--format", "json")
    run.wait_until_attached(programs_on_this_kernel())
    wanted = [event for _ in range(ROUNDS) for event in talk(version, refused)]
    run.signal(signal.SIGINT)
    result = run.finish()
    assert result.status == 0
    shown = result.objects
    assert {each["pid"] for each in shown} == {os.getpid()}
    if not structs:  # neither accepts nor bytes
        assert "/sys/kernel/btf/vmlinux" in result.stderr
        wanted = [
            {name: value for name, value in event.items() if name not in ("tx", "rx")}
            for event in wanted
            if event["state"] != "accept"
        ]
    keys = {"ip", "laddr", "raddr", "dir", "lport", "rport", "state"}
    with_bytes = keys | {"tx", "rx"} if structs else keys
    found = Counter(
        tuple(
            sorted(
                (name, event[name]) for name in (with_bytes if event["state"] == "close" else keys)
            )
        )
        for event in shown
    )
    expected = Counter(tuple(sorted(event.items())) for event in wanted)
    assert not found - expected
    # A kernel that preempts programs leaves others on that CPU out, and says how many.
    assert (expected - found).total() <= result.missed
