"""The result of a lookup may be NULL."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.returns import LOW, ReturnCase, ReturnGrader

ENTRIES = 8


def cases(rng: random.Random) -> Iterator[ReturnCase]:
    keys = rng.sample(range(2, 1 << 32), 2 * ENTRIES)
    entries = {key: rng.getrandbits(64) | 1 << 40 | 1 for key in keys[:ENTRIES]}
    for there, missing in zip(keys[:ENTRIES], keys[ENTRIES:], strict=True):
        value = entries[there]
        wrong = {
            0: ("as if the key were not there", 2),
            there: ("the key", 1),
            value & LOW: ("the value's lower half only: it is a u64", 1),
        }
        yield ReturnCase((there,), value, "the value of that key", wrong, entries)
        wrong = {missing: ("the key", 1)}
        yield ReturnCase((missing,), 0, "as there is no such key", wrong, entries)


GRADER = ReturnGrader(cases, address=1)
EXERCISE = Exercise(
    "null-check",
    "return a key's value, or 0 if there is no such key",
    (
        "map_lookup_elem returns the address of the value, or 0 if there is no such key. What "
        "is at address 0?",
        "Compare r0 with 0 before you load from it, and jump over the load. The result is the "
        "value that is loaded, not the address.",
        'a.jeq(r0, 0, "out") goes between the call and a.ldx(r0, u64[r0 + 0]). If it '
        "jumps, r0 is 0 already.",
    ),
    GRADER.grade,
    GRADER.grade_on_kernel,
)
