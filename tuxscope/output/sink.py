"""Where lines go: a file descriptor, one write() for as many lines as there are."""

from __future__ import annotations

import os
import select

from tuxscope.errors import TuxscopeError, strerror


class OutputError(TuxscopeError):
    """Lines that could not be written."""


class Sink:
    """Writes text as UTF-8 to a file descriptor.

    Attributes:
        closed: nobody reads any more (the other end of a pipe is gone); what is written after
            that is dropped.
    """

    def __init__(self, fd: int = 1) -> None:
        self._fd = fd
        self.closed = False

    def fileno(self) -> int:
        return self._fd

    def write(self, text: str) -> None:
        """Write all of it, however long that takes. Raises OutputError."""
        self.write_bytes(text.encode(errors="backslashreplace"))

    def write_bytes(self, data: bytes) -> None:
        """Write all of it, however long that takes. Raises OutputError."""
        left = memoryview(data)
        while left and not self.closed:
            try:
                left = left[os.write(self._fd, left) :]
            except BlockingIOError:  # somebody made the terminal or pipe non-blocking
                select.select((), (self._fd,), ())
            except BrokenPipeError:
                self.closed = True
            except OSError as error:
                raise OutputError(f"cannot write the output: {strerror(error)}") from error
