"""Answers that are plausible and wrong: each an edit of the solution, and what is said of it.

To add some for another exercise, add lines: the exercise, what the solution has, what stands
there instead, and a piece of what came of it.
"""

from __future__ import annotations

from typing import NamedTuple


class WrongAnswer(NamedTuple):
    """An edit of a solution.

    Attributes:
        exercise: its name.
        old: what is in the solution, once at least; the first one is replaced.
        new: what is there instead.
        says: what the feedback has in it.
    """

    exercise: str
    old: str
    new: str
    says: str


WRONG_ANSWERS = [
    WrongAnswer(*each)
    for each in (
        ("return-value", "u64[r1 + 8]", "u64[r1 + 0]", "the first argument"),
        ("return-value", "u64[r1 + 8]", "u64[r1 + 16]", "the third argument"),
        ("return-value", "    a.exit()", "    a.mov32(r0, r0)\n    a.exit()", "lower half alone"),
        ("return-value", "a.ldx(r0, u64[r1 + 8])", "a.mov(r0, r1)", "an address"),
        ("return-value", "a.ldx(r0, u64[r1 + 8])", "a.mov(r0, 0)", "whatever the arguments are"),
        ("return-value", "ldx(r0", "ldx(r1", "there is no result in r0"),
        ("arithmetic-and-jump", "    a.div(r0, 1000)\n", "", "the nanoseconds"),
        ("arithmetic-and-jump", "a.div(r0, 1000)", "a.rsh(r0, 10)", "by 1024"),
        ("arithmetic-and-jump", 'a.jlt(r3, r2, "out")', 'a.jlt(r3, 0, "out")', "went below zero"),
        ("arithmetic-and-jump", "a.jlt(", "a.jgt(", "as if the second came before"),
        ("arithmetic-and-jump", "a.jlt(", "a.jslt(", "as if the second came before"),
        ("arithmetic-and-jump", 'a.jlt(r3, r2, "out")', "if r3 < r2: pass", "use a jump"),
        (
            "record-layout",
            "kind = u32\n    count = u32",
            "kind = u64\n    count = u64",
            "kind = u64",
        ),
        ("record-layout", "    count = u32\n", "    rest = u32\n", "no field count"),
        (
            "record-layout",
            "    value = u64  # the largest first: then nothing has to be skipped\n"
            "    kind = u32\n",
            "    kind = u32\n    value = u64\n",
            "it has 24, with holes: 4 at byte 4 and 4 at byte 20",
        ),
        ("record-layout", "    count = u32\n", "    count = u32\n    more = u64\n", "sample.more"),
        ("record-layout", "a.mov(r5, Sample.size)", "a.mov(r5, 12)", "12 bytes are sent"),
        ("zero-the-stack", "a.zero(sample)", "a.zero(sample.padding)", "which were never set"),
        ("zero-the-stack", "a.zero(sample)", "a.st(sample.extra, 0)", "the padding of sample"),
        (
            "zero-the-stack",
            '    a.label("send")\n',
            '    a.label("send")\n    a.zero(sample)\n',
            "is it zeroed, or cut off, after it was stored?",
        ),
        ("zero-the-stack", "a.mov(r5, Sample.size)", "a.mov(r5, 16)", "16 bytes are sent"),
        (
            "null-check",
            '    a.jeq(r0, 0, "out")  # no such key: there is nothing to load, and r0 is 0\n',
            "",
            "0 after a lookup that found nothing",
        ),
        ("null-check", "a.jeq(", "a.jne(", "address"),
        ("null-check", "    a.ldx(r0, u64[r0 + 0])\n", "", "an address"),
        ("null-check", "u64[r0 + 0]", "u32[r0 + 0]", "lower half alone"),
        ("null-check", "    a.stx(key, r3)", "    a.st(key, 7)", "as if the key were not there"),
        ("null-check", 'a.jeq(r0, 0, "out")', 'a.jeq(r0, 0, "o")\n    a.label("o")', "address"),
        ("bounded-loop", "a.mov(r2, 100)", "a.mov(r2, 101)", "one round too many"),
        ("bounded-loop", "a.jgt(r3", "a.jge(r3", "one round too few"),
        ("bounded-loop", 'a.jle(r2, 100, "few")', 'a.jsle(r2, 100, "few")', "20000 steps"),
        ("bounded-loop", 'a.jle(r2, 100, "few")', "pass", "r0 = 5050"),
        ("bounded-loop", 'a.ja("again")', 'a.ja("out")', "r0 = 1"),
        (
            "bounded-loop",
            '    a.label("again")\n    a.jgt(r3, r2, "out")\n    a.add(r0, r3)\n    a.add(r3, 1)\n'
            '    a.ja("again")\n',
            "    a.mov(r3, r2)\n    a.add(r3, 1)\n    a.mul(r3, r2)\n    a.rsh(r3, 1)\n"
            "    a.mov(r0, r3)\n",
            "none of its jumps does",
        ),
        ("local-call", "    a.mov(r7, r0)", "    a.mov(r1, r0)", "r7 is read"),
        ("local-call", "a.add(r0, r7)", "a.add(r0, r0)", "the first result is gone"),
        ("local-call", "u64[r6 + 8]", "u64[r6 + 0]", "the square of the first, twice"),
        ("local-call", "    a.add(r0, r7)\n", "", "the square of the second alone"),
        ("local-call", "u64[r6 + 8]", "u64[r1 + 8]", "holds nothing since the call"),
        (
            "local-call",
            '    a.ldx(r1, u64[r6 + 8])\n    a.call("square")\n',
            "    a.ldx(r0, u64[r6 + 8])\n    a.mul(r0, r0)\n",
            "it is called once",
        ),
    )
]
