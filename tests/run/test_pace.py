from __future__ import annotations

from tuxscope.loader.merge import FLIGHT
from tuxscope.run.pace import BUSY, FIRST, IDLE, Pace


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
    assert pace.seconds == FIRST >= FLIGHT / 1e9
    pace.looked(found=True, held=True)
    assert pace.seconds == BUSY


def test_a_flow_has_its_own() -> None:
    pace = Pace()
    pace.looked(found=True)
    assert pace.seconds == BUSY
    pace.looked(found=False)
    assert BUSY < pace.seconds <= IDLE
