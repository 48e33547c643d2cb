"""The exercises that trace system calls: what one edit of a solution cannot show."""

from __future__ import annotations

import time
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path

import pytest

from learn.test_exercises import feedback, verdict_on
from tuxscope.learn.content.catalogue import (
    PAGE_OF_HELLO,
    exercise_named,
    solution_text,
    starter_text,
    text_of,
)
from tuxscope.learn.engine.grading import grade
from tuxscope.learn.engine.kernel import Kernel, Worker
from tuxscope.learn.engine.submission import Submission
from tuxscope.page.loading import page_file

OF_HELLO = ("file-descriptor", "reads", "pid-filter", "count", "ringbuf")
ABOVE = (
    "user-buffer", "latency", "histogram", "syscall-count", "syscall-histogram", "syscall-result",
    "syscall-errors", "syscall-path", "syscall-sleep", "fileio-bytes", "fileio-name",
    "fileio-offset", "fileio-writer",
)  # fmt: skip


RESERVE = """\
    a.mov(r6, r0)
    a.ringbuf_reserve(EVENTS, HelloEvent, "out")
    a.mov(r7, r0)
    a.zero(HelloEvent[r7].padding)
    a.stx(HelloEvent[r7].pid, r6)"""
SUBMIT = """\
a.mov(r1, r7)
    a.mov(r2, 0)
    a.call(helper.ringbuf_submit)"""


ON_THE_STACK = """\
    event = b.stack(OpenEvent)
    b.zero(event)
    b.ldx(r1, OpenEvent[r7].pid)
    b.stx(event.pid, r1)
    b.stx(event.result, r6)
    b.lea(r1, event.path)
    b.mov(r2, OpenEvent.path.size)
    b.ldx(r3, OpenEvent[r7].address)
    b.call(helper.probe_read_user_str)
    b.ringbuf_output(EVENTS, event)
"""


def code(page: str) -> str:
    """What comes after a page's docstring."""
    return page.split('"""\n', 2)[-1]


@pytest.mark.parametrize("name", OF_HELLO)
def test_a_starter_of_the_lab_is_hello(name: str) -> None:
    hello = Path(page_file("hello")).read_text()
    assert code(starter_text(name)) == code(hello)
    written = text_of("starters", name)
    assert code(written) == f"\n{PAGE_OF_HELLO}"
    assert starter_text(name).startswith(written.removesuffix(PAGE_OF_HELLO))
    assert hello.count('"""') == 2


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("syscall-count", "count"),
        ("syscall-result", "ringbuf"),
        ("syscall-errors", "syscall-result"),
    ],
)
def test_a_starter_can_be_a_solution(name: str, before: str) -> None:
    assert code(starter_text(name)) == code(solution_text(before))


def test_a_reserved_record_is_right_as_well(tmp_path: Path) -> None:
    text = solution_text("ringbuf")
    for old, new in (
        ("a.ringbuf_output(EVENTS, event)  # copies the record; counts what has no room", SUBMIT),
        ("    event = a.stack(HelloEvent)", "    #"),
        ("    a.zero(event.padding)", "    #"),
        ("    a.stx(event.pid, r0)", RESERVE),
        ("a.stx(event.timestamp_ns", "a.stx(HelloEvent[r7].timestamp_ns"),
        ("a.lea(r1, event.comm)", "a.lea(r1, HelloEvent[r7].comm)"),
        ("import r0, r1, r2", "import r0, r1, r2, r6, r7"),
    ):
        assert old in text
        text = text.replace(old, new)
    verdict = verdict_on("ringbuf", text, tmp_path)
    assert verdict.passed, verdict.finding
    text = text.replace("helper.ringbuf_submit", "helper.ringbuf_discard")
    assert "got: none" in feedback(verdict_on("ringbuf", text, tmp_path), tmp_path)


@pytest.mark.parametrize(("old", "new"), [("LruHash", "Hash"), ("key=u32", "key=u64")])
def test_starts_can_be_kept_in_another_hash(old: str, new: str, tmp_path: Path) -> None:
    text = solution_text("syscall-histogram").replace(old, new)
    if new == "key=u64":
        text = text.replace("tid = a.stack(u32)", "tid = a.stack(u64)")
        text = text.replace("tid = b.stack(u32)", "tid = b.stack(u64)")
    verdict = verdict_on("syscall-histogram", text, tmp_path)
    assert verdict.passed, verdict.finding


