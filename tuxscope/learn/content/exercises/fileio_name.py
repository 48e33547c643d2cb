"""The name of the file that a descriptor stands for: the second exercise of the third lab."""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from errno import EBADF
from operator import attrgetter

from tuxscope.asm import RingBuf, SourceLine, helper
from tuxscope.asm.layout import Place, RecordedLayout
from tuxscope.learn.engine.calls import LINUX_6_18, Call, random_call, random_comm, random_text
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.instructions import calls_helper
from tuxscope.learn.engine.kernel import Kernel, Worker, has_structs
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import (
    check_attached,
    check_caller,
    check_filter,
    check_shown,
    check_value,
    described,
    record_of,
    sends_of,
)
from tuxscope.record import Record

ROOM = 32
LENGTHS = (1, 8, 20, ROOM - 1, ROOM, 60)  # of names
# Another kernel: what LINUX_6_18 says is wrong there.
STRUCTS = {
    "task_struct": {"files": Place(1912, 8), "nvcsw": Place(1800, 8), "nivcsw": Place(1808, 8)},
    "files_struct": {"fdt": Place(48, 8)},
    "fdtable": {"max_fds": Place(0, 4), "fd": Place(16, 8)},
    "file": {"f_path": Place(80, 16), "f_path.dentry": Place(88, 8), "f_pos": Place(120, 8)},
    "dentry": {**LINUX_6_18.members["dentry"], "d_name.name": Place(72, 8)},
}
ELSEWHERE = RecordedLayout(
    fields={},
    members={
        **LINUX_6_18.members,
        **STRUCTS,
        "task_struct": {**LINUX_6_18.members["task_struct"], **STRUCTS["task_struct"]},
    },
)
CLOSED = 15  # a descriptor that is never open
STANDARD = {0: "/dev/null", 1: "/dev/pts/7", 2: "/var/log/errors"}


def grade(submission: Submission) -> None:
    check_attached(submission, "sys_enter_write", hint=None)
    check_shown(submission, "pid", "fd", "name", hint=2, kind=RingBuf)
    rng = submission.rng
    interpreter = submission.interpreter()
    calls = [call_of(submission, rng.choice(("", "/tmp")) + f"/{name}") for name in names(rng)]
    calls += [replace(call, fd=rng.choice((0, 1, 2))) for call in calls]
    calls += [call_of(submission, "pipe:[7]"), call_of(submission, "socket:[31]")]
    calls.append(replace(calls[0], fd=CLOSED, result=-EBADF))
    for call in calls:
        judge(submission, record_of(submission, interpreter, call), call)
    check_filter(submission, calls[0])
    elsewhere = submission.interpreter(layout=ELSEWHERE)
    elsewhere.call(calls[0])
    came = [attrgetter("name")(each) for each in elsewhere.records()]
    if came != [name_of(calls[0])]:
        raise Mistake(
            f"name = {name_of(calls[0])!r} on another kernel, too",
            f"{came}: are all offsets those of layout.member(...)?",
            steps(submission),
            1,
        )


def names(rng: random.Random) -> list[str]:
    return [random_text(rng, length) for length in rng.sample(LENGTHS, len(LENGTHS))]


def call_of(submission: Submission, path: str) -> Call:
    """Return a random Call of write() of ``submission``, a Submission, to a file that is open as
    ``path``, a str, among others."""
    rng = submission.rng
    fd = rng.randrange(4, CLOSED, 2)  # even: half of it is open, too
    others = {each: f"/srv/{random_text(rng, 9)}" for each in range(3, CLOSED)}
    return replace(random_call(rng), fd=fd, descriptors={**STANDARD, **others, fd: path})


def name_of(call: Call) -> str:
    """Return what is to be shown of the name of the file of ``call``, a Call, a str."""
    return shown_of(call.descriptors.get(call.fd, ""))


def shown_of(path: str) -> str:
    """Return the name in ``path``, as long as there is room for it beside the NUL, both str."""
    return "" if "[" in path else path.rpartition("/")[2][: ROOM - 1]


def judge(submission: Submission, record: Record, call: Call) -> None:
    """Check ``record``, a Record that ``submission``, a Submission, sent for ``call``, a Call.
    Raises Mistake."""
    path = call.descriptors.get(call.fd, "a descriptor that is not open")
    of = f"{described(call)}, to {path}"
    check_caller(submission, record, call, of)
    check_value(submission, record, "fd", call.fd, of)
    came, expected = attrgetter("name")(record), name_of(call)
    if came == expected:
        return
    others = {shown_of(path): fd for fd, path in call.descriptors.items()}
    words, hint = "", 2
    if came in others and came:
        words, hint = f": that is descriptor {others[came]}; an element has 8 bytes", 1
    elif not came:
        words, hint = ": is each step there, and in the order of the task?", 0
    elif expected.startswith(came):
        words = f": {len(came)} of {len(expected)} bytes"
    line = steps(submission)
    raise Mistake(f"name = {expected!r} of {of}", f"name = {came!r}{words}", line, hint)


def steps(submission: Submission) -> SourceLine:
    """Return the SourceLine of ``submission``, a Submission, where its way begins."""
    line = submission.line_of(calls_helper(helper.get_current_task))
    return line or sends_of(submission)


def grade_on_kernel(submission: Submission) -> None:
    if not has_structs():  # it does not say where the members are
        return
    rng = submission.rng
    files = dict(zip(rng.sample(range(10, 60), len(LENGTHS)), names(rng), strict=True))
    expected: Counter[tuple[int, str]] = Counter()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        worker = stack.enter_context(Worker(random_comm(rng)))
        kernel = stack.enter_context(Kernel(submission, worker.pid))
        for fd, name in files.items():
            worker.open_as(fd, os.path.join(folder, name), os.O_WRONLY)
        with kernel.attached():
            for fd, name in files.items():
                expected[fd, name[: ROOM - 1]] = times = rng.randrange(1, 20)
                worker.write_file(fd, name, times)
        came = Counter(map(attrgetter("fd", "name"), kernel.records()))
        missed = kernel.missed
    if (expected - came).total() > missed:
        (fd, name), times = next(iter((expected - came).items()))
        raise Mistake(
            f"{expected[fd, name]} records with fd = {fd} and name = {name!r}",
            f"{expected[fd, name] - times}, and {sorted((came - expected).elements())[:3]}",
            steps(submission),
        )


EXERCISE = Exercise(
    "fileio-name",
    "show the name of the file that a write() is to",
    (
        'follow(a, layout.member("task_struct", "files").offset), follow(a, '
        'layout.member("files_struct", "fdt").offset), follow(a, layout.member("fdtable", "fd")'
        ".offset), in this order, behind a.mov(r7, r0).",
        "Then a.lsh(r6, 3), a.add(r7, r6), follow(a, 0), follow(a, layout.member("
        '"file", "f_path.dentry").offset), follow(a, layout.member("dentry", "d_name.name").offset)'
        ".",
        "Then a.lea(r1, event.name), a.mov(r2, WriteEvent.name.size), a.mov(r3, r7), "
        "a.call(helper.probe_read_kernel_str).",
    ),
    grade,
    grade_on_kernel,
)
