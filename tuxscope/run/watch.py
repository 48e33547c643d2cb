"""Waits for what ends a run: a signal, a closed stdout, or the end of the traced process."""

from __future__ import annotations

import select
import time

from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.loader.fd import Fd
from tuxscope.output.sink import HasFileno, Sink
from tuxscope.run.interrupt import Interrupt

if TYPE_CHECKING:
    from tuxscope.run.child import Child

SHORTEST_POLL = 0.001  # seconds: poll(2) counts in milliseconds, rounded up


class Watch:
    """Waits until something ends the run; its time starts when it is made.

    ``sink`` and ``interrupt`` are the run's Sink and Interrupt; ``target`` is the traced process,
    an Fd, a Child or None, ``reader`` a HasFileno, an object with fileno() to wait for, or None.

    Attributes:
        started: when it was made, in seconds of time.monotonic(), a float.
        target_ended: whether the traced process has ended, a bool.
    """

    def __init__(
        self,
        sink: Sink,
        interrupt: Interrupt,
        target: Fd | Child | None = None,
        reader: HasFileno | None = None,
    ) -> None:
        """End the run when stdout closes (``sink``), on a signal (``interrupt``), or when
        ``target`` ends.

        ``target`` is an Fd or Child of the traced process, or None. ``reader``, which has a
        fileno() or is None, ends a wait when it becomes readable, but not the run.
        """
        self.started = time.monotonic()
        self._sink = sink
        self._interrupt = interrupt
        self._target = target
        self._reader = reader
        self.target_ended = False
        self._poll = select.poll()
        self._poll.register(sink, 0)  # POLLERR: the pipe has no reader any more
        others: tuple[HasFileno | None, ...] = (interrupt, target, reader)
        for each in others:
            if each is not None:
                self._poll.register(each, select.POLLIN)

    @property
    def seconds(self) -> float:
        """The seconds since it was made, a float."""
        return time.monotonic() - self.started

    def wait(self, seconds: float) -> bool:
        """Wait for at most ``seconds``, a float, or until the reader is readable; return whether
        the run goes on."""
        if seconds < SHORTEST_POLL:
            time.sleep(seconds)
            seconds = 0
        ready = {fd for fd, _ in self._poll.poll(seconds * 1000)}
        if self._sink.fileno() in ready:
            self._sink.reader_left()
        if self._target and self._target.fileno() in ready:
            if not isinstance(self._target, Fd):  # a Child, which we have to reap
                self._target.wait()
            self._poll.unregister(self._target)
            self.target_ended = True
            return False
        return not (self._interrupt.requested or self._sink.done)

    def pause(self, seconds: float) -> bool:
        """Wait for at most ``seconds``, a float, whether or not the reader is readable; return
        whether the run goes on."""
        if self._reader is None:
            return self.wait(seconds)
        self._poll.modify(self._reader, 0)
        try:
            return self.wait(seconds)
        finally:
            self._poll.modify(self._reader, select.POLLIN)


def time_told(seconds: float, missed: int) -> str:
    """Return the end of a run's last line, a str: ``seconds``, a float, attached, and ``missed``,
    an int, if not 0.

    ``missed`` counts program runs that the kernel skipped because a program had interrupted itself
    (``recursion_misses``).
    """
    return f"{seconds:.1f} s" + (f", {missed} missed by recursion" if missed else "")
