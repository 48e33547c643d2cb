"""The TCP sockets that are there, as net shows them and as its kernel side takes them."""

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

BATCH = 4096  # entries that are handed to the kernel at once


@dataclass(frozen=True)
class Snapshot:
    """All of them at one moment.

    Attributes:
        at: nanoseconds of CLOCK_MONOTONIC.
        sockets: as the kernel lists them.
        holders: by inode.
        listening: network namespaces and ports where somebody listens.
    """

    at: int
    sockets: Sequence[Socket]
    holders: dict[int, Owner]
    listening: frozenset[tuple[int, int]]

    @classmethod
    def now(cls) -> Snapshot:
        """Of all network namespaces that we may enter; says how many we may not."""
        sockets, left_out = all_sockets()
        if left_out:
            count = len(left_out)
            say(f"sockets in {count} network namespace{'s'[: count - 1]} could not be listed")
        return cls(
            time.monotonic_ns(),
            sockets,
            owners({each.inode for each in sockets if each.inode}),
            frozenset(
                (each.netns, each.local_port) for each in sockets if each.state is TcpState.LISTEN
            ),
        )

    def rows(self, wanted: NetOptions) -> list[tuple[Any, ...]]:
        """Those that are wanted, as ``Connection.raw`` unpacks them."""
        return [
            Connection.raw.unpack(bytes(self.connection(each)))
            for each in self.sockets
            if self._is_wanted(each, wanted)
        ]

    def _is_wanted(self, socket: Socket, wanted: NetOptions) -> bool:
        """What the programs decide in the kernel."""
        holder, chosen = self.holders.get(socket.inode), wanted.chosen
        pid = holder.pid if holder else None
        return (
            wanted.pid in (None, pid)
            and pid not in wanted.exclude
            and (not chosen.states or socket.state in chosen.states)
            and (chosen.listen or socket.state is not TcpState.LISTEN)
            and chosen.port in (None, socket.local_port, socket.remote_port)
            and is_in(socket.local, chosen.local)
            and is_in(socket.remote, chosen.remote)
        )

    def connection(self, socket: Socket) -> Connection:
        """A socket as an event that is its state."""
        holder = self.holders.get(socket.inode)
        if socket.state is TcpState.LISTEN:
            direction = "-"
        else:  # nobody remembers; where somebody listens on its port, it was called
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
    if network is None:
        return True
    if includes_mapped(network) and address.startswith(V4_MAPPED):
        return False
    value, mask = mapped(network)
    return int.from_bytes(address) & mask == value


def seed(loaded: Collection, needed: bool = False) -> Snapshot | None:
    """Tell the kernel's side whose the sockets are that are there; returns them.

    Those that do not fit the map are shown without a process when they end. Where the kernel lists
    none, all are, which is said; if the list is ``needed``, SocketsError is raised.
    """
    try:
        snapshot = Snapshot.now()
    except SocketsError as error:
        if needed:
            raise
        say(f"connections that are there already have no process: {error}")
        return None
    table = loaded.maps[SEEDED]
    sockets = snapshot.sockets[: table.max_entries]
    for start in range(0, len(sockets), BATCH):
        table.update_batch(
            (each.cookie, Known(started_ns=0, connection=snapshot.connection(each)))
            for each in sockets[start : start + BATCH]
        )
    return snapshot
