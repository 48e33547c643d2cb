from __future__ import annotations

from tuxscope.loader.merge import SEND_DELAY
from tuxscope.run.pace import AWAKE, BUSY, FIRST, HELD, IDLE, UNWOKEN, Pace, WokenPace


def test_the_first_looks_are_close_together_and_then_further_apart() -> None:
    pace = Pace()
    assert pace.seconds == FIRST
    waits = []
    for _ in range(20):
        waits.append(pace.seconds)
        pace.looked(found=False)
    assert waits == sorted(waits)
    assert waits[-1] == IDLE
    assert sum(wait < IDLE for wait in waits) > 3


def test_what_is_held_back_is_looked_for_as_soon_as_it_may_be_shown() -> None:
    pace = Pace()
    for _ in range(20):
        pace.looked(found=False)
    pace.looked(found=False, held=True)
    assert pace.seconds == FIRST < HELD  # somebody waits for the first line
    pace.looked(found=True, held=True)
    assert pace.seconds == BUSY
    pace.looked(found=False, held=True)
    assert pace.seconds == HELD >= SEND_DELAY / 1e9


def test_a_flow_has_its_own() -> None:
    pace = Pace()
    pace.looked(found=True)
    assert pace.seconds == BUSY
    pace.looked(found=False)
    assert BUSY < pace.seconds <= IDLE


class Waits:
    """Notes what it is asked for."""

    def __init__(self, goes_on: bool = True) -> None:
        self.asked: list[tuple[str, float]] = []
        self.goes_on = goes_on

    def wait(self, seconds: float) -> bool:
        self.asked.append(("wait", seconds))
        return self.goes_on

    def pause(self, seconds: float) -> bool:
        self.asked.append(("pause", seconds))
        return self.goes_on


def test_a_ring_buffer_is_looked_at_a_while_after_it_woke_us() -> None:
    pace, waits = WokenPace(), Waits()
    for found, held in ((True, False), (True, True), (False, False)):
        assert pace.wait(waits)
        pace.looked(found, held)
    assert waits.asked == [
        ("wait", UNWOKEN), ("pause", AWAKE),
        ("wait", UNWOKEN), ("pause", AWAKE),
        ("wait", 0), ("pause", AWAKE),
    ]  # fmt: skip
    assert AWAKE >= SEND_DELAY / 1e9


def test_a_run_that_is_over_is_not_waited_for() -> None:
    waits = Waits(goes_on=False)
    assert not WokenPace().wait(waits)
    assert not Pace().wait(waits)
    assert waits.asked == [("wait", UNWOKEN), ("wait", FIRST)]
