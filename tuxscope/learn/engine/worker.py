"""Makes exactly the write(), read() and other calls that are requested on stdin, a socket.

It is a script of its own, run with ``python -S``. It uses recv() and send() for requests and
answers, so that all of its write() and read() calls are requested ones. A request is a JSON list:
action, fd, argument and how many times. The answer is one byte.
"""

import contextlib
import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

AT_FDCWD = -100


def descriptor(number: int, source: int) -> int:
    """Make the file descriptor ``number`` a duplicate of ``source``, both int; return
    ``number``."""
    if number != source:
        os.dup2(source, number)
    return number


def waiting(option: int, seconds: float) -> tuple[socket.socket, socket.socket]:
    """Return a pair of sockets: one on which a read or a write fails after ``seconds``, a float,
    at the earliest, and its peer.

    ``option``, an int, is SO_RCVTIMEO or SO_SNDTIMEO. The timeout is twice ``seconds``: timeouts
    count ticks, and on a virtual machine that was paused several come at once.
    """
    ours, theirs = socket.socketpair()
    seconds *= 2
    whole = int(seconds)
    ours.setsockopt(
        socket.SOL_SOCKET, option, struct.pack("@ll", whole, int((seconds - whole) * 1e6))
    )
    return ours, theirs


def fill(full: socket.socket) -> None:
    """Send until the buffer of ``full``, a socket, is full."""
    for size in (1 << 16, 1):
        with contextlib.suppress(BlockingIOError):
            while True:
                full.send(bytes(size), socket.MSG_DONTWAIT)


def write(fd: int, text: str, times: int) -> None:
    """Call write() with ``fd``, an int, and the bytes of ``text``, a str, ``times`` times, an
    int."""
    data = text.encode("latin-1")
    for _ in range(times):
        os.write(fd, data)


def read(fd: int, size: int, times: int) -> None:
    """Call read() with ``fd`` for ``size`` bytes ``times`` times, all int."""
    for _ in range(times):
        os.read(fd, size)


def open_files(_fd: int, path: str, times: int) -> None:
    for _ in range(times):
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_RDONLY))


def open_untouched(_fd: int, path: str, times: int) -> None:
    import ctypes
    import mmap

    openat = ctypes.CDLL(None, use_errno=True).openat
    for _ in range(times):
        with open(os.memfd_create("path"), "r+b", buffering=0) as file:
            file.write(path.encode() + b"\0")
            with mmap.mmap(file.fileno(), 0) as page:  # no page of it is in memory yet
                first = ctypes.c_char.from_buffer(page)
                found = openat(AT_FDCWD, ctypes.byref(first), os.O_RDONLY)
                if found >= 0:
                    os.close(found)
                del first


def execute(_fd: int, path: str, times: int) -> None:
    for _ in range(times):
        with contextlib.suppress(OSError):
            os.execv(path, [path])


def open_as(fd: int, path: str, flags: int) -> None:
    """Open ``path``, a str, with ``flags``, an int, as descriptor ``fd``, an int; create it."""
    number = os.open(path, flags | os.O_CREAT, 0o600)
    if number != fd:
        os.dup2(number, fd)
        os.close(number)


def read_as_it_is(fd: int, size: int, times: int) -> None:
    for _ in range(times):
        with contextlib.suppress(OSError):
            os.read(fd, size)


def write_as_it_is(fd: int, text: str, times: int) -> None:
    for _ in range(times):
        with contextlib.suppress(OSError):
            os.write(fd, text.encode())


ACTIONS: dict[str, Callable[[int, Any, int], None]] = {
    "open": open_files,
    "open_as": open_as,
    "open_untouched": open_untouched,
    "execute": execute,
    "read_as_it_is": read_as_it_is,
    "write_as_it_is": write_as_it_is,
}


def work(message: list[Any], zero: int) -> None:
    """Serve one request, ``message``, a list; ``zero`` is a file descriptor of /dev/zero. Preparing
    the calls makes neither a read() nor a write()."""
    what, fd, argument, times = message
    if what in ACTIONS:
        ACTIONS[what](fd, argument, times)
        return
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
    with socket.socket(fileno=0) as requests:
        requests.send(b"r")  # ready
        while message := requests.recv(1 << 16):
            work(json.loads(message), zero)
            requests.send(b"d")  # done


if __name__ == "__main__":
    main()
