"""Grades programs by the record that they send for a raw tracepoint's arguments."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tuxscope.asm import PerfEventArray
from tuxscope.learn.engine.instructions import sends
from tuxscope.learn.engine.interpreter import context_of, sent_records
from tuxscope.learn.engine.kernel import Kernel
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.returns import number, shown
from tuxscope.learn.engine.submission import Submission
from tuxscope.record import Record
from tuxscope.vm import Machine


@dataclass(frozen=True, slots=True)
class RecordCase:
    """A frozen dataclass: one input and the one record that is expected.

    Attributes:
        given: the arguments, a tuple of u64.
        fields: the values of the record's fields, a mapping of name to int.
    """

    given: tuple[int, ...]
    fields: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class RecordGrader:
    """A frozen dataclass that grades programs by the record that they send.

    Attributes:
        cases: a callable that takes a random.Random and returns an iterable of RecordCase.
        hint: an int, index of the hint for a wrong field.
    """

    cases: Callable[[random.Random], Iterable[RecordCase]]
    hint: int = 0

    def grade(self, submission: Submission) -> None:
        """Grade ``submission``, a Submission, in the interpreter. Raises Mistake or Fault."""
        program = submission.program()
        self._check_stream(submission)
        for case in self.cases(submission.rng):
            machine = Machine(program, context_of(case.given))
            machine.run()
            self._judge(submission, case, sent_records(submission.page, [program], machine.output))

    def grade_on_kernel(self, submission: Submission) -> None:
        """Grade ``submission``, a Submission, on the running kernel. Raises Mistake."""
        with Kernel(submission) as kernel:
            for case in self.cases(submission.rng):
                kernel.result(*case.given)
                self._judge(submission, case, kernel.records())

    def _check_stream(self, submission: Submission) -> None:
        if not isinstance(submission.page.map, PerfEventArray):
            raise Mistake(
                "a PAGE that shows the PerfEventArray EVENTS",
                "a PAGE with another map, or without one",
                submission.line_with("PAGE ="),
            )

    def _judge(self, submission: Submission, case: RecordCase, records: Sequence[Record]) -> None:
        """Raises Mistake."""
        line = submission.line_of(sends)
        arguments = f"(arguments: {shown(case.given)})"
        if len(records) != 1:
            fix = "send it once" if records else "call perf_event_output before exit()"
            raise Mistake(f"one record {arguments}", f"{len(records) or 'none'}: {fix}", line)
        for name, expected in case.fields.items():
            came = getattr(records[0], name)
            if came != expected:
                late = ": is it zeroed after the store, or not sent?" if came == 0 else ""
                raise Mistake(
                    f"{name} = {number(expected)} {arguments}",
                    f"{name} = {number(came)}{late}",
                    line,
                    self.hint,
                )
