"""Connects over TCP, or takes connections; says at its end what it did, as lines of JSON.

``peer.py connect ADDRESS PORT COUNT SIZE`` connects so often, one after the other: sends SIZE bytes
the first time and one more each time, ends its own side, reads to the end. A line for each:
its port, the bytes it sent, the bytes that came.

``peer.py serve FD`` accepts on a listening socket that it was given, reads to the end, and sends
twice the bytes that came, until it gets SIGTERM. A line for each: the peer's port, the bytes that
came, the bytes it sent.

Both begin when their stdin ends, and say before that they are ready, with a line that is empty.
"""

from __future__ import annotations

import json
import signal
import socket
import sys


def connect(address: str, port: int, size: int) -> list[int]:
    with socket.create_connection((address, port)) as ours:
        ours.sendall(bytes(size))
        ours.shutdown(socket.SHUT_WR)
        return [ours.getsockname()[1], size, len(read_all(ours))]


def serve(listener: socket.socket) -> list[int]:
    ours, peer = listener.accept()
    with ours:
        came = len(read_all(ours))
        ours.sendall(bytes(2 * came))
    return [peer[1], came, 2 * came]


def read_all(ours: socket.socket) -> bytes:
    return b"".join(iter(lambda: ours.recv(1 << 16), b""))


def main() -> None:
    print(flush=True)
    sys.stdin.read()
    done = []
    if sys.argv[1] == "connect":
        address, port, count, size = sys.argv[2], *map(int, sys.argv[3:])
        done = [connect(address, port, size + each) for each in range(count)]
    else:
        listener = socket.socket(fileno=int(sys.argv[2]))
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            while True:
                done.append(serve(listener))
        except KeyboardInterrupt:
            pass
    for each in done:
        print(json.dumps(each))


main()
