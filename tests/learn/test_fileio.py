"""The exercises that trace files: other answers that are right, and what they are graded on."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from learn.test_exercises import feedback, verdict_on
from tuxscope.learn.content.catalogue import solution_text, starter_text
from tuxscope.learn.engine.calls import LINUX_6_18
from tuxscope.learn.engine.kernel import Worker
from tuxscope.run.synthetic_files import KERNEL, SyntheticFiles

TYPED = """\
    a.call(helper.get_current_task_btf)
    a.ldx(r7, layout.member("task_struct", "files").at(r0))
    a.ldx(r7, layout.member("files_struct", "fdt").at(r7))
    a.ldx(r7, layout.member("fdtable", "fd").at(r7))
"""


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (
            "fileio-bytes",
            '    b.jsle(r6, 0, "out")',
            '    b.jeq(r6, 0, "out")\n    b.jslt(r6, 0, "out")',
        ),
        ("fileio-bytes", 'b.jsle(r6, 0, "out")', 'b.jslt(r6, 0, "out")'),
        ("fileio-name", "a.lsh(r6, 3)", "a.mul(r6, 8)"),
        ("fileio-offset", "LruHash", "Hash"),
        ("fileio-writer", "LruHash", "Hash"),
    ],
)
def test_another_way_is_right_as_well(name: str, old: str, new: str, tmp_path: Path) -> None:
    text = solution_text(name)
    assert old in text
    verdict = verdict_on(name, text.replace(old, new), tmp_path)
    assert verdict.passed, verdict.finding


def test_the_way_can_be_taken_by_types(tmp_path: Path) -> None:
    text = solution_text("fileio-name")
    begin = text.index("    a.call(helper.get_current_task)")
    end = text.index("    a.lsh(r6, 3)")
    verdict = verdict_on("fileio-name", text[:begin] + TYPED + text[end:], tmp_path)
    assert verdict.passed, verdict.finding


def test_threads_must_not_share_a_write(tmp_path: Path) -> None:
    text = solution_text("fileio-offset")
    for each in ("a", "b"):
        text = text.replace(
            f"    {each}.stx(tid, r0)",
            f"    {each}.mov(r1, r0)\n    {each}.rsh(r1, 32)\n    {each}.stx(tid, r1)",
        )
    told = feedback(verdict_on("fileio-offset", text, tmp_path), tmp_path)
    assert "that of another call: is the key the thread id" in told


def test_the_position_at_the_entry_is_named(tmp_path: Path) -> None:
    told = feedback(verdict_on("fileio-offset", starter_text("fileio-offset"), tmp_path), tmp_path)
    assert "the position at the entry: read it at the exit" in told


def test_an_open_file_has_the_position_that_was_set() -> None:
    files = SyntheticFiles(LINUX_6_18)
    files.table({3: "/srv/one", 4: "/srv/other"})
    files.seek("/srv/one", 1 << 40)
    files.seek("/srv/other", 7)

    def pointer(address: int) -> int:
        (value,) = struct.unpack_from("=Q", files.region.data, address - KERNEL)
        return int(value)

    def position(fd: int) -> int:
        table = pointer(files.table({3: "/srv/one", 4: "/srv/other"}) + 32)
        return pointer(pointer(pointer(table + 8) + 8 * fd) + 112)

    assert [position(3), position(4)] == [1 << 40, 7]


def test_a_worker_appends_to_a_file_that_stays_open(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("before ")
    with Worker("appends") as worker:
        for fd in (11, 12):
            worker.open_as(fd, str(log), os.O_WRONLY | os.O_APPEND)
        worker.write_file(12, "one ", 2)
        worker.write_file(11, "two ")
        worker.write_file(99, "no such descriptor")
    assert log.read_text() == "before one one two "
