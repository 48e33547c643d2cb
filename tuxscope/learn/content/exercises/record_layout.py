"""The layout of a C struct, and its padding."""

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
    """Check that ``record``, a RecordType, has the three fields, without holes; raise Mistake at
    ``source``, a SourceLine or None, if not."""
    declared = {name: str(field.type) for name, field in record.fields.items()}
    if declared != FIELDS:
        for name, type in FIELDS.items():
            if declared.get(name) != type:
                came = f"{name} = {declared[name]}" if name in declared else f"no field {name}"
                raise Mistake(f"the same fields, with {name} = {type}", came, source, 1)
        more = next(name for name in declared if name not in FIELDS)
        raise Mistake("the same three fields, and no more", f"a field {more}", source, 1)
    if record.size != SIZE:
        holes = " and ".join(f"{each.size} at byte {each.offset}" for each in record.padding)
        raise Mistake(
            f"{record.__name__} in {SIZE} bytes, without holes",
            f"{record.size} bytes, with holes: {holes}",
            source,
        )


EXERCISE = Exercise(
    "record-layout",
    "order the fields so that the record has no holes",
    (
        "C aligns each field to a multiple of its size. After a u32 at byte 0, which is the next "
        "offset for a u64? tuxscope asm shows the offsets, next to r10.",
        "No field needs another type: 8 + 4 + 4 bytes have no hole in the right order.",
        "Largest first: value, then kind and count. The program stays as it is: it uses names of "
        "fields, not offsets.",
    ),
    grade,
    GRADER.grade_on_kernel,
)
