"""The kernel's side: it runs cases, and is asked which rows it has."""

from __future__ import annotations

from random import Random
from typing import Self

from tuxscope.asm.forms import FORMS
from tuxscope.errors import TuxscopeError
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.program import load
from vm.answer import Answer
from vm.function import MEMORY, RESULTS
from vm.programs import Case, case, snippet
from vm.rows import ROWS, Features

# All kernels have these; where there is a jump there must be a condition.
CONDITION = next(form for form in FORMS if form.name == "jeq")
LOADS = tuple(form for form in FORMS if form.name == "ldx")
# The jumps make the verifier compare what it knows at the second one's target. It believes r2 to be
# at most 9 from the first way there; to see that the other way is another one, it has to follow
# what was fetched to the number that r1 has, too.
PRUNED = snippet(
    """
    r2 = 0
    r3 = 0
    r4 = 0
    if r1 > 9 goto +1
    if r2 != 0 goto +0
    r2 = atomic_fetch_add((u64 *)(r10 - 8), r2)
    r0 = 0
    if r2 <= 100 goto +1
    r0 = 1
    """,
    r0=0,
    r1=1000,
)


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
        """What programs may use here: that with which one is accepted."""
        rows = tuple(form for form in ROWS if self._has(Features((CONDITION, form), False)))
        unaligned = self._has(Features((CONDITION, *LOADS), True))
        return Features(rows, unaligned, self._follows_fetches())

    def _follows_fetches(self) -> bool:
        """Whether it has commit 179ee84a8911, without which it takes the one way for the other."""
        try:
            return dict(self.run(PRUNED).named())["f0: r0"] == 1
        except TuxscopeError:  # it has no such atomics
            return True

    def _has(self, features: Features) -> bool:
        try:
            self.run(case(Random(0).randbytes, features))
        except TuxscopeError:
            return False
        return True


def left_out(features: Features) -> list[str]:
    """What programs would use elsewhere, but do not here."""
    missing = dict.fromkeys(form.name for form in ROWS if form not in features.rows)
    return [*missing, *["unaligned access"] * (not features.unaligned)]
