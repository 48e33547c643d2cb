"""A histogram by powers of two, in a per-CPU array."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from tuxscope.asm import helper
from tuxscope.learn.engine.calls import Call, random_call, random_comm, random_text
from tuxscope.learn.engine.counting import BITS, counted_array, power, totals
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_null_checks,
    check_whole_arguments,
)
from tuxscope.run.workload import BUFFER, CALL

WRITES = 60
LONGEST = 14  # bits of the largest size that a worker writes


@dataclass(frozen=True, slots=True)
class LargeWrite(Call):
    """A frozen dataclass: a write, a Call, of ``size`` bytes. There is no such data, as programs
    only count it.

    Attributes:
        size: the number of bytes, an int.
    """

    size: int = 0

    def context(self, leaving: bool) -> bytes:
        return CALL.pack(0, 0, 0, self.tid, 1, self.fd, BUFFER, self.size, 0, 0, 0)


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write")
    sizes = counted_array(submission, "a size")
    check_whole_arguments(submission, hint=0)
    check_null_checks(submission, random_call(submission.rng), hint=1)
    interpreter = submission.interpreter()
    before: Counter[int] = Counter()
    for size in sizes_to_try(submission.rng):
        call = random_call(submission.rng)
        large = LargeWrite(call.pid, call.tid, call.comm, call.fd, cpu=call.cpu, size=size)
        interpreter.call(large)
        now = totals(interpreter.map(sizes).items())
        judge(submission, large, {at: now[at] - before[at] for at in now})
        before = now


def sizes_to_try(rng: random.Random) -> Iterator[int]:
    """Yield ints: the smallest sizes, and sizes at both ends of the range of a power of two, chosen
    by ``rng``, a random.Random."""
    yield from (6, 3, 1, 2, 0)
    for bits in rng.sample(range(3, BITS), 20):
        yield from ((1 << bits) - 1, 1 << bits, rng.randrange(1 << bits, 2 << bits), 1 << bits)


def judge(submission: Submission, call: LargeWrite, grown: dict[int, int]) -> None:
    """Check that ``call``, a LargeWrite, incremented the entry of its size, and no other; raise
    Mistake if not. ``grown`` is a dict of the increments by index, both int, ``submission`` the
    Submission."""
    came = {index: by for index, by in grown.items() if by}
    expected = power(call.size)
    if came == {expected: 1}:
        return
    words = "no entry grows: is the count set instead of incremented?"
    hint = 1
    if came:
        (index, by), *_ = came.items()
        words = f"entry {index} grows by {by}"
        hint = int(index == expected)
        if index == expected + 1:
            words += ": one too high; is the shifted size kept for the next step?"
        elif index == call.size:
            words += ": the size itself"
        elif index == power(call.fd):
            words += ", as for the first argument, fd"
        elif index == power(BUFFER):
            words += ", as for the second argument, buf"
    raise Mistake(
        f"entry {expected} grows by 1 with a write of {call.size} bytes",
        words,
        submission.line_of(calls_helper(helper.map_lookup_elem)),
        hint,
    )


def grade_on_kernel(submission: Submission) -> None:
    sizes = counted_array(submission, "a size")
    rng = submission.rng
    with ExitStack() as stack:
        worker = stack.enter_context(Worker(random_comm(rng)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        written = [rng.randrange(1 << rng.randrange(1, LONGEST + 1)) for _ in range(WRITES)]
        with kernel.attached():
            for size in written:
                worker.write(rng.randrange(10, 900), data=random_text(rng, size).encode())
        came = +totals(kernel.map(sizes).items())
    expected = Counter(map(power, written))
    if came != expected:
        raise Mistake(
            f"these counts by index: {dict(sorted(expected.items()))}",
            f"{dict(sorted(came.items()))}",
            submission.line_of(calls_helper(helper.map_lookup_elem)),
        )


EXERCISE = Exercise(
    "histogram",
    "count writes by their size, in a histogram of powers of two",
    (
        "The index is the position of the highest bit of the size that is set. If a bit above the "
        "lower 32 is set, shift the size right by 32 and add 32 to the index. Then do the same "
        "with 16, 8, 4, 2 and 1.",
        "No other CPU writes this value of a per-CPU map, so a.ldx(r1, Writes[r0].count), "
        "a.add(r1, 1) and a.stx(Writes[r0].count, r1) lose no count.",
        "In a loop over bits: a.mov(r1, r6), a.rsh(r1, bits), "
        'a.jeq(r1, 0, f"below {bits}"), a.mov(r6, r1), a.add(r7, bits), a.label(f"below {bits}"). '
        "r7 is 0 before the loop, and the index after it.",
    ),
    grade,
    grade_on_kernel,
)
