"""Waits of tests: each has a deadline, and fails with what it waited for."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator
from typing import IO

from pace import LIMIT

# The kernel frees programs and maps some time after their last fd is closed.
PATIENCE = LIMIT / 6
PAUSE = 0.01  # seconds between two looks


def wait_until(
    condition: Callable[[], object], what: str, seconds: float = PATIENCE, pause: float = PAUSE
) -> None:
    """Wait for something that happens in its own time. Raises AssertionError if it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for {what}")
        time.sleep(pause)


def read_line(stream: IO[bytes] | None, what: str, seconds: float = LIMIT) -> bytes:
    """The next line that a process prints, with its newline; what is left at the end of file.

    Nothing is read ahead, so the stream can be used in any other way afterwards. Raises
    AssertionError where the line does not come.
    """
    line = b""
    for piece in pieces(stream, 1, what, seconds):
        line += piece
        if piece == b"\n":
            break
    return line


def read_all(stream: IO[bytes] | None, what: str, seconds: float = LIMIT) -> bytes:
    """All that a process still prints. Raises AssertionError where the end does not come."""
    return b"".join(pieces(stream, 1 << 16, what, seconds))


def pieces(stream: IO[bytes] | None, size: int, what: str, seconds: float) -> Iterator[bytes]:
    assert stream
    deadline = time.monotonic() + seconds
    while True:
        left = deadline - time.monotonic()
        if left < 0 or not select.select([stream], [], [], left)[0]:
            raise AssertionError(f"waited {seconds:.0f} s for {what}")
        piece = os.read(stream.fileno(), size)
        if not piece:
            return
        yield piece


def has_ended(pid: int) -> bool:
    """Whether a process is no more, or waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
