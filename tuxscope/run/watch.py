"""What ends a run: who asks us to finish, who reads our output, or the process that is traced."""

from __future__ import annotations

import select
import time

from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.loader.fd import Fd
from tuxscope.output.sink import HasFileno, Sink
from tuxscope.run.interrupt import Interrupt

if TYPE_CHECKING:
    from tuxscope.run.child import Child


class Watch:
    """Waits, and says when it is enough. Time counts from the moment when it is made.

    Attributes:
        target_ended: whether the traced process has; who waits on does so for what it left.
    """

    def __init__(
        self,
        sink: Sink,
        interrupt: Interrupt,
        target: Fd | Child | None = None,
        reader: HasFileno | None = None,
    ) -> None:
        """``reader`` ends a wait when it becomes readable, and not the run."""
        self.started = time.monotonic()
        self._sink = sink
        self._interrupt = interrupt
        self._target = target
        self._reader = reader
        self.target_ended = False
        self._poll = select.poll()
        self._poll.register(sink, 0)  # an error alone: nobody reads our pipe any more
        others: tuple[HasFileno | None, ...] = (interrupt, target, reader)
        for each in others:
            if each is not None:
                self._poll.register(each, select.POLLIN)

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return time.monotonic() - self.started

    def wait(self, seconds: float) -> bool:
        """Wait so long, or less; tells whether the run goes on."""
        ready = {fd for fd, _ in self._poll.poll(seconds * 1000)}
        if self._sink.fileno() in ready:
            self._sink.reader_left()
        if self._target and self._target.fileno() in ready:
            if not isinstance(self._target, Fd):  # a command, which we are the parent of
                self._target.wait()
            self._poll.unregister(self._target)
            self.target_ended = True
            return False
        return not (self._interrupt.requested or self._sink.done)

    def pause(self, seconds: float) -> bool:
        """The same, whether or not the reader is readable."""
        if self._reader is None:
            return self.wait(seconds)
        self._poll.modify(self._reader, 0)
        try:
            return self.wait(seconds)
        finally:
            self._poll.modify(self._reader, select.POLLIN)


def time_told(seconds: float, missed: int) -> str:
    """How the last line of a run ends: how long it was attached, and how many runs of the programs
    the kernel left out, as one had interrupted itself."""
    return f"{seconds:.1f} s" + (f", {missed} missed by recursion" if missed else "")
