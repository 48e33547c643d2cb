"""Does what its stdin, a socket, says: so and so many write() or read() calls and not one more.

It is a script of its own, run with ``python -S``. It hears and answers with recv() and send(),
so that its write() and read() calls are those that it was told to make. Each message is a JSON
list: what to do, then the arguments; the answer is one byte.
"""

import contextlib
import json
import os
import socket
import struct
import sys
from typing import Any


def descriptor(number: int, source: int) -> int:
    """Have the file descriptor ``number`` read and write what ``source`` does."""
    if number != source:
        os.dup2(source, number)
    return number


def waiting(option: int, seconds: float) -> tuple[socket.socket, socket.socket]:
    """A socket on which a read, or a write, gives up after so long; and its other end.

    It is told to wait for twice the time: timeouts count ticks, and where the machine was held up,
    as virtual ones are, several come at once.
    """
    ours, theirs = socket.socketpair()
    seconds *= 2
    whole = int(seconds)
    ours.setsockopt(
        socket.SOL_SOCKET, option, struct.pack("@ll", whole, int((seconds - whole) * 1e6))
    )
    return ours, theirs


def fill(full: socket.socket) -> None:
    """Send until not one more byte fits, as nobody reads."""
    for size in (1 << 16, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                full.send(bytes(size), socket.MSG_DONTWAIT)


def write(fd: int, text: str, times: int) -> None:
    data = text.encode("latin-1")
    for _ in range(times):
        os.write(fd, data)


def read(fd: int, size: int, times: int) -> None:
    for _ in range(times):
        os.read(fd, size)


def work(message: list[Any], zero: int) -> None:
    """Do one thing: prepare it first, as what is counted are the calls alone."""
    what, fd, argument, times = message
    if what in ("write", "read"):
        do = write if what == "write" else read
        do(descriptor(fd, zero), argument, times)
        return
    reads = what == "read_slowly"
    ours, theirs = waiting(socket.SO_RCVTIMEO if reads else socket.SO_SNDTIMEO, argument)
    with ours, theirs:
        if not reads:
            fill(ours)
        slow = descriptor(fd, ours.fileno())
        for _ in range(times):
            with contextlib.suppress(BlockingIOError):
                if reads:
                    os.read(slow, 1)
                else:
                    os.write(slow, b"x")


def main() -> None:
    with open("/proc/self/comm", "wb", buffering=0) as name:
        name.write(sys.argv[1].encode())
    zero = os.open("/dev/zero", os.O_RDWR)
    with socket.socket(fileno=0) as told:
        told.send(b"r")  # ready
        while message := told.recv(1 << 16):
            work(json.loads(message), zero)
            told.send(b"d")  # done


if __name__ == "__main__":
    main()
