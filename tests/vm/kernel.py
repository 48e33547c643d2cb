"""The kernel's side: it runs cases, and is asked which rows it has."""

from __future__ import annotations

from random import Random
from typing import Self

from tuxscope.asm.forms import FORMS
from tuxscope.errors import TuxscopeError
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.program import load
from vm.answer import Answer
from vm.bugs import Bug
from vm.function import MEMORY, RESULTS
from vm.programs import Case, case, snippet
from vm.rows import ROWS, Features

# All kernels have these; where there is a jump there must be a condition.
CONDITION = next(form for form in FORMS if form.name == "jeq")
PROBES = 3
LOADS = tuple(form for form in FORMS if form.name == "ldx")


class Kernel:
    """Runs cases; a context manager that holds the maps which all of them share."""

    def __init__(self) -> None:
        self._memory = LoadedMap(MEMORY)
        self._results = LoadedMap(RESULTS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._memory.close()
        self._results.close()

    def run(self, case: Case) -> Answer:
        """Load and run it. Raises VerifierError or LoadError where it is refused."""
        self._memory.update(0, case.memory)
        self._results.update(0, bytes(RESULTS.value_size))
        with load(case.program, {MEMORY: self._memory, RESULTS: self._results}) as program:
            retval = program.test_run().retval
        return Answer(retval, self._memory.lookup(0), self._results.lookup(0))

    def features(self) -> Features:
        """What programs may use here, that with which one is accepted; and its bugs."""
        rows = tuple(form for form in ROWS if self._has(Features((CONDITION, form), False)))
        unaligned = self._has(Features((CONDITION, *LOADS), True))
        return Features(rows, unaligned, frozenset(filter(self._has_bug, Bug)))

    def _has_bug(self, bug: Bug) -> bool:
        try:
            answer = self.run(snippet(bug.value.text, bug.value.r0, bug.value.r1))
        except TuxscopeError:  # it has no such instruction
            return False
        return dict(answer.named())["f0: r0"] != bug.value.then

    def _has(self, features: Features) -> bool:
        try:
            # More than one: a row in code that is never reached is not looked at.
            for seed in range(PROBES):
                self.run(case(Random(seed).randbytes, features))
        except TuxscopeError:
            return False
        return True


def left_out(features: Features) -> list[str]:
    """What programs would use elsewhere, but do not here."""
    missing = dict.fromkeys(form.name for form in ROWS if form not in features.rows)
    return [*missing, *["unaligned access"] * (not features.unaligned)]
