"""The calls that fail with some errors: the fifth exercise of the second lab."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from errno import EACCES, EAGAIN, ENOENT, EPERM, errorcode
from operator import attrgetter

from tuxscope.abi.native import native_numbers
from tuxscope.asm import RingBuf, SourceLine
from tuxscope.learn.content.exercises.syscall_count import CONTEXT, NUMBERS
from tuxscope.learn.engine.calls import random_call, random_comm
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import is_condition
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_call_name,
    check_caller,
    check_fields,
    check_filter,
    check_shown,
    check_value,
    check_whole_arguments,
    sends_of,
)
from tuxscope.output.columns import Labelled
from tuxscope.record import RecordType

ERRORS = (ENOENT, EACCES)
RESULTS = "-ENOENT or -EACCES"
LOW = 1 << 32
# Results of calls that are not to be shown, and what they are.
OTHERS = {
    0: "no error",
    ENOENT: "no error, as it is positive",
    EACCES: "no error, as it is positive",
    -EPERM: "another error",
    -EAGAIN: "another error",
    -512: "an error that the kernel keeps for itself",
    LOW - ENOENT: "a number of bytes; only its lower half is that of an error",
    LOW - EACCES: "a number of bytes; only its lower half is that of an error",
}


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_exit", category="raw_syscalls", hint=None)
    record_type = check_shown(submission, "pid", kind=RingBuf)
    check_fields(submission, record_type, "number", "errno", hint=1)
    check_call_name(submission, record_type, hint=None)
    check_labelled(submission, record_type)
    check_whole_arguments(submission, None, CONTEXT)
    rng = submission.rng
    interpreter = submission.interpreter()
    for error in (*ERRORS, *rng.choices(ERRORS, k=5)):
        call = replace(random_call(rng), number=rng.choice(NUMBERS), result=-error)
        of = f"a call of number {call.number} by {call.comm}, which returns {-error}"
        interpreter.call(call)
        records = interpreter.records()
        if len(records) != 1:
            raise Mistake(
                f"one record of {of} ({errorcode[error]})",
                f"{len(records)}: send it once" if records else "none: an error is -errno",
                line_of_filter(submission),
            )
        check_caller(submission, records[0], call, of)
        check_value(submission, records[0], "number", call.number, of)
        wrong = {LOW - error: ("the result itself, unsigned: negate it", 1)}
        wrong[-error] = ("the result itself: negate it", 1)
        check_value(submission, records[0], "errno", error, of, wrong)
    for result, what in OTHERS.items():
        interpreter.call(replace(random_call(rng), result=result))
        if records := interpreter.records():
            raise Mistake(
                f"no record of a call that returns {result} ({what})",
                f"{len(records)}: send one only if the result, all 64 bits, is {RESULTS}",
                line_of_filter(submission),
                2 if result > LOW >> 1 else 0,
            )
    check_filter(submission, replace(random_call(rng), result=-rng.choice(ERRORS)))


def check_labelled(submission: Submission, record: RecordType) -> None:
    """Check that a column of ``submission``, a Submission, shows the names of errors, a field of
    ``record``, a RecordType. Raises Mistake."""
    field = record.fields["errno"]
    for each in submission.page.columns:
        if isinstance(each, Labelled) and each.field == field:
            if all(each.labels.get(error) == errorcode[error] for error in ERRORS):
                return
            break
    raise Mistake(
        f"a column with the error's name: Labelled({record.__name__}.errno, labels=errorcode)",
        "no such column",
        submission.line_with("COLUMNS ="),
        1,
    )


def line_of_filter(submission: Submission) -> SourceLine:
    """Return the SourceLine of the first jump of ``submission``, a Submission, that decides."""
    return submission.line_of(is_condition) or sends_of(submission)


def grade_on_kernel(submission: Submission) -> None:
    rng = submission.rng
    missing, denied = rng.randrange(2, 9), rng.randrange(2, 9)
    known = native_numbers()
    expected = Counter({(known["openat"], ENOENT): missing, (known["execve"], EACCES): denied})
    with ExitStack() as stack:
        worker = stack.enter_context(Worker(random_comm(rng)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        with kernel.attached():
            worker.write(rng.randrange(10, 900), rng.randrange(10, 99))
            worker.open("/none/at all", missing)
            worker.execute("/dev/null", denied)
            worker.read_slowly(rng.randrange(10, 900), 1, 0.001)
        came = Counter(map(attrgetter("number", "errno"), kernel.records()))
        missed = kernel.missed
    if came - expected or (expected - came).total() > missed:
        raise Mistake(
            f"records with these numbers and errors: {dict(expected)}",
            f"{dict(came) or 'none'}",
            line_of_filter(submission),
        )


EXERCISE = Exercise(
    "syscall-errors",
    "show the calls that fail with ENOENT or EACCES",
    (
        'for each in ERRORS: a.jeq(r7, -each, "wanted"), right behind the loads. After the loop '
        'a.ja("out"), then a.label("wanted").',
        "errno = u32 in place of result. a.neg(r7), then a.stx(event.errno, r7). The column: "
        "Labelled(ErrorEvent.errno, labels=errorcode), with Labelled from tuxscope.page and "
        "errorcode from errno.",
        "Compare the whole result, with a.jeq: a.jeq32 compares the lower half, and a load of 4 "
        "bytes has nothing else.",
    ),
    grade,
    grade_on_kernel,
)
