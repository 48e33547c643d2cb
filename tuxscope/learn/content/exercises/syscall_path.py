"""The path of each openat(), read at its exit: the sixth exercise of the second lab."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from errno import EFAULT, ENOENT
from functools import partial
from operator import attrgetter

from tuxscope.asm import RingBuf, SourceLine, helper
from tuxscope.learn.engine.calls import Call, random_call, random_comm, random_text
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.pairs import Pairs
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_caller,
    check_filter,
    check_shown,
    check_value,
    sends_of,
)
from tuxscope.record import Record, char
from tuxscope.vm.faults import UninitialisedMemoryFault

ROOM = 64
LENGTHS = (1, 7, 16, 40, ROOM - 1, ROOM, 200)  # of paths, without the NUL
READS = (
    helper.probe_read_user_str, helper.probe_read_user, helper.probe_read_str, helper.probe_read,
    helper.probe_read_kernel_str, helper.probe_read_kernel,
)  # fmt: skip
TIMES = 3  # how often each of a worker's paths is opened


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_openat", "sys_exit_openat", hint=None)
    record_type = check_shown(submission, "pid", "result", "path", kind=RingBuf)
    if record_type.fields["path"].type != char[ROOM]:
        raise Mistake(
            f"path = char[{ROOM}] in {record_type.__name__}",
            f"path = {record_type.fields['path'].type}",
            submission.line_with("    path ="),
        )
    rng = submission.rng
    pairs = Pairs(submission, partial(judge, submission), described, 2)
    interpreter = submission.interpreter()
    try:
        for present in (True, False):
            for length in rng.sample(LENGTHS, len(LENGTHS)):
                pairs.check_one(interpreter, call_of(submission, length, present))
    except UninitialisedMemoryFault as fault:
        raise Mistake(
            "zeros behind a short path",
            "uninitialised bytes of the stack: zero the event at the start",
            fault.source,
            None,
        ) from None
    nowhere = replace(call_of(submission, 1, present=True), data=b"", result=-EFAULT)
    pairs.check_one(interpreter, nowhere)
    first, second = (call_of(submission, 20, present=False) for _ in range(2))
    second = replace(second, pid=first.pid, tid=first.tid + 1)
    pairs.check_overlap(first, second)
    check_filter(submission, first)


def call_of(submission: Submission, length: int, present: bool) -> Call:
    """Return a random Call of openat of ``submission``, a Submission, with a path of ``length``
    bytes; ``present``, a bool: whether its page is in memory at the entry."""
    rng = submission.rng
    data = f"/{random_text(rng, length - 1)}\0".encode()
    result = rng.choice((-ENOENT, rng.randrange(3, 900)))
    return replace(random_call(rng), data=data, present=present, result=result)


def path_of(call: Call) -> str:
    """Return what is to be shown of the path of ``call``, a Call, a str: all that there is room
    for beside the NUL."""
    return call.data.partition(b"\0")[0][: ROOM - 1].decode()


def described(call: Call) -> str:
    path = call.data.rstrip(b"\0").decode()
    where = "" if call.present else ", whose path is not in memory at the entry,"
    shown = f'"{path}"' if path else "a wrong address"
    return f"openat({shown}){where} by {call.comm}, process {call.pid}, thread {call.tid}"


def judge(submission: Submission, record: Record, call: Call) -> None:
    """Check ``record``, a Record that ``submission``, a Submission, sent for ``call``, a Call.
    Raises Mistake."""
    of = described(call)
    check_caller(submission, record, call, of)
    check_value(submission, record, "result", call.result, of)
    came, expected = attrgetter("path")(record), path_of(call)
    if came == expected:
        return
    words, hint = "", 1
    if not came and not call.present:
        words, hint = ": read it at the exit, when it is in memory", 0
    elif not came and submission.line_of(calls_helper(helper.probe_read_user)):
        words = f": probe_read_user copies {ROOM} bytes or none; a path ends at its NUL"
    elif not came:
        words = ": does the helper get the place, the size and the address?"
    elif expected.startswith(came):
        words = f": {len(came)} of {len(expected)} bytes"
    raise Mistake(
        f"path = {expected!r} of {of}", f"path = {came!r}{words}", copies(submission), hint
    )


def copies(submission: Submission) -> SourceLine:
    """Return the SourceLine of ``submission``, a Submission, that reads the path, or else of the
    one that sends."""
    found = map(submission.line_of, map(calls_helper, READS))
    return next(filter(None, found), None) or sends_of(submission)


def grade_on_kernel(submission: Submission) -> None:
    rng = submission.rng
    paths = [f"/{random_text(rng, 9)}/{random_text(rng, rng.randrange(1, 40))}" for _ in range(5)]
    expected = Counter({(-ENOENT, path): TIMES for path in paths})
    with ExitStack() as stack:
        worker = stack.enter_context(Worker(random_comm(rng)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        with kernel.attached():
            for path in paths:
                worker.open_untouched(path, TIMES)
        records = kernel.records()
        missed = kernel.missed
    came = Counter(map(attrgetter("result", "path"), records))
    if (expected - came).total() > missed:
        raise Mistake(
            f"{TIMES} records of openat({paths[0]!r}) and of {len(paths) - 1} others",
            f"{sorted((came - expected).elements())[:3] or 'fewer'}",
            copies(submission),
        )


EXERCISE = Exercise(
    "syscall-path",
    "show the path of each openat(), read at its exit",
    (
        "address = u64 in OpenEvent. At the entry, a.stx(event.address, r6) takes the place of "
        "the four lines that read the path.",
        "At the exit, behind the store of the result: b.lea(r1, OpenEvent[r7].path), b.mov(r2, "
        "OpenEvent.path.size), b.ldx(r3, OpenEvent[r7].address), "
        "b.call(helper.probe_read_user_str).",
        "The hash stays as it was: its key is the thread id, and the exit deletes the entry, when "
        "it has sent the record.",
    ),
    grade,
    grade_on_kernel,
)
