"""Checks of pages that keep a record in a hash, by thread, from the entry of a call to its exit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tuxscope.asm import helper
from tuxscope.asm.maps import Hash
from tuxscope.learn.engine.calls import Call
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.interpreter import Interpreter
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import sends_of
from tuxscope.record import Record

SAME_KEY = "is the key the thread id, the lower half of r0, in both programs?"
SEND_ONCE = "send it once, at the exit of the call"


@dataclass(frozen=True, slots=True)
class Pairs:
    """A frozen dataclass that checks a page whose calls each send one record, at their exit.

    Attributes:
        submission: the Submission.
        judge: a function of a Record and its Call that raises Mistake for a wrong record, and
            returns None.
        described: a function that returns a Call in words, a str.
        hint: an int or None, the index of the hint about the hash, or None.
    """

    submission: Submission
    judge: Callable[[Record, Call], None]
    described: Callable[[Call], str]
    hint: int | None

    def check_one(self, interpreter: Interpreter, call: Call) -> None:
        """Make ``call``, a Call, in ``interpreter``, and check its record. Raises Mistake."""
        interpreter.call(call)
        self._expect_one(interpreter, call, "")

    def check_overlap(self, first: Call, second: Call) -> None:
        """Make both Calls at the same time, and check their records. ``first`` and ``second`` are
        of two threads of a process. Then leave the first once more. Raises Mistake."""
        submission = self.submission
        interpreter = submission.interpreter()
        for call in (first, second):
            interpreter.enter(call)
        for call in (first, second):
            interpreter.leave(call)
            self._expect_one(interpreter, call, ", while another thread is in a call")
        self.check_unseen(interpreter, first)

    def check_unseen(self, interpreter: Interpreter, call: Call) -> None:
        """Check that the exit of ``call``, a Call, in ``interpreter`` sends nothing if its entry
        was not traced, and that the hash is empty. Raises Mistake."""
        looks_up = self.submission.line_of(calls_helper(helper.map_lookup_elem))
        interpreter.leave(call)
        if interpreter.records():
            raise Mistake(
                f"no record of {self.described(call)}, as its entry was not traced",
                "one: was an old entry not deleted?",
                looks_up,
                self.hint,
            )
        calls: Hash = self.submission.map(Hash)
        if left := list(interpreter.map(calls).keys()):
            raise Mistake(
                f"no entry in {calls.name} after all calls have ended",
                f"{len(left)}: delete each after its call",
                looks_up,
                self.hint,
            )

    def _expect_one(self, interpreter: Interpreter, call: Call, meanwhile: str) -> None:
        records = interpreter.records()
        if len(records) != 1:
            raise Mistake(
                f"one record of {self.described(call)}{meanwhile}",
                f"{len(records) or 'none'}: {SAME_KEY if meanwhile else SEND_ONCE}",
                sends_of(self.submission),
                self.hint if meanwhile else 0,
            )
        self.judge(records[0], call)
