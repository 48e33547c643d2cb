"""Says at the end what the random programs came to, and what of the table they had to leave out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from vm.bugs import Bug
from vm.kernel import Kernel, left_out
from vm.programs import Case
from vm.rows import ROWS, Features


@dataclass
class Tally:
    """What random programs were run: by the kernel, and by the interpreter."""

    features: Features
    programs: int = 0
    instructions: int = 0
    seconds: float = 0.0
    rows: set[str] = field(default_factory=set)

    def add(self, case: Case) -> None:
        self.programs += 1
        self.instructions += len(case.program.instructions)
        self.rows |= {each.form.text for each in case.program.instructions}

    def __str__(self) -> str:
        rows = sum(form.text in self.rows for form in ROWS)
        return (
            f"{self.programs} random programs of {self.instructions} instructions in "
            f"{self.seconds:.1f} s; {rows} of {len(ROWS)} rows; this kernel lacks: "
            f"{', '.join(left_out(self.features)) or 'none'}"
            f"{''.join(f'; {bug.value.says}' for bug in Bug if bug in self.features.bugs)}"
        )


TALLY = pytest.StashKey[Tally]()


@pytest.fixture(scope="session")
def features(no_kernel: str) -> Features:
    """What programs may use on this kernel."""
    if no_kernel:  # the tests that ask for them are skipped, but after this
        return Features(())
    with Kernel() as kernel:
        return kernel.features()


@pytest.fixture
def tally(request: pytest.FixtureRequest, features: Features) -> Iterator[Tally]:
    """Counts the programs of this test, for the last lines of the run."""
    tally = request.config.stash.setdefault(TALLY, Tally(features))
    start = time.monotonic()
    yield tally
    tally.seconds += time.monotonic() - start


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if TALLY in config.stash:
        terminalreporter.write_line(f"vm: {config.stash[TALLY]}")
