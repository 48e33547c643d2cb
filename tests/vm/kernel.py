"""The kernel's side: it runs cases, and is asked which rows it has."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Self

from tuxscope.asm.forms import FORMS
from tuxscope.errors import TuxscopeError
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.program import load
from vm.function import DUMP, MEMORY, REGISTERS, RESULTS
from vm.programs import Case, case
from vm.rows import ROWS, Features

# All kernels have these; where there is a jump there must be a condition.
CONDITION = next(form for form in FORMS if form.name == "jeq")
LOADS = tuple(form for form in FORMS if form.name == "ldx")


@dataclass(frozen=True)
class Answer:
    """What a case comes to.

    Attributes:
        retval: the low 32 bits of r0 at the end, which is what the kernel tells.
        memory, results: what the maps hold then.
    """

    retval: int
    memory: bytes
    results: bytes

    def named(self) -> Iterator[tuple[str, int]]:
        """All numbers in it, with their names."""
        yield "retval", self.retval
        for place, (word,) in enumerate(struct.iter_unpack("=Q", self.memory)):
            yield f"MEMORY[{place}]", word
        for place, (word,) in enumerate(struct.iter_unpack("=Q", self.results)):
            function, number = divmod(place, DUMP)
            what = f"r{number}" if number < REGISTERS else f"area[{number - REGISTERS}]"
            yield f"f{function}: {what}", word


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
        return Features(rows, unaligned=self._has(Features((CONDITION, *LOADS), True)))

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


def difference(kernel: Answer, interpreter: Answer) -> str:
    """The numbers that differ, one on each line; empty where none does."""
    pairs = zip(kernel.named(), interpreter.named(), strict=True)
    return "\n".join(
        f"{name}: {one:#018x} in the kernel, {other:#018x} in the interpreter"
        for (name, one), (_, other) in pairs
        if one != other
    )
