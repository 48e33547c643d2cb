"""Where lines go: a file descriptor, one write() for as many lines as there are."""

from __future__ import annotations

import errno
import os
import select
import stat
from collections.abc import Callable

from tuxscope.errors import TuxscopeError, strerror
from tuxscope.lean_typing import Protocol

# Seconds that a reader who takes nothing may take after Ctrl-C.
PATIENCE = 2.0
# Seconds of waiting for a reader after which somebody is told.
BLOCKED = 1.0


class OutputError(TuxscopeError):
    """Lines that could not be written."""


class HasFileno(Protocol):
    """What can be polled."""

    def fileno(self) -> int: ...


class Sink:
    """Writes text as UTF-8 to a file descriptor.

    Attributes:
        closed: nobody reads any more (the other end of a pipe is gone, or the terminal); what is
            written after that is dropped.
        hung_up: it was a terminal.
    """

    def __init__(self, fd: int = 1) -> None:
        self._fd = fd
        self.closed = False
        self.hung_up = False

    def fileno(self) -> int:
        return self._fd

    @property
    def done(self) -> bool:
        """Whether nothing can be written any more."""
        return self.closed

    def write(self, text: str) -> int:
        """As :meth:`write_bytes`."""
        return self.write_bytes(text.encode(errors="backslashreplace"))

    def write_bytes(self, data: bytes | bytearray) -> int:
        """Write all of it, however long that takes; returns how many lines were dropped.

        Raises OutputError.
        """
        left = memoryview(data)
        while left and not self.closed and (room := self._room(len(left))):
            try:
                left = left[os.write(self._fd, left[:room]) :]
            except BlockingIOError:  # somebody made the terminal or pipe non-blocking
                self._wait()
            except BrokenPipeError:
                self.reader_left()
            except OSError as error:
                if error.errno == errno.EIO and self._is_device():  # hung up
                    self.reader_left()
                else:
                    self._fail(OutputError(f"cannot write the output: {strerror(error)}"))
        return bytes(left).count(b"\n")

    def reader_left(self) -> None:
        """Nobody reads any more."""
        self.closed, self.hung_up = True, self._is_device()

    def _is_device(self) -> bool:
        """Whether it is, or was, a terminal: isatty() no longer knows one that is gone."""
        return stat.S_ISCHR(os.fstat(self._fd).st_mode)

    def _room(self, wanted: int) -> int:
        """How many bytes may be written now; 0 where what is left is to be dropped."""
        return wanted

    def _wait(self) -> None:
        """Wait until it takes something again."""
        select.select((), (self._fd,), ())

    def _fail(self, error: OutputError) -> None:
        raise error


class LiveSink(Sink):
    """The same for a run that goes on until it is interrupted, and then counts what nobody took.

    Attributes:
        stuck: we were asked to finish, and nobody reads; what is written after that is dropped.
        error: why nothing can be written any more; what is written after that is dropped.
    """

    def __init__(
        self, interrupt: HasFileno, blocked: Callable[[], None] = lambda: None, fd: int = 1
    ) -> None:
        """``interrupt`` becomes readable when we are asked to finish: from then on nobody is waited
        for who takes nothing for PATIENCE seconds. ``blocked`` is called once a second while
        nobody takes anything."""
        super().__init__(fd)
        self._interrupt = interrupt
        self._blocked = blocked
        self.stuck = False
        self.error: OutputError | None = None

    @property
    def done(self) -> bool:
        """Whether nothing can be written any more."""
        return self.closed or self.stuck or self.error is not None

    def _room(self, wanted: int) -> int:
        """How many bytes may be written now, once there is room; 0 where nobody makes any.

        A write that has begun may wait for its reader: a signal ends it with what was taken. One
        that could not begin would be begun again, so we wait before it, where a signal counts.
        """
        if self.done:
            return 0
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        poll.register(self._interrupt, select.POLLIN)
        while not (found := poll.poll(BLOCKED * 1000)):
            self._blocked()
        if self._interrupt.fileno() not in {fd for fd, _ in found}:
            return wanted
        poll.unregister(self._interrupt)
        self.stuck = not poll.poll(PATIENCE * 1000)
        return 0 if self.stuck else select.PIPE_BUF  # so much never waits

    def _wait(self) -> None:
        """Nothing: _room() does, and sees when we are asked to finish."""

    def _fail(self, error: OutputError) -> None:
        self.error = error
