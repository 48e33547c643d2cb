"""The times in front of lines."""

from __future__ import annotations

from enum import Enum


class Timestamps(Enum):
    """An enum, ``--timestamps``: what a line begins with.

    Attributes:
        TIME: the local time, to the microsecond.
        NS: nanoseconds of CLOCK_MONOTONIC, as JSON has them.
        NONE: nothing.
    """

    TIME = "time"
    NS = "ns"
    NONE = "none"
