"""The process that wrote what a kworker submits: the fourth exercise of the third lab."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from operator import attrgetter

from tuxscope.asm import Program, RawTracepoint, RingBuf
from tuxscope.learn.engine.calls import Call, random_call, random_comm
from tuxscope.learn.engine.exercise import Exercise
from tuxscope.learn.engine.interpreter import Interpreter
from tuxscope.learn.engine.kernel import Kernel, Worker, has_structs, has_tracepoint
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.learn.engine.tracing import check_shown, sends_of
from tuxscope.record import Record
from tuxscope.run.identity import pid_namespace
from tuxscope.run.synthetic_files import SyntheticFiles

ISSUE, DIRTY = "block_rq_issue", "writeback_dirty_folio"
DEVICES = (8 << 20 | 1, 254 << 20 | 3)  # as the kernel has them: major << 20 | minor
NEAR = 1 << 32  # from one inode number to another with the same lower half
ANONYMOUS = 1  # in the pointer of a page to what it belongs to (PAGE_MAPPING_ANON)
SIZE = 1 << 15


def grade(submission: Submission) -> None:
    check_programs(submission)
    check_shown(submission, "pid", "comm", "inode", "writer", hint=2, kind=RingBuf)
    rng = submission.rng
    writers = [random_call(rng) for _ in range(4)]
    kworker = random_call(rng)
    interpreter = submission.interpreter()
    number = rng.randrange(1000, 1 << 31)
    file, same_number, near, unknown = (
        mapping_of(interpreter.files, *each)
        for each in (
            (DEVICES[0], number),
            (DEVICES[1], number),
            (DEVICES[0], number + NEAR),
            (DEVICES[0], number + 1),
        )
    )
    judge = Judge(submission, interpreter, kworker)
    judge.dirty(file, writers[0])
    judge.issue(file, number, writers[0].pid, "a request with pages of a file that it wrote to")
    judge.dirty(same_number, writers[1])
    words = "a request, after another process wrote to a file with this inode number elsewhere"
    judge.issue(file, number, writers[0].pid, words)
    judge.issue(same_number, number, writers[1].pid, "a request of that other file")
    judge.dirty(near, writers[2])
    judge.issue(file, number, writers[0].pid, "a request, after a write to another file")
    judge.issue(unknown, number + 1, 0, "a request of a file that no process is known to have")
    judge.dirty(file, writers[3])
    judge.issue(file, number, writers[3].pid, "a request, after a second process wrote to the file")
    judge.nothing(file | ANONYMOUS)
    interpreter.reach(DIRTY, 0, 0, world=kworker.world(leaving=False))


class Judge:
    """Makes pages dirty and requests for them, in ``interpreter``, an Interpreter of
    ``submission``, a Submission, and checks what is sent. ``kworker`` is a Call by the thread that
    submits the requests."""

    def __init__(self, submission: Submission, interpreter: Interpreter, kworker: Call) -> None:
        self._submission, self._interpreter, self._kworker = submission, interpreter, kworker
        self._writers: dict[int, Call] = {}

    def dirty(self, mapping: int, writer: Call) -> None:
        """Make a page of the file at ``mapping``, an int, dirty in the process of ``writer``, a
        Call. Raises Mistake."""
        self._writers[writer.pid] = writer
        page = self._interpreter.files.add("page", {"mapping": mapping})
        self._interpreter.reach(DIRTY, page, mapping, world=writer.world(leaving=False))
        if self._interpreter.records():
            line = sends_of(self._submission)
            raise Mistake("no record when a page becomes dirty", "one", line, 1)

    def nothing(self, mapping: int) -> None:
        """Check that a request with a page of no file sends nothing, nor does one without a page;
        ``mapping``, an int, is what that page has. Raises Mistake."""
        empty = self._interpreter.files.add("request", {"bio": 0})
        for request in (request_of(self._interpreter.files, mapping), empty):
            world = self._kworker.world(leaving=False)
            self._interpreter.reach(ISSUE, request, world=world)
            if self._interpreter.records():
                line = sends_of(self._submission)
                raise Mistake("no record of a request without a file", "one", line, None)

    def issue(self, mapping: int, inode: int, writer: int, of: str) -> None:
        """Submit a request with a page of the file at ``mapping``, and check its record: its
        ``inode`` and ``writer``, all int. Raises Mistake; ``of``, a str, says what of."""
        submission, kworker = self._submission, self._kworker
        request = request_of(self._interpreter.files, mapping)
        self._interpreter.reach(ISSUE, request, world=kworker.world(leaving=False))
        records = self._interpreter.records()
        if len(records) != 1:
            words = f"{len(records)}: send it once" if records else "none: send it on every path"
            raise Mistake(f"one record of {of}", words, sends_of(submission), 2)
        expected = {"pid": kworker.pid, "comm": kworker.comm, "inode": inode, "writer": writer}
        for name, value in expected.items():
            if (came := attrgetter(name)(records[0])) != value:
                words, hint = self._words(came) if name == "writer" else ("", None)
                raise Mistake(
                    f"{name} = {value!r} of {of}",
                    f"{name} = {came!r}{words}",
                    submission.line_with(f'RawTracepoint("{DIRTY}")') or sends_of(submission),
                    hint,
                )

    def _words(self, came: int) -> tuple[str, int | None]:
        """Return a pair: what the wrong writer ``came``, an int, is, in words, and the index of the
        hint."""
        if came == 0:
            return ": is the key of both programs the file's device and inode number?", 1
        if came in (self._kworker.pid, self._kworker.tid):
            return ", the process that submits: the writer is in WRITERS", 2
        if came in self._writers:
            return ", a process that wrote to another file, or before", 0
        if came in {each.tid for each in self._writers.values()}:
            return ", a thread id: the process id is in the upper half of r0", 1
        return "", 2


def check_programs(submission: Submission) -> None:
    """Check that ``submission``, a Submission, has a program on each of the two tracepoints. Raises
    Mistake."""
    programs = submission.programs()
    found = [place(each) for each in programs]
    if sorted(found) != [ISSUE, DIRTY]:
        wrong = next((each for each in programs if place(each) not in (ISSUE, DIRTY)), programs[-1])
        raise Mistake(
            f"one program on the raw tracepoint {ISSUE} and one on {DIRTY}",
            " and ".join(found),
            submission.line_with(f'Assembler("{wrong.name}"') or submission.definition,
            1,
        )


def place(program: Program) -> str:
    """Return what ``program`` is attached to, a str: the name of a raw tracepoint, or another
    place."""
    attach = program.attach
    return attach.name if isinstance(attach, RawTracepoint) else str(attach)


def mapping_of(files: SyntheticFiles, device: int, inode: int) -> int:
    """Add a file with the number ``inode`` on ``device``, both int, to ``files``; return the
    address of its ``struct address_space``, an int."""
    block = files.add("super_block", {"s_dev": device})
    return files.add("address_space", {"host": files.add("inode", {"i_ino": inode, "i_sb": block})})


def request_of(files: SyntheticFiles, mapping: int) -> int:
    """Add a request with a page that has ``mapping``, an int, to ``files``, SyntheticFiles; return
    the address of its ``struct request``, an int."""
    page = files.add("page", {"mapping": mapping})
    bio = files.add("bio", {"bi_io_vec": files.add("bio_vec", {"bv_page": page})})
    return files.add("request", {"bio": bio})


def grade_on_kernel(submission: Submission) -> None:
    # It takes the members of structs, a tracepoint of Linux 5.16, and PIDs as the programs see.
    if not has_structs() or not has_tracepoint("writeback", DIRTY) or pid_namespace():
        return
    with ExitStack() as stack:
        beside = os.path.dirname(os.path.abspath(submission.file))
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=beside))
        if not os.major(os.stat(folder).st_dev):  # tmpfs and the like: no device of its own
            return
        path = os.path.join(folder, "file")
        worker = stack.enter_context(Worker(random_comm(submission.rng)))
        kernel = stack.enter_context(Kernel(submission))
        with kernel.attached():
            worker.open_as(9, path, os.O_WRONLY)
            worker.write_file(9, "x" * SIZE, 3)
            inode = flushed(path)
        records = [each for each in kernel.records() if attrgetter("inode")(each) == inode]
        missed = kernel.missed
    wrong = [each for each in records if attrgetter("writer")(each) != worker.pid]
    if not missed and (wrong or not records):
        raise Mistake(
            f"writer = {worker.pid} in each record of a file that only this process wrote to",
            shown_writer(wrong),
            sends_of(submission),
            2,
        )


def flushed(path: str) -> int:
    """Write the dirty pages of the file ``path``, a str, to its device; return its inode number, an
    int."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(file)
        return os.fstat(file).st_ino
    finally:
        os.close(file)


def shown_writer(wrong: list[Record]) -> str:
    return f"writer = {attrgetter('writer')(wrong[0])}" if wrong else "no record"


EXERCISE = Exercise(
    "fileio-writer",
    "find the process whose data a kworker writes to the disk",
    (
        "WRITERS has the key File, with both fields, and BPF_ANY (a.mov(r4, 0)) overwrites the "
        "process that wrote before.",
        'b = Assembler("dirty", attach=RawTracepoint("writeback_dirty_folio")), b.ldx(r7, u64[r1 + '
        "8]), read_file(b, layout, file.device, file.inode), b.call(helper.get_current_pid_tgid), "
        "b.rsh(r0, 32), b.stx(writer, r0), then map_update_elem: WRITERS, file, writer, 0.",
        'Before a.label("send"): a.ld_map(r1, WRITERS), a.lea(r2, file), '
        'a.call(helper.map_lookup_elem), a.jeq(r0, 0, "send"), a.ldx(r1, u32[r0]), '
        "a.stx(event.writer, r1).",
    ),
    grade,
    grade_on_kernel,
)
