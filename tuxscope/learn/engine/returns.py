"""Exercises whose programs are judged by what they return for a raw tracepoint's arguments."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tuxscope.asm.maps import Hash
from tuxscope.learn.engine.instructions import is_exit
from tuxscope.learn.engine.interpreter import context_of, entries_of
from tuxscope.learn.engine.kernel import Kernel
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.vm import Machine
from tuxscope.vm.faults import BudgetFault
from tuxscope.vm.memory import WINDOW

LOW = (1 << 32) - 1  # a test run's result has 32 bits
EASY = 100_000
BUDGET = 20_000  # steps: a hundred times what a solution takes


@dataclass(frozen=True, slots=True)
class ReturnCase:
    """One input, and what is to come of it.

    Attributes:
        given: the arguments, 64 bits each.
        expected: the result.
        meaning: what the result is, in words.
        wrong: what typical mistakes come to, each with its words and the index of its hint.
        entries: of the program's hash, before it runs.
    """

    given: tuple[int, ...]
    expected: int
    meaning: str
    wrong: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    entries: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReturnGrader:
    """A grader of such programs.

    Attributes:
        cases: makes the inputs.
        endless: what is expected, and the hint, where a program does not come to an end.
        address: index of the hint that fits an address as the result.
    """

    cases: Callable[[random.Random], Iterable[ReturnCase]]
    endless: tuple[str, int] = ("a program that comes to an end", 0)
    address: int = 0

    def grade(self, submission: Submission) -> None:
        program = submission.program()
        for case in self.cases(submission.rng):
            machine = Machine(program, context_of(case.given), budget=BUDGET)
            if case.entries:
                values = entries_of(machine, submission.map(Hash))
                for key, value in case.entries.items():
                    values.update(key, value)
            try:
                came = machine.run()
            except BudgetFault as fault:
                expected, hint = self.endless
                came_to = f"{BUDGET} steps without one for {shown(case.given)}"
                raise Mistake(expected, came_to, fault.source, hint) from None
            if came != case.expected:
                address = came >> WINDOW in machine.memory.regions
                raise mistake(submission, case, came, self.address if address else None)

    def grade_on_kernel(self, submission: Submission) -> None:
        with Kernel(submission) as kernel:
            for case in self.cases(submission.rng):
                for key, value in case.entries.items():
                    kernel.map(submission.map(Hash)).update(key, value)
                came = kernel.result(*case.given)
                if came != case.expected & LOW:
                    raise mistake(submission, case, came)


def mistake(
    submission: Submission, case: ReturnCase, came: int, address: int | None = None
) -> Mistake:
    """A wrong result, with what it may come from; ``address``: the hint, where it is one."""
    usual = ("", 0) if address is None else ("an address", address)
    words, hint = case.wrong.get(came, usual)
    return Mistake(
        f"r0 = {number(case.expected)}, {case.meaning} (arguments: {shown(case.given)})",
        f"r0 = {number(came)}{f', {words}' if words else ''}",
        submission.line_of(is_exit),
        hint,
    )


def shown(numbers: Sequence[int]) -> str:
    return ", ".join(map(number, numbers))


def number(value: int) -> str:
    """Decimal where that is easy to read."""
    return str(value) if value < EASY else hex(value)
