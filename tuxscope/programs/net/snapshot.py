"""The existing TCP sockets, as rows of net's output and as entries of its map SEEDED."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tuxscope.loader.collection import Collection
from tuxscope.output.messages import say
from tuxscope.programs.net.connections import SEEDED, Connection, Known
from tuxscope.programs.net.options import NetOptions
from tuxscope.programs.net.page import Network, includes_mapped, mapped
from tuxscope.programs.net.sockets import Owner, Socket, SocketsError, all_sockets, owners
from tuxscope.programs.net.tcp_states import NAMES, TcpState
from tuxscope.record.values import V4_MAPPED

BATCH = 4096  # entries per update of the map


@dataclass(frozen=True)
class Snapshot:
    """A frozen dataclass: the TCP sockets at one moment.

    Attributes:
        at: an int, nanoseconds of CLOCK_MONOTONIC.
        sockets: a sequence of Socket, as the kernel lists them.
        holders: a dict of the Owner, the process that holds a socket, by the inode of the socket.
        listening: a frozenset of pairs (inode of the network namespace, port) of each listening
            socket.
    """

    at: int
    sockets: Sequence[Socket]
    holders: dict[int, Owner]
    listening: frozenset[tuple[int, int]]

    @classmethod
    def now(cls) -> Snapshot:
        """Return a Snapshot of the sockets of all network namespaces.

        Warns on stderr if some cannot be entered. Raises SocketsError.
        """
        sockets, left_out = all_sockets()
        if left_out:
            count = len(left_out)
            say(f"sockets in {count} network namespace{'s'[: count - 1]} cannot be listed")
        return cls(
            time.monotonic_ns(),
            sockets,
            owners({each.inode for each in sockets if each.inode}),
            frozenset(
                (each.netns, each.local_port) for each in sockets if each.state is TcpState.LISTEN
            ),
        )

    def rows(self, wanted: NetOptions) -> list[tuple[Any, ...]]:
        """Return a list of tuples, the sockets that pass the filters of ``wanted``, NetOptions.

        Each is a tuple as ``Connection.raw`` unpacks it.
        """
        return [
            Connection.raw.unpack(bytes(self.connection(each)))
            for each in self.sockets
            if self._is_wanted(each, wanted)
        ]

    def _is_wanted(self, socket: Socket, wanted: NetOptions) -> bool:
        """Whether a socket passes the filters; the programs do the same in the kernel."""
        holder, filter = self.holders.get(socket.inode), wanted.filter
        pid = holder.pid if holder else None
        return (
            wanted.pid in (None, pid)
            and pid not in wanted.exclude
            and (not filter.states or socket.state in filter.states)
            and (filter.listen or socket.state is not TcpState.LISTEN)
            and filter.port in (None, socket.local_port, socket.remote_port)
            and is_in(socket.local, filter.local)
            and is_in(socket.remote, filter.remote)
        )

    def connection(self, socket: Socket) -> Connection:
        """Return a Connection whose ``state`` is the TCP state of ``socket``, a Socket."""
        holder = self.holders.get(socket.inode)
        if socket.state is TcpState.LISTEN:
            direction = "-"
        else:  # a guess: if a socket listens on its port, it was accepted
            inward = (socket.netns, socket.local_port) in self.listening
            direction = "in" if inward else "out"
        return Connection(
            timestamp_ns=self.at,
            ms=None,
            tx=socket.sent,
            rx=socket.received,
            laddr=socket.local,
            raddr=socket.remote,
            comm=holder.comm if holder else b"",
            pid=holder.pid if holder else None,
            rtt_us=socket.rtt_us or 0,
            netns=socket.netns,
            interface=socket.interface or None,
            lport=socket.local_port,
            rport=socket.remote_port,
            dir=direction,
            ip=4 if socket.local.startswith(V4_MAPPED) else 6,
            state=NAMES[socket.state],
        )


def is_in(address: bytes, network: Network | None) -> bool:
    """Return whether ``address``, 16 bytes (IPv4: v4-mapped), is in ``network``, an IPv4Network,
    IPv6Network or None; True if that is None."""
    if network is None:
        return True
    if includes_mapped(network) and address.startswith(V4_MAPPED):
        return False
    value, mask = mapped(network)
    return int.from_bytes(address) & mask == value


def seed(loaded: Collection, needed: bool = False) -> Snapshot | None:
    """Put the existing sockets and their processes into map SEEDED of ``loaded``, a Collection;
    return the Snapshot, or None.

    Sockets that do not fit into the map have no process in the output. If the kernel does not list
    its sockets, returns None with a warning on stderr, or raises SocketsError if ``needed``, a
    bool.
    """
    try:
        snapshot = Snapshot.now()
    except SocketsError as error:
        if needed:
            raise
        say(f"the process of existing connections is unknown: {error}")
        return None
    table = loaded.maps[SEEDED]
    sockets = snapshot.sockets[: table.max_entries]
    for start in range(0, len(sockets), BATCH):
        table.update_batch(
            (each.cookie, Known(started_ns=0, connection=snapshot.connection(each)))
            for each in sockets[start : start + BATCH]
        )
    return snapshot
