"""The interpreter against the kernel: random programs leave the same in both."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from pace import fewer

from tuxscope.commands.doctor_job import release
from vm.answer import difference, interpret
from vm.conftest import Tally
from vm.kernel import Kernel, left_out
from vm.programs import Case, cases
from vm.rows import Features

PROGRAMS = 2000
# make fuzz runs more of the same; in rounds, for Hypothesis remembers each program of a round.
ROUNDS = int(os.environ.get("TUXSCOPE_FUZZ_ROUNDS") or 1)

# Now and then the verifier loses count of what a number can be, in code that is never reached. It
# warns of that, once after each boot, and goes on; some machines are told to panic at a warning.
PANIC_ON_WARN = "/proc/sys/kernel/panic_on_warn"


def panics_on_warnings() -> bool:
    try:
        with open(PANIC_ON_WARN) as file:
            return file.read().strip() != "0"
    except OSError:  # no Linux, or only a part of it
        return False


@pytest.mark.kernel
@pytest.mark.skipif(panics_on_warnings(), reason="the verifier may warn, and this machine panics")
@pytest.mark.parametrize("_", range(ROUNDS), ids=lambda number: f"round{number + 1}")
def test_random_programs_leave_the_same(features: Features, tally: Tally, _: int) -> None:
    with Kernel() as kernel:

        @settings(max_examples=fewer(PROGRAMS), suppress_health_check=list(HealthCheck))
        @given(case=cases(features))
        def leaves_the_same(case: Case) -> None:
            tally.add(case)
            expected = kernel.run(case)
            differs = difference(expected, interpret(case))
            if differs:
                raise AssertionError(differs)

        leaves_the_same()


@pytest.mark.kernel
@pytest.mark.skipif(
    release(os.uname().release) < (6, 18) or os.uname().machine != "x86_64",
    reason="older kernels and other JITs lack some",
)
def test_a_new_kernel_has_all_rows(features: Features) -> None:
    assert left_out(features) == []
