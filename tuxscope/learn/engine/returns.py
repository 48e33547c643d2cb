"""Grades programs by the value that they return for a raw tracepoint's arguments."""

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

LOW = (1 << 32) - 1  # the mask of a test run's result: 32 bits
DECIMAL = 100_000  # numbers below are shown as decimal, others as hexadecimal
BUDGET = 20_000  # steps of one run; a solution takes a hundredth


@dataclass(frozen=True, slots=True)
class ReturnCase:
    """A frozen dataclass: one input and its expected result.

    Attributes:
        given: the arguments, a tuple of u64.
        expected: the result, u64.
        meaning: a str, the result in words.
        wrong: a mapping of the result of a typical mistake to a pair: what it is in words, and the
            index of its hint.
        entries: the entries of the program's hash before it runs, a mapping of int to int.
    """

    given: tuple[int, ...]
    expected: int
    meaning: str
    wrong: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    entries: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReturnGrader:
    """A frozen dataclass that grades programs by the value that they return.

    Attributes:
        cases: a callable that takes a random.Random and returns an iterable of ReturnCase.
        endless: for a program that does not end, a pair: what was expected, a str, and the index of
            the hint, an int.
        address: an int, index of the hint for a result that is an address.
    """

    cases: Callable[[random.Random], Iterable[ReturnCase]]
    endless: tuple[str, int] = ("a program that ends", 0)
    address: int = 0

    def grade(self, submission: Submission) -> None:
        """Grade ``submission``, a Submission, in the interpreter. Raises Mistake or Fault."""
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
                came_to = f"no exit after {BUDGET} steps (arguments: {shown(case.given)})"
                raise Mistake(expected, came_to, fault.source, hint) from None
            if came != case.expected:
                address = came >> WINDOW in machine.memory.regions
                raise mistake(submission, case, came, self.address if address else None)

    def grade_on_kernel(self, submission: Submission) -> None:
        """Grade ``submission``, a Submission, on the running kernel. Raises Mistake."""
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
    """Return the Mistake of a wrong result ``came``, an int, in ``case``, a ReturnCase;
    ``submission`` is the page.

    ``address`` is the index of its hint, an int, if it is an address; None if it is not.
    """
    usual = ("", 0) if address is None else ("an address", address)
    words, hint = case.wrong.get(came, usual)
    return Mistake(
        f"r0 = {number(case.expected)}, {case.meaning} (arguments: {shown(case.given)})",
        f"r0 = {number(came)}{f', {words}' if words else ''}",
        submission.line_of(is_exit),
        hint,
    )


def shown(numbers: Sequence[int]) -> str:
    """Return ``numbers``, a sequence of int, as a text."""
    return ", ".join(map(number, numbers))


def number(value: int) -> str:
    """Return ``value``, an int, as text: in decimal, or in hexadecimal if it is large."""
    return str(value) if value < DECIMAL else hex(value)
