"""Says at the end what random programs the checks and the kernel were asked about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import pytest
from tallies import record, recorded


@dataclass
class Alarms:
    """What came of it.

    Attributes:
        accepted: how many programs the kernel accepts.
        junk: how many of them let stack bytes out that were never set, and are complained of.
        refused: how many it does not.
        foreseen: how many of these are complained of.
        false: those that are accepted, and complained of for another reason.
    """

    accepted: int = 0
    junk: int = 0
    refused: int = 0
    foreseen: int = 0
    false: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.accepted} random programs that the kernel accepts, {len(self.false)} false "
            f"alarms ({self.junk} read stack bytes that were never set); of {self.refused} that "
            f"it refuses {self.foreseen} foreseen"
        )


@pytest.fixture
def alarms(request: pytest.FixtureRequest) -> Iterator[Alarms]:
    """Counts for a test; the last lines of the run say the sum."""
    alarms = Alarms()
    yield alarms
    record(request.node, "alarms", asdict(alarms))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    total = Alarms()
    for numbers in recorded(terminalreporter, "alarms"):
        for name, number in numbers.items():
            setattr(total, name, getattr(total, name) + number)
    if total.accepted:
        terminalreporter.write_line(f"checks: {total}")
