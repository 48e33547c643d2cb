"""The names of signals, as strace(1) has them."""

from __future__ import annotations

import signal

LAST_SIGNAL = 64
FIRST_REALTIME = 32  # the kernel's; the C library keeps two of them to itself
NAMES = {int(each): each.name for each in signal.Signals if each < FIRST_REALTIME}
NAMES |= {FIRST_REALTIME: "SIGRTMIN"}
NAMES |= {
    number: f"SIGRT_{number - FIRST_REALTIME}"
    for number in range(FIRST_REALTIME + 1, LAST_SIGNAL + 1)
}


def signal_name(number: int) -> str:
    """Return the name of signal ``number``, an int: ``SIGINT``, ``SIGRT_1``; of none, the
    number."""
    return NAMES.get(number) or str(number)
