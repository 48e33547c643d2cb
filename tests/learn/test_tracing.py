"""The exercises that trace system calls: what one edit of a solution cannot show."""

from __future__ import annotations

import time
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
from tuxscope.learn.engine.kernel import Worker
from tuxscope.page.loading import page_file

OF_HELLO = ("file-descriptor", "reads", "pid-filter", "count", "ringbuf")
ABOVE = ("user-buffer", "latency", "histogram", "syscall-count", "syscall-histogram")


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


def test_a_starter_can_be_a_solution() -> None:
    assert code(starter_text("syscall-count")) == code(solution_text("count"))


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