def test_threads_must_not_share_an_entry_of_all_calls(tmp_path: Path) -> None:
    text = solution_text("syscall-histogram")
    for each in ("a", "b"):
        text = text.replace(
            f"    {each}.stx(tid, r0)",
            f"    {each}.mov(r1, r0)\n    {each}.rsh(r1, 32)\n    {each}.stx(tid, r1)",
        )
    told = feedback(verdict_on("syscall-histogram", text, tmp_path), tmp_path)
    assert "calls of two threads of a process at the same time" in told


@pytest.mark.parametrize("name", ["syscall-path", "syscall-sleep"])
def test_threads_must_not_share_a_record(name: str, tmp_path: Path) -> None:
    text = solution_text(name)
    for each in ("a", "b"):
        text = text.replace(
            f"    {each}.stx(tid, r0)",
            f"    {each}.mov(r1, r0)\n    {each}.rsh(r1, 32)\n    {each}.stx(tid, r1)",
        )
    told = feedback(verdict_on(name, text, tmp_path), tmp_path)
    assert "while another thread is in a call" in told
    assert "is the key the thread id, the lower half of r0, in both programs?" in told


def test_a_path_can_be_read_on_the_stack(tmp_path: Path) -> None:
    text = solution_text("syscall-path")
    begin, end = text.index("    b.stx(OpenEvent[r7].res"), text.rindex("    b.ld_map(r1, OPEN)")
    text = f"{text[:begin]}{ON_THE_STACK}{text[end:]}"
    verdict = verdict_on("syscall-path", text, tmp_path)
    assert verdict.passed, verdict.finding


def test_errors_can_be_left_out_one_by_one(tmp_path: Path) -> None:
    text = solution_text("syscall-errors")
    begin, end = text.index("    for each in ERRORS"), text.index("    if namespace")
    other = """\
    a.neg(r7)
    a.jeq(r7, ENOENT, "wanted")
    a.jne(r7, EACCES, "out")
    a.label("wanted")
"""
    verdict = verdict_on("syscall-errors", text[:begin] + other + text[end:], tmp_path)
    assert verdict.passed, verdict.finding


def test_a_task_can_be_read_by_its_type(tmp_path: Path) -> None:
    text = solution_text("syscall-sleep")
    begin, end = text.index("    a.call(helper.get_current_task)"), text.index("def syscall_sleep")
    typed = """\
    a.call(helper.get_current_task_btf)
    a.ldx(r1, layout.member("task_struct", "nvcsw").at(r0))
    a.stx(to, r1)


"""
    verdict = verdict_on("syscall-sleep", text[:begin] + typed + text[end:], tmp_path)
    assert verdict.passed, verdict.finding


@pytest.mark.kernel
def test_an_untouched_path_is_not_in_memory_at_the_entry(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text(starter_text("syscall-path"))
    with ExitStack() as stack:
        worker = stack.enter_context(Worker("opens"))
        kernel = stack.enter_context(Kernel(Submission(str(page), 7), worker.pid))
        with kernel.attached():
            worker.open("/none/touched")
            worker.open_untouched("/none/untouched")
        paths = list(map(attrgetter("path"), kernel.records()))
    assert paths.count("/none/touched") == 1
    assert "/none/untouched" not in paths
    assert "" in paths


def test_what_the_task_shows_is_not_blamed(tmp_path: Path) -> None:
    verdict = verdict_on("count", starter_text("count"), tmp_path)
    assert verdict.finding
    assert verdict.finding.source
    assert verdict.finding.source.code.startswith("PAGE = Page(hello")


def test_threads_must_not_share_an_entry(tmp_path: Path) -> None:
    text = solution_text("latency")
    for each in ("a", "b"):
        text = text.replace(f"    {each}.stx(tid, r0)", f"    {each}.mov(r8, r0)")
        text = text.replace(
            f"    {each}.rsh(r0, 32)\n", f"    {each}.rsh(r0, 32)\n    {each}.stx(tid, r0)\n"
        )
    text = text.replace("r6, r7", "r6, r7, r8")
    verdict = verdict_on("latency", text, tmp_path)
    assert "is the key the thread id, the lower half of r0?" in feedback(verdict, tmp_path)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", OF_HELLO + ABOVE)
def test_a_solution_passes_whatever_is_tried(name: str, seed: int, tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text(solution_text(name))
    verdict = grade(exercise_named(name), str(page), 100 + seed, kernel=False)
    assert verdict.finding is None


def test_a_worker_writes_as_slowly_as_it_is_told() -> None:
    with Worker("slow") as worker:
        begin = time.monotonic()
        worker.write_slowly(9, 3, 0.02)
        assert time.monotonic() - begin >= 0.06
