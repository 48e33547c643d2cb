"""Writes lines to a file descriptor, one write(2) per batch."""

from __future__ import annotations

import errno
import os
import select
import stat
from collections.abc import Callable

from tuxscope.errors import TuxscopeError, strerror
from tuxscope.lean_typing import Protocol

# Seconds to wait for a blocked reader after Ctrl-C.
EXIT_TIMEOUT = 2.0
# Seconds of waiting for a reader until ``blocked`` is called.
BLOCKED = 1.0


class OutputError(TuxscopeError):
    """An error, a TuxscopeError: the output cannot be written, for example because the disk is
    full."""


class HasFileno(Protocol):
    """A Protocol: an object that poll(2) accepts, with a method fileno() that returns an int."""

    def fileno(self) -> int: ...


class Sink:
    """Writes text as UTF-8 to file descriptor ``fd``, an int.

    Attributes:
        closed: whether the reader is gone (the pipe was closed, or the terminal hung up); later
            writes are dropped.
        hung_up: whether the reader that is gone was a terminal.
        done: a bool, a property.
    """

    def __init__(self, fd: int = 1) -> None:
        self._fd = fd
        self.closed = False
        self.hung_up = False

    def fileno(self) -> int:
        return self._fd

    @property
    def done(self) -> bool:
        """Whether later writes are dropped, a bool."""
        return self.closed

    def write(self, text: str) -> int:
        """Write ``text`` as UTF-8; return the number of lines dropped, an int. See
        :meth:`write_bytes`."""
        return self.write_bytes(text.encode(errors="backslashreplace"))

    def write_bytes(self, data: bytes | bytearray) -> int:
        """Write all of ``data``, bytes or a bytearray, blocking as needed; return the number of
        lines dropped, an int.

        Raises OutputError.
        """
        left = memoryview(data)
        while left and not self.closed and (room := self._room(len(left))):
            try:
                left = left[os.write(self._fd, left[:room]) :]
            except BlockingIOError:  # another process set O_NONBLOCK
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
        """Note that the reader is gone."""
        self.closed, self.hung_up = True, self._is_device()

    def _is_device(self) -> bool:
        """Whether fd is or was a terminal: isatty(3) fails once the terminal has hung up."""
        return stat.S_ISCHR(os.fstat(self._fd).st_mode)

    def _room(self, wanted: int) -> int:
        """The number of bytes to write now; 0 to drop the rest."""
        return wanted

    def _wait(self) -> None:
        """Block until fd is writable."""
        select.select((), (self._fd,), ())

    def _fail(self, error: OutputError) -> None:
        raise error


class LiveSink(Sink):
    """A Sink on ``fd``, an int, for runs that Ctrl-C ends: it does not wait forever for a blocked
    reader then. ``interrupt`` is an object with fileno(), a HasFileno, readable then; ``blocked``
    is called without arguments when stdout is blocked.

    Attributes:
        blocked_at_exit: whether the reader was blocked after the interrupt; later writes are
            dropped.
        error: an OutputError or None, the OSError of write(2), or None; after an error, later
            writes are dropped.
    """

    def __init__(
        self, interrupt: HasFileno, blocked: Callable[[], None] = lambda: None, fd: int = 1
    ) -> None:
        """``interrupt``, which has a fileno(), becomes readable when the run is interrupted.

        From then on, a blocked reader is waited for EXIT_TIMEOUT seconds at most. ``blocked`` is
        called once a second while the reader is blocked.
        """
        super().__init__(fd)
        self._interrupt = interrupt
        self._blocked = blocked
        self.blocked_at_exit = False
        self.error: OutputError | None = None

    @property
    def done(self) -> bool:
        """Whether later writes are dropped, a bool."""
        return self.closed or self.blocked_at_exit or self.error is not None

    def _room(self, wanted: int) -> int:
        """Wait until fd is writable; return the number of bytes to write, 0 to drop the rest.

        A signal ends a write(2) that has transferred data, with a short count. But Python restarts
        one that has not, so this waits in poll(2) first, which sees the interrupt.
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
        self.blocked_at_exit = not poll.poll(EXIT_TIMEOUT * 1000)
        return 0 if self.blocked_at_exit else select.PIPE_BUF  # a write of this size does not block

    def _wait(self) -> None:
        """Do nothing: _room() waits, and notices the interrupt."""

    def _fail(self, error: OutputError) -> None:
        self.error = error
