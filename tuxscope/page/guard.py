"""Guards tuxscope against a page's own code: an endless loop, os._exit(), os.abort()."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from tuxscope.lean_typing import NoReturn

# Seconds that a page may take to load, or to make its program: a thousand times what pages take.
LIMIT = 10.0
AGAIN = 1.0  # seconds until PageHang is raised again in a page that caught it
PATIENCE = 3  # times that it is raised


class PageHang(BaseException):
    """An exception, a BaseException, raised in a page that did not end in time, at the line that it
    is executing then."""


@contextmanager
def guarded(on_stuck: Callable[[FrameType | None], object]) -> Iterator[None]:
    """Return a context manager to run a page's code in. It raises PageHang after LIMIT seconds, and
    SystemExit if the page calls os._exit() or os.abort().

    If the page has caught PageHang PATIENCE times, ``on_stuck`` is called with the current
    FrameType or None, and its result is not used, and the process exits with status 1.
    """
    raised = 0

    def too_late(number: int, frame: FrameType | None) -> None:
        nonlocal raised
        raised += 1
        if raised > PATIENCE:
            on_stuck(frame)
            leave(1)
        raise PageHang

    leave, abort = os._exit, os.abort
    os._exit, os.abort = ended, aborted
    timed = True
    try:
        before = signal.signal(signal.SIGALRM, too_late)
        timer = signal.setitimer(signal.ITIMER_REAL, LIMIT, AGAIN)
    except ValueError:  # not the main thread, which alone gets signals: no command line runs there
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
    """Raise SystemExit with ``status``, an int, in place of os._exit()."""
    raise SystemExit(status)


def aborted() -> NoReturn:
    """Raise SystemExit with status 1, in place of os.abort()."""
    raise SystemExit(1)
