"""Requests to end a run: SIGINT, SIGTERM, SIGHUP, and a timer. A second request exits at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from types import FrameType

from tuxscope.lean_typing import Any, Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Seconds in which the first signal, sent again, is the same request: timeout(1) signals its child
# and then the process group, so that the child gets the signal twice.
SAME_REQUEST = 0.2


class Interrupt:
    """Catches the signals while it is open; a context manager.

    Its fileno() becomes readable with the first one, so it can be polled. They are caught even if
    the caller ignores them, as shells do for background jobs: ``kill -INT`` has to work. Only an
    ignored SIGHUP stays ignored, for nohup.

    Attributes:
        requested: whether one arrived.
        last_acts: a list of functions without parameters that return None, called before a second
            request exits the process.

    ``clock`` is a callable without parameters that returns the time in seconds, a float.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` returns seconds, and never goes back."""
        self.requested = False
        self.last_acts: list[Callable[[], None]] = []
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._before: dict[signal.Signals, Any] = {}
        self._clock = clock
        self._first: tuple[int, float] | None = None  # the signal's number, and when it came
        self._timer = (0.0, 0.0)

    def fileno(self) -> int:
        return self._read

    def __enter__(self) -> Self:
        # Python writes the signal's number here by itself, before its handler runs.
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            self._before[number] = signal.signal(number, self._handle)
        self._timer = signal.setitimer(signal.ITIMER_REAL, 0)
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._time_is_up)
        return self

    def after(self, seconds: float) -> None:
        """Request the end of the run in ``seconds``, a float; it interrupts a blocking call
        then."""
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = self._clock()
        if self._first is None:
            self._first = number, now
            self.requested = True
            return
        first, came = self._first
        # A closed terminal sends SIGHUP, and so does its shell: that is one request.
        if number == signal.SIGHUP or (number == first and now - came < SAME_REQUEST):
            return
        for act in self.last_acts:
            act()
        os._exit(128 + number)

    def _time_is_up(self, number: int, frame: FrameType | None) -> None:
        self.requested = True

    def terminal_is_gone(self) -> None:
        """Ignore SIGHUP from now on, also after the run: that of the terminal may arrive late."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._before.pop(signal.SIGHUP, None)

    def restore(self) -> None:
        """Restore the signal handlers; a forked child needs nothing else."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        self.restore()
        signal.setitimer(signal.ITIMER_REAL, *self._timer)  # a caller may have one of its own
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._read)
        os.close(self._write)
