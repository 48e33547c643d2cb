"""A page's own code, kept from taking us down without a word: a loop without end, os._exit()."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tuxscope.lean_typing import NoReturn

# Seconds that a page may take to be read and to make its program: a thousand times what they do.
LIMIT = 10.0
AGAIN = 1.0  # seconds until a page that catches even that is told again
PATIENCE = 3  # times that it is told


class PageHang(BaseException):
    """A page did not come to an end in time; raised where it is just then."""


@contextmanager
def guarded(stubborn: Callable[[FrameType | None], object]) -> Iterator[None]:
    """Run a page's code in here. Raises PageHang after LIMIT seconds, and SystemExit where it would
    end the process by itself.

    ``stubborn`` is called with the page's frame before the process ends, where it goes on
    although it was told to stop.
    """
    told = 0

    def too_late(number: int, frame: FrameType | None) -> None:
        nonlocal told
        told += 1
        if told > PATIENCE:
            stubborn(frame)
            leave(1)
        raise PageHang

    leave, abort = os._exit, os.abort
    os._exit, os.abort = ended, aborted
    timed = True
    try:
        before = signal.signal(signal.SIGALRM, too_late)
        timer = signal.setitimer(signal.ITIMER_REAL, LIMIT, AGAIN)
    except ValueError:  # only the main thread gets signals; others are nobody's command line
        timed = False
    try:
        yield
    finally:
        if timed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            signal.setitimer(signal.ITIMER_REAL, *timer)  # a caller may have one of its own
        os._exit, os.abort = leave, abort


def ended(status: int) -> NoReturn:
    raise SystemExit(status)


def aborted() -> NoReturn:
    raise SystemExit(1)
