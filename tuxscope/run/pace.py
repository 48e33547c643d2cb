"""How long to leave the rings alone. docs/reader.md has what was measured.

A perf ring wakes us when it is half full; what is in it before that, only a timer finds. A ring
buffer wakes us when it is no longer empty.
"""

from __future__ import annotations

from tuxscope.lean_typing import Protocol

# Seconds. At first a line comes at once, as somebody waits for it; each look that finds nothing
# then doubles the time to the next.
FIRST = 0.00025
# After a look that found only what is too young to be shown.
HELD = 0.001
# While there is something: over what a look costs, and half of what a line may take.
BUSY = 0.015
# While there is nothing, the first line after that may take as long, and looking costs less.
IDLE = 0.025

# Of a ring buffer: after it woke us, until we look. The kernel wakes nobody as long as what it
# woke us for is still there, so the traced processes pay for one wakeup in that time.
AWAKE = 0.001
# And without a wakeup, for programs that output with BPF_RB_NO_WAKEUP.
UNWOKEN = 0.5


class Waiting(Protocol):
    """A Protocol: what waits for the next look, as :class:`Watch` does: methods wait() and pause()
    that take seconds, a float, and return a bool."""

    def wait(self, seconds: float) -> bool: ...
    def pause(self, seconds: float) -> bool: ...


class Pace:
    """The time between two looks at the rings.

    Attributes:
        seconds: until the next look, a float.
    """

    def __init__(self) -> None:
        self.seconds = self._held = FIRST

    def wait(self, watch: Waiting) -> bool:
        """Wait for the next look with ``watch``, a Waiting; return whether the run goes on."""
        return watch.wait(self.seconds)

    def looked(self, found: bool, held: bool = False) -> None:
        """Set ``seconds`` after a look; ``found`` is a bool, whether it found something to show.

        ``held`` is a bool, whether it found only records too young to be shown: after HELD they no
        longer are. Before the first line we look more often.
        """
        if found:
            self.seconds, self._held = BUSY, HELD
        else:
            self.seconds = self._held if held else min(self.seconds * 2, IDLE)


class WokenPace(Pace):
    """A Pace: the time between two looks at a ring buffer, which wakes us for the first record in
    it."""

    def __init__(self) -> None:
        self.seconds = UNWOKEN

    def wait(self, watch: Waiting) -> bool:
        return watch.wait(self.seconds) and watch.pause(AWAKE)

    def looked(self, found: bool, held: bool = False) -> None:
        self.seconds = 0 if held else UNWOKEN
