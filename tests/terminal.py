"""A terminal for tests: a pseudo-terminal whose other end is an emulator, which keeps the screen.

>>> with Terminal(columns=40, rows=10) as terminal:
...     terminal.show("a line\\n")
...     terminal.lines
['a line']

>>> with Run(["ls", "-l"], columns=40, rows=10) as run:
...     run.wait_for("total")
...     status = run.finish()

Every wait has a deadline, and says what it waited for and what was on the screen then.
"""

from __future__ import annotations

import copy
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

import pyte
from pace import LIMIT

SCROLLBACK = 10_000  # lines
PRIVATE_1049 = 1049 << 5  # as pyte counts it


class Screen(pyte.HistoryScreen):
    """pyte's screen with a scrollback, and with xterm's alternate screen, which has none."""

    def __init__(self, columns: int, rows: int, alternate: bool) -> None:
        super().__init__(columns, rows, history=SCROLLBACK)
        self._may = alternate
        self._main: tuple[Any, Any, list[Any]] | None = None

    @property
    def alternate(self) -> bool:
        """Whether it is the alternate one that is shown."""
        return self._main is not None

    def set_mode(self, *modes: int, **options: Any) -> None:
        super().set_mode(*modes, **options)
        if PRIVATE_1049 in self.mode and self._may and self._main is None:
            top = list(self.history.top)
            self._main = copy.deepcopy(self.buffer), copy.copy(self.cursor), top
            self.erase_in_display(2)

    def reset_mode(self, *modes: int, **options: Any) -> None:
        super().reset_mode(*modes, **options)
        if PRIVATE_1049 not in self.mode and self._main is not None:
            (buffer, self.cursor, top), self._main = self._main, None
            self.buffer.clear()
            self.buffer.update(buffer)
            self.history.top.clear()
            self.history.top.extend(top)


class Terminal:
    """A pseudo-terminal; a context manager that closes it.

    Attributes:
        fd: where a program writes to it.
        written: all that was read of what was written.
    """

    def __init__(self, columns: int = 80, rows: int = 24, alternate: bool = True) -> None:
        """``alternate``: whether it has an alternate screen."""
        self.written = b""
        self._screen = Screen(columns, rows, alternate)
        self._stream = pyte.ByteStream(self._screen)
        self._master, self.fd = os.openpty()
        self._set_size(columns, rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_program_end()
        self.hang_up()

    def close_program_end(self) -> None:
        """Have no file descriptor for it ourselves: it ends with the last program's."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def hang_up(self) -> None:
        """Close the terminal: who writes to it gets EIO, and its session SIGHUP."""
        if self._master >= 0:
            os.close(self._master)
        self._master = -1

    def resize(self, columns: int, rows: int) -> None:
        """Give it another size, of which the kernel tells by SIGWINCH."""
        self.read()
        self._screen.resize(rows, columns)
        self._set_size(columns, rows)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        """Type something: ``b"\\x03"`` is Ctrl-C."""
        os.write(self._master, keys)

    @property
    def lines(self) -> list[str]:
        """What is on the screen, without blanks at the ends of lines and blank lines at the end."""
        return without_blanks(self._screen.display)

    def cells(self, row: int) -> list[str]:
        """The characters of a row; behind a wide one an empty one."""
        return [self._screen.buffer[row][x].data for x in range(self._screen.columns)]

    @property
    def text(self) -> str:
        """The same as one text."""
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def scrollback(self) -> list[str]:
        """What went off the screen at its top."""
        columns = range(self._screen.columns)
        rows = ("".join(row[x].data for x in columns) for row in self._screen.history.top)
        return without_blanks(rows)

    @property
    def alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        return self._screen.alternate

    def show(self, text: str) -> None:
        """Write something to it."""
        os.write(self.fd, text.encode())
        self.read()

    def read(self, seconds: float = 0.0) -> bool:
        """Take what was written, waiting so long for the first of it; returns whether more can
        come."""
        while select.select([self._master], (), (), seconds)[0]:
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:  # EIO: nobody has it open any more
                return False
            self.written += data
            self._stream.feed(data)
            seconds = 0.0
        return True

    def wait_until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so, which what is written changes."""
        deadline = time.monotonic() + LIMIT
        more = True
        while not condition():
            left = deadline - time.monotonic()
            assert more, f"it ended before {what}; on the screen:\n{self.text}"
            assert left > 0, f"waited {LIMIT:.0f} s until {what}; on the screen:\n{self.text}"
            more = self.read(min(left, 0.1))

    def wait_for(self, text: str) -> None:
        """Wait until a text is on the screen."""
        self.wait_until(lambda: text in self.text, f"{text!r} was on the screen")


class Run(Terminal):
    """A program in a session of its own, whose terminal it is: stdin, stdout and stderr.

    Attributes:
        process: the program.
    """

    def __init__(
        self,
        arguments: Sequence[object],
        columns: int = 80,
        rows: int = 24,
        alternate: bool = True,
        environment: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        """``environment`` is added to one in which nothing depends on who runs the test;
        ``options`` are those of Popen, ``stderr=`` for example."""
        super().__init__(columns, rows, alternate)
        usual = {"TERM": "xterm-256color", "NO_COLOR": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
        kept = {name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ}
        streams = {"stdin": self.fd, "stdout": self.fd, "stderr": self.fd} | options
        master, slave = self._master, self.fd

        def become_leader() -> None:
            os.close(master)
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [str(each) for each in arguments], env=kept | usual | (environment or {}),
            preexec_fn=become_leader, pass_fds=(), **streams,
        )  # fmt: skip
        self.close_program_end()

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def finish(self) -> int:
        """Wait for the program's end, with all that it writes; returns its exit status, negative
        where a signal killed it."""
        deadline = time.monotonic() + LIMIT
        while self._master >= 0 and self.read(0.1):
            assert time.monotonic() < deadline, f"it did not end; on the screen:\n{self.text}"
        return self.process.wait(max(deadline - time.monotonic(), 1))

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        super().__exit__()


def without_blanks(rows: Any) -> list[str]:
    lines = [row.rstrip() for row in rows]
    while lines and not lines[-1]:
        lines.pop()
    return lines
