"""Says at the end what the random programs came to, and what of the table they had to leave out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from tallies import record, recorded

from vm.bugs import Bug
from vm.kernel import Kernel, left_out
from vm.programs import Case
from vm.rows import ROWS, Features


@dataclass
class Tally:
    """What random programs were run: by the kernel, and by the interpreter."""

    programs: int = 0
    instructions: int = 0
    rows: set[str] = field(default_factory=set)

    def add(self, case: Case) -> None:
        self.programs += 1
        self.instructions += len(case.program.instructions)
        self.rows |= {each.form.text for each in case.program.instructions}


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
    tally = Tally()
    start = time.monotonic()
    yield tally
    record(
        request.node,
        "programs",
        {
            "programs": tally.programs,
            "instructions": tally.instructions,
            "seconds": time.monotonic() - start,
            "rows": sorted(tally.rows),
            "lacks": left_out(features) or ["none"],
            "bugs": [bug.value.says for bug in Bug if bug in features.bugs],
        },
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    tests = list(recorded(terminalreporter, "programs"))
    if tests:
        programs, instructions, seconds = (
            sum(each[name] for each in tests) for name in ("programs", "instructions", "seconds")
        )
        used = set().union(*(each["rows"] for each in tests))
        rows = sum(form.text in used for form in ROWS)
        terminalreporter.write_line(
            f"vm: {programs} random programs of {instructions} instructions in {seconds:.1f} s; "
            f"{rows} of {len(ROWS)} rows; this kernel lacks: {', '.join(tests[0]['lacks'])}"
            f"{''.join(f'; {each}' for each in tests[0]['bugs'])}"
        )
