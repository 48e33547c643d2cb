"""Clocks, times, and timers."""

from __future__ import annotations

import errno
import signal
import time
from collections.abc import Callable

from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.flags import Choice, Flags
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.results import Number
from tuxscope.programs.syscall.arguments.signal_names import signal_name
from tuxscope.programs.syscall.arguments.structs import (
    Layout,
    Member,
    Pointed,
    address_text,
    choice_text,
    number_at,
    number_of,
    pointed,
    written,
)

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

ERESTART_RESTARTBLOCK = 516  # include/linux/errno.h: the kernel's own, before a restart
# include/uapi/linux/time.h
CLOCKS = dict(enumerate((
    "CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID",
    "CLOCK_MONOTONIC_RAW", "CLOCK_REALTIME_COARSE", "CLOCK_MONOTONIC_COARSE", "CLOCK_BOOTTIME",
    "CLOCK_REALTIME_ALARM", "CLOCK_BOOTTIME_ALARM", "CLOCK_SGI_CYCLE", "CLOCK_TAI",
)))  # fmt: skip
INTERVAL_TIMERS = {
    signal.ITIMER_REAL: "ITIMER_REAL", signal.ITIMER_VIRTUAL: "ITIMER_VIRTUAL",
    signal.ITIMER_PROF: "ITIMER_PROF",
}  # fmt: skip
TIMER_FLAGS = {1: "TIMER_ABSTIME"}
TIMERFD_FLAGS = {0o2000000: "TFD_CLOEXEC", 0o4000: "TFD_NONBLOCK"}
TIMERFD_SET_FLAGS = {1: "TFD_TIMER_ABSTIME", 2: "TFD_TIMER_CANCEL_ON_SET"}

TIMESPEC = Layout((Member("tv_sec", "l"), Member("tv_nsec", "l")))
TIMESPEC64 = Layout((Member("tv_sec", "q"), Member("tv_nsec", "q")))
TIMEVAL = Layout((Member("tv_sec", "l"), Member("tv_usec", "l")))
TIMEZONE = Layout((Member("tz_minuteswest", "i"), Member("tz_dsttime", "i")))
ITIMERVAL = Layout((("it_interval", TIMEVAL), ("it_value", TIMEVAL)))
ITIMERSPEC = Layout((("it_interval", TIMESPEC), ("it_value", TIMESPEC)))
ITIMERSPEC64 = Layout((("it_interval", TIMESPEC64), ("it_value", TIMESPEC64)))
TMS = Layout(tuple(
    Member(name, "l") for name in ("tms_utime", "tms_stime", "tms_cutime", "tms_cstime")
))  # fmt: skip

# struct sigevent: what notifies, and of SIGEV_THREAD_ID the thread behind it.
NOTIFICATIONS = {0: "SIGEV_SIGNAL", 1: "SIGEV_NONE", 2: "SIGEV_THREAD", 4: "SIGEV_THREAD_ID"}
SIGEVENT_NUMBERS = Layout((Member("value", "L"), Member("signo", "i"), Member("notify", "i")))


def sigevent_text(data: bytes, word: int) -> str | None:
    """Return the struct sigevent in ``data``, bytes, as text; None if ``data`` is too short.
    ``word`` is the size of a long in bytes, an int."""
    values = SIGEVENT_NUMBERS.values(data, word)
    if values is None:
        return None
    address, number, notify = values
    integer = number_of(data) or 0
    by_signal = NOTIFICATIONS.get(notify) in ("SIGEV_SIGNAL", "SIGEV_THREAD_ID")
    parts = [
        f"sigev_value={{sival_int={integer - (integer >> 31 << 32)}, "
        f"sival_ptr={address_text(address)}}}",
        f"sigev_signo={signal_name(number) if by_signal else number}",
        f"sigev_notify={choice_text(notify, NOTIFICATIONS, 'SIGEV_???')}",
    ]
    thread = number_of(data[SIGEVENT_NUMBERS.size(word) :])
    if NOTIFICATIONS.get(notify) == "SIGEV_THREAD_ID" and thread is not None:
        parts.append(f"sigev_notify_thread_id={thread}")
    return "{" + ", ".join(parts) + "}"


class Remainder(Pointed):
    """A Pointed, what was left of a sleep, in ``layout``, a Layout: written only if a signal
    interrupted the call."""

    def __init__(self, layout: Layout) -> None:
        super().__init__(layout.size(8), lambda data, call: layout.text(data, call.word))

    def text(self, call: Call, index: int) -> str:
        if call.finished and -call.result in (errno.EINTR, ERESTART_RESTARTBLOCK):
            return super().text(call, index)
        return call.address(index)


def local_time(seconds: int) -> str | None:
    """Return the local time of ``seconds`` since 1970, an int, as text; None for 0 and for one that
    is out of range."""
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(seconds)) if seconds else None
    except (OverflowError, ValueError, OSError):
        return None


def seconds_text(seconds: int) -> str:
    """Return ``seconds`` since 1970, an int, as text, with the local time in a comment."""
    text = local_time(seconds)
    return f"{seconds} /* {text} */" if text else str(seconds)


class SecondsResult(Number):
    """A Number: seconds since 1970: ``1795849834 (2026-11-28T07:10:34+0000)``."""

    def text(self, call: Call, index: int) -> str:
        text = local_time(call.result)
        return f"{call.result} ({text})" if text else str(call.result)


KINDS: dict[str, Callable[..., Kind]] = {
    "clock": lambda: Choice(CLOCKS, "CLOCK_???"),
    "interval_timer": lambda: Choice(INTERVAL_TIMERS, "ITIMER_???"),
    "timer_flags": lambda: Flags(TIMER_FLAGS, "TIMER_???"),
    "timerfd_flags": lambda: Flags(TIMERFD_FLAGS, "TFD_???"),
    "timerfd_set_flags": lambda: Flags(TIMERFD_SET_FLAGS, "TFD_???"),
    "timespec": lambda: pointed(TIMESPEC),
    "timespec_out": lambda: written(TIMESPEC),
    "timespec64": lambda: pointed(TIMESPEC64),
    "timespec64_out": lambda: written(TIMESPEC64),
    "remainder": lambda: Remainder(TIMESPEC),
    "remainder64": lambda: Remainder(TIMESPEC64),
    "timeval": lambda: pointed(TIMEVAL),
    "timeval_out": lambda: written(TIMEVAL),
    "timezone": lambda: pointed(TIMEZONE),
    "timezone_out": lambda: written(TIMEZONE),
    "itimerval": lambda: pointed(ITIMERVAL),
    "itimerval_out": lambda: written(ITIMERVAL),
    "itimerspec": lambda: pointed(ITIMERSPEC),
    "itimerspec_out": lambda: written(ITIMERSPEC),
    "itimerspec64": lambda: pointed(ITIMERSPEC64),
    "itimerspec64_out": lambda: written(ITIMERSPEC64),
    "sigevent": lambda: Pointed(24, lambda data, call: sigevent_text(data, call.word)),
    "timer_id_out": lambda: number_at("i"),
    "time_out": lambda: number_at("l", seconds_text),
    "seconds_result": SecondsResult,
    "tms_out": lambda: written(TMS),
}
