"""Where lines go: a file descriptor, one write() for as many lines as there are."""

from __future__ import annotations

import os
import select
from typing import Protocol

from tuxscope.errors import TuxscopeError, strerror

# Seconds that a reader who takes nothing may take after Ctrl-C.
PATIENCE = 2.0


class OutputError(TuxscopeError):
    """Lines that could not be written."""


class HasFileno(Protocol):
    """What can be polled."""

    def fileno(self) -> int: ...


class Sink:
    """Writes text as UTF-8 to a file descriptor.

    Attributes:
        closed: nobody reads any more (the other end of a pipe is gone); what is written after
            that is dropped.
        stuck: the user asked us to finish, and nobody reads; what is written after that is
            dropped, too.
    """

    def __init__(self, fd: int = 1, interrupt: HasFileno | None = None) -> None:
        """``interrupt`` becomes readable when the user asks us to finish: from then on nobody is
        waited for who takes nothing for PATIENCE seconds."""
        self._fd = fd
        self._interrupt = interrupt
        self.closed = False
        self.stuck = False

    def fileno(self) -> int:
        return self._fd

    def write(self, text: str) -> int:
        """As :meth:`write_bytes`."""
        return self.write_bytes(text.encode(errors="backslashreplace"))

    def write_bytes(self, data: bytes) -> int:
        """Write all of it, however long that takes; returns how many lines were dropped.

        Raises OutputError.
        """
        left = memoryview(data)
        while left and not self.closed and (room := self._room(len(left))):
            try:
                left = left[os.write(self._fd, left[:room]) :]
            except BlockingIOError:  # somebody made the terminal or pipe non-blocking
                select.select((), (self._fd,), ())
            except BrokenPipeError:
                self.closed = True
            except OSError as error:
                raise OutputError(f"cannot write the output: {strerror(error)}") from error
        return bytes(left).count(b"\n")

    def _room(self, wanted: int) -> int:
        """How many bytes may be written now, once there is room; 0 where nobody makes any.

        A write that has begun may wait for its reader: a signal ends it with what was taken. One
        that could not begin would be begun again, so we wait before it, where a signal counts.
        """
        if self._interrupt is None:
            return wanted
        if self.stuck:
            return 0
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        poll.register(self._interrupt, select.POLLIN)
        ready = {fd for fd, _ in poll.poll()}
        if self._interrupt.fileno() not in ready:
            return wanted
        poll.unregister(self._interrupt)
        self.stuck = not poll.poll(PATIENCE * 1000)
        return 0 if self.stuck else select.PIPE_BUF  # so much never waits
