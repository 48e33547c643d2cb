"""Reports lost events during a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from tuxscope.output.messages import say
from tuxscope.output.sink import Sink

PERIOD = 1.0  # seconds from one line on stderr to the next, at least


class Losses:
    """Reports lost events on stderr and, with ``as_records``, a bool, as JSON records in ``sink``,
    a Sink. ``advice``, a str, ends the message; ``clock``, called without arguments, returns the
    time in seconds, a float."""

    def __init__(
        self,
        sink: Sink,
        as_records: bool,
        advice: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``sink`` is the output. With ``as_records``, a bool, a JSON object is written to it for
        each. ``advice`` is a hint, ``clock`` returns seconds."""
        self._sink = sink
        self._as_records = as_records
        self._advice = advice
        self._clock = clock
        self._total = 0
        self._next = -PERIOD

    def report(self, losses: Iterable[tuple[int, int]]) -> None:
        """Report ``losses``, an iterable of new pairs of CPU and count, both int; on stderr once a
        second at most."""
        before = self._total
        self.report_last(losses)
        if self._total > before and self._clock() >= self._next:
            self._next = self._clock() + PERIOD
            say(f"{self._total} events lost so far: a ring was full; {self._advice}")

    def report_last(self, losses: Iterable[tuple[int, int]]) -> None:
        """Report ``losses``, an iterable of pairs of CPU and count, but not on stderr: at exit the
        last line has their number."""
        for cpu, count in losses:
            self._total += count
            if self._as_records:
                from tuxscope.output.compact import COMPACT

                record = {"type": "lost", "cpu": cpu, "count": count}
                self._sink.write(f"{COMPACT(record)}\n")
