"""How long to leave the rings alone. docs/reader.md has what was measured.

A ring wakes us when it is half full; what is in it before that, only a timer finds.
"""

from __future__ import annotations

# Seconds. At first a line comes at once, as somebody waits for it; each look that finds nothing
# then doubles the time to the next.
FIRST = 0.001
# While there is something: over what a look costs, and half of what a line may take.
BUSY = 0.015
# While there is nothing, the first line after that may take as long, and looking costs less.
IDLE = 0.025


class Pace:
    """The time between two looks at the rings.

    Attributes:
        seconds: until the next look, a float.
    """

    def __init__(self) -> None:
        self.seconds = FIRST

    def looked(self, found: bool, held: bool = False) -> None:
        """Set ``seconds`` after a look; ``found`` is whether it found something to show.

        ``held`` is whether else it found something too young to be shown: after FIRST it no longer
        is.
        """
        self.seconds = BUSY if found else FIRST if held else min(self.seconds * 2, IDLE)
