"""Calls that have not ended: which threads are in one, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tuxscope.calls.records import By, Thread, ThreadState
from tuxscope.lean_dataclasses import dataclass
from tuxscope.programs.syscall.tallies import Cgroup


@dataclass(frozen=True, slots=True)
class Blocked:
    """A frozen dataclass: the calls in flight of one row.

    Attributes:
        threads: the number of threads in such a call, an int.
        oldest_ns: an int, how long the oldest call has taken, in nanoseconds.
        before: a bool, whether that had begun before the start, so that it has taken longer than
            known.
    """

    threads: int
    oldest_ns: int
    before: bool


def in_flight(by: By, threads: Iterable[Thread], now: int, least_ns: int) -> dict[Any, Blocked]:
    """Return the calls of ``threads``, an iterable of Thread, in flight at ``now``, an int in ns
    of CLOCK_MONOTONIC, that have taken ``least_ns``, an int, or longer: a dict of Blocked by the
    key of the table by ``by``, a By."""
    ages: dict[Any, list[tuple[int, bool]]] = {}
    for each in threads:
        call: Any = each.call
        age = now - call.started_ns
        if each.state >= ThreadState.INSIDE and age >= least_ns:
            before = each.state == ThreadState.INSIDE_BEFORE
            ages.setdefault(key_of(by, each), []).append((age, before))
    return {key: Blocked(len(found), *max(found)) for key, found in ages.items()}


def key_of(by: By, thread: Thread) -> Any:
    """Return the key, by ``by``, a By, that the call of ``thread``, a Thread, is counted by."""
    match by:
        case By.SYSCALL:
            return thread.call.number
        case By.CGROUP:
            return Cgroup(cgroup=thread.cgroup)
    return thread.who
