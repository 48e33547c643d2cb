"""A network to connect in, and what ``tuxscope net`` says of it."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import waiting
from pace import LIMIT

from e2e.harness import Result, Tuxscope, end
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.programs.net import page
from tuxscope.programs.net.sockets import Namespace

PEER = (sys.executable, "-S", str(Path(__file__).with_name("peer.py")))
LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
Event = dict[str, Any]

HOSTS = {4: (socket.AF_INET, "127.0.0.1"), 6: (socket.AF_INET6, "::1")}


def told(event: Event, *keys: str) -> list[Any]:
    return [event[key] for key in keys]


class Watched:
    """A running ``tuxscope net`` that prints JSON, of which one namespace's lines are looked at."""

    def __init__(self, start: Callable[..., Tuxscope], network: Namespace, *options: object):
        self._mark = f'"netns":{network.inode}}}'
        self._netns = network.inode
        self.run = start("net", "--netns", "--format", "json", *options)
        self.run.wait_until_attached(programs_on_this_kernel())

    def wait(self, count: int) -> list[Event]:
        """The first events, as soon as there are so many."""
        self.run.wait_for_text(self._mark.encode(), count)
        lines = self.run.wait_for_lines(0)
        return [json.loads(each) for each in lines if each.endswith(self._mark)]

    def stop(self) -> list[Event]:
        """All events, once it was asked to finish."""
        self.run.signal(signal.SIGINT)
        return self.of(self.result())

    def result(self) -> Result:
        """When it has ended by itself, without a loss."""
        result = self.run.finish()
        assert result.status == 0, result.stderr
        assert result.totals[1] == 0
        return result

    def of(self, result: Result) -> list[Event]:
        return [each for each in result.objects if each.get("netns") == self._netns]


def programs_on_this_kernel() -> int:
    """How many there are."""
    made = page.PAGE.program(layout=RunningKernelLayout())
    assert isinstance(made, tuple)
    return len(made)


def make_socket(network: Namespace, family: int = socket.AF_INET) -> socket.socket:
    """It stays in the namespace, whoever uses it."""
    return network.run(lambda: socket.socket(family, socket.SOCK_STREAM))


def listen(
    network: Namespace, family: int = socket.AF_INET, address: str = "", backlog: int = 128
) -> socket.socket:
    """On a port that was free, of loopback."""
    listener = make_socket(network, family)
    listener.bind((address or LOOPBACK[family], 0))
    listener.listen(backlog)
    return listener


def connect(network: Namespace, to: socket.socket, address: str = "") -> socket.socket:
    """To a listener."""
    ours = make_socket(network, to.family if ":" in address or not address else socket.AF_INET)
    there = to.getsockname()
    ours.connect((address or there[0], there[1]))
    return ours


def pair(network: Namespace, family: int = socket.AF_INET) -> tuple[socket.socket, socket.socket]:
    """Two connected sockets: the one that connected, and the one that was accepted."""
    with listen(network, family) as listener:
        ours = connect(network, listener)
        theirs, _ = listener.accept()
    return ours, theirs


def port_of(one: socket.socket) -> int:
    port: int = one.getsockname()[1]
    return port


def read_all(one: socket.socket) -> bytes:
    return b"".join(iter(lambda: one.recv(1 << 16), b""))


def wait_readable(one: socket.socket) -> None:
    assert select.select([one], [], [], LIMIT)[0]


def reset_at_close(one: socket.socket) -> None:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def comm() -> str:
    """What the kernel calls this thread."""
    return Path("/proc/thread-self/comm").read_text().removesuffix("\n")


class Peer:
    """A process of peer.py in a namespace, ready to begin."""

    def __init__(
        self, network: Namespace, *arguments: object, pass_fds: Sequence[int] = ()
    ) -> None:
        self.process = network.run(
            lambda: subprocess.Popen(
                [*PEER, *map(str, arguments)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=pass_fds,
            )
        )  # fmt: skip
        assert waiting.read_line(self.process.stdout, "a peer to be ready") == b"\n"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def comm(self) -> str:
        return Path(f"/proc/{self.pid}/comm").read_text().removesuffix("\n")

    def start(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    def finish(self) -> list[list[int]]:
        """What it did, when it has ended."""
        done = waiting.read_all(self.process.stdout, "what a peer did").splitlines()
        assert self.process.wait(LIMIT) == 0
        return [json.loads(line) for line in done]

    def stop(self) -> list[list[int]]:
        """Likewise, for one that serves."""
        os.kill(self.pid, signal.SIGTERM)
        return self.finish()

    def end(self) -> None:
        end(self.process)


def is_refused(version: int) -> bool:
    """Whether a RST arrives. Emulated, 6.12 on s390x computes wrong checksums for those of IPv4."""
    family, host = HOSTS[version]
    with socket.socket(family) as closed, socket.socket(family) as client:
        closed.bind((host, 0))
        client.settimeout(20)
        before = checksum_errors()
        try:
            client.connect(closed.getsockname())
        except ConnectionRefusedError:
            return True
        except TimeoutError:
            assert checksum_errors() > before
    return False


def checksum_errors() -> int:
    names, values = (
        line.split()
        for line in Path("/proc/net/snmp").read_text().splitlines()
        if line.startswith("Tcp:")
    )
    return int(values[names.index("InCsumErrors")])
