"""A histogram by powers of two, counted by each CPU for itself."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tuxscope.asm import Array, PerCpuArray, helper
from tuxscope.learn.calls import Call, some_call, some_comm, some_text
from tuxscope.learn.exercise import Exercise
from tuxscope.learn.kernel import Kernel, Worker
from tuxscope.learn.mistake import Mistake
from tuxscope.learn.submission import Submission, calls_helper
from tuxscope.learn.tracing import (
    check_attached,
    check_columns,
    check_null_checks,
    check_whole_arguments,
)
from tuxscope.output.columns import Log2
from tuxscope.record import RecordType
from tuxscope.run.workload import BUFFER, CALL

BITS = 64
WRITES = 60
LONGEST = 14  # bits of a size that a worker writes


@dataclass(frozen=True, slots=True)
class Large(Call):
    """A write of so many bytes, which need not be there as they are only counted."""

    size: int = 0

    def context(self, leaving: bool) -> bytes:
        return CALL.pack(0, 0, 0, self.tid, 1, self.fd, BUFFER, self.size, 0, 0, 0)


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write")
    sizes = sizes_of(submission)
    check_whole_arguments(submission, hint=0)
    check_null_checks(submission, some_call(submission.dice), hint=1)
    interpreter = submission.interpreter()
    before: Counter[int] = Counter()
    for size in sizes_to_try(submission.dice):
        call = some_call(submission.dice)
        large = Large(call.pid, call.tid, call.comm, call.fd, cpu=call.cpu, size=size)
        interpreter.call(large)
        now = entries(interpreter.map(sizes).items())
        judge(submission, large, {at: now[at] - before[at] for at in now})
        before = now


def sizes_of(submission: Submission) -> PerCpuArray:
    """The page's array. Raises Mistake."""
    sizes = submission.page.map
    if not isinstance(sizes, PerCpuArray):
        shared = "an Array, where CPUs lose each other's counts" if isinstance(sizes, Array) else ""
        raise Mistake(
            "a page that shows a PerCpuArray",
            shared or "its PAGE has another map, or none",
            submission.line_with("Array("),
            1,
        )
    submission.map(PerCpuArray, sizes.name)
    value = sizes.value
    assert isinstance(value, RecordType)  # or there would be no page
    if [*value.fields] != ["count"] or sizes.max_entries < BITS:
        raise Mistake(
            f"{BITS} entries, one for each bit of a size, with a field count and no other",
            f"{sizes.max_entries} entries with {', '.join(value.fields)}",
            submission.line_with("PerCpuArray("),
        )
    check_columns(submission, "count")
    if not any(isinstance(each, Log2) for each in submission.page.columns):
        raise Mistake(
            "a column with the ranges: Log2(...)", "there is none", submission.line_with("COLUMNS")
        )
    return sizes


def sizes_to_try(dice: random.Random) -> Iterator[int]:
    """The smallest, and those at both ends of a power's range."""
    yield from (6, 3, 1, 2, 0)
    for bits in dice.sample(range(3, BITS), 20):
        yield from ((1 << bits) - 1, 1 << bits, dice.randrange(1 << bits, 2 << bits), 1 << bits)


def power(size: int) -> int:
    return max(size.bit_length() - 1, 0)


def entries(items: Iterable[tuple[int, Any]]) -> Counter[int]:
    """What all CPUs counted, by index."""
    return Counter({index: sum(each.count for each in values) for index, values in items})


def judge(submission: Submission, call: Large, grown: dict[int, int]) -> None:
    """Hold what one write changed to the one entry that it is for. Raises Mistake."""
    came = {index: by for index, by in grown.items() if by}
    expected = power(call.size)
    if came == {expected: 1}:
        return
    words = "nothing is counted: is the count set, and not incremented?"
    hint = 1
    if came:
        (index, by), *_ = came.items()
        words = f"entry {index} grows by {by}"
        hint = int(index == expected)
        if index == expected + 1:
            words += ": one too far; is the size itself shifted on, and 1 shifted no more?"
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
    sizes = sizes_of(submission)
    dice = submission.dice
    with ExitStack() as stack:
        worker = stack.enter_context(Worker(some_comm(dice)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        written = [dice.randrange(1 << dice.randrange(1, LONGEST + 1)) for _ in range(WRITES)]
        with kernel.attached():
            for size in written:
                worker.write(dice.randrange(10, 900), data=some_text(dice, size).encode())
        came = +entries(kernel.map(sizes).items())
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
        "How many bits does the size have beyond the lowest? If there are any above the lower 32, "
        "shift it right by 32 and remember 32; then ask the same about 16, 8, 4, 2 and 1, and add "
        "up.",
        "A value of a per-CPU map is this CPU's own, so a.ldx(r1, Writes[r0].count), a.add(r1, 1) "
        "and a.stx(Writes[r0].count, r1) lose nothing.",
        "In a loop over bits: a.mov(r1, r6), a.rsh(r1, bits), "
        'a.jeq(r1, 0, f"below {bits}"), a.mov(r6, r1), a.add(r7, bits), a.label(f"below {bits}"). '
        "r7 is 0 before, and the index after.",
    ),
    grade,
    grade_on_kernel,
)
