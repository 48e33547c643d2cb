"""What is said of events that were lost, while they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from tuxscope.output.messages import say
from tuxscope.output.sink import Sink

PERIOD = 1.0  # seconds from one notice to the next, at least


class Losses:
    """Tells the user and, if asked to, the reader of the output."""

    def __init__(
        self,
        sink: Sink,
        as_records: bool,
        advice: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``as_records``: write an object to the sink for each. ``advice``: how to lose less."""
        self._sink = sink
        self._as_records = as_records
        self._advice = advice
        self._clock = clock
        self._total = 0
        self._next = -PERIOD

    def met(self, losses: Iterable[tuple[int, int]]) -> None:
        """Tell of new losses: CPU and count. The notice comes once a second at most."""
        before = self._total
        self.rest(losses)
        if self._total > before and self._clock() >= self._next:
            self._next = self._clock() + PERIOD
            say(f"{self._total} events lost so far, as a ring was full; {self._advice}")

    def rest(self, losses: Iterable[tuple[int, int]]) -> None:
        """Tell of new losses at the end, where the last line has their number."""
        for cpu, count in losses:
            self._total += count
            if self._as_records:
                from tuxscope.output.compact import COMPACT

                record = {"type": "lost", "cpu": cpu, "count": count}
                self._sink.write(f"{COMPACT(record)}\n")
