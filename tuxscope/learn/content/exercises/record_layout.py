"""How C lays out a struct, and where it leaves holes."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tuxscope.asm import PerfEventArray, SourceLine
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.sends import RecordCase, RecordGrader
from tuxscope.learn.engine.submission import Submission
from tuxscope.record import RecordType

ROUNDS = 3
FIELDS = {"kind": "u32", "value": "u64", "count": "u32"}
SIZE = 16


def cases(rng: random.Random) -> Iterator[RecordCase]:
    for _ in range(ROUNDS):
        kind, value, count = rng.getrandbits(32), rng.getrandbits(64), rng.getrandbits(32)
        yield RecordCase((kind, value, count), {"kind": kind, "value": value, "count": count})


GRADER = RecordGrader(cases)


def grade(submission: Submission) -> None:
    stream = submission.map(PerfEventArray)
    check_layout(stream.record, submission.line_with(f"class {stream.record.__name__}("))
    GRADER.grade(submission)


def check_layout(record: RecordType, source: SourceLine | None) -> None:
    """Raises Mistake where it is not the three fields without a hole."""
    declared = {name: str(field.type) for name, field in record.fields.items()}
    if declared != FIELDS:
        for name, type in FIELDS.items():
            if declared.get(name) != type:
                came = f"{name} = {declared[name]}" if name in declared else f"no {name}"
                raise Mistake(f"the same fields, {name} = {type} among them", came, source, 1)
        more = next(name for name in declared if name not in FIELDS)
        raise Mistake("the same three fields, and no more", f"there is {more}, too", source, 1)
    if record.size != SIZE:
        holes = " and ".join(f"{each.size} at byte {each.offset}" for each in record.padding)
        raise Mistake(
            f"{record.__name__} in {SIZE} bytes, without a hole",
            f"it has {record.size}, with holes: {holes}",
            source,
        )


EXERCISE = Exercise(
    "record-layout",
    "put the fields in an order that leaves no hole",
    (
        "C puts each field at a multiple of its own size. After a u32 at byte 0, where is the "
        "next place for a u64? tuxscope asm shows the offsets, in front of r10.",
        "No field needs another type: 8 + 4 + 4 bytes fit without a hole, if the order is right.",
        "Largest first: value, then kind and count. The program stays as it is, as it names "
        "fields and not offsets.",
    ),
    grade,
    GRADER.grade_on_kernel,
)
