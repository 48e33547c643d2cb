"""What graders are made of: synthetic calls, workers whose calls are exact, and kernels."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tuxscope.asm import Array, Hash, PerfEventArray
from tuxscope.learn.engine.calls import random_call, random_comm
from tuxscope.learn.engine.instructions import calls_helper, is_atomic_add
from tuxscope.learn.engine.kernel import Kernel, Worker, WorkerError
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.page.loading import page_file

HELLO = page_file("hello")
READS = Path(HELLO).read_text().replace("sys_enter_write", "sys_enter_read")
ON_EXIT = Path(HELLO).read_text().replace("sys_enter_write", "sys_exit_write")


def submission(text: str, folder: Path) -> Submission:
    page = folder / "page.py"
    page.write_text(text)
    return Submission(str(page), 7)


def test_a_made_up_call_is_seen_as_it_is() -> None:
    hello = Submission(HELLO, 7)
    call = random_call(hello.rng)
    interpreter = hello.interpreter()
    interpreter.call(call, call)
    first, second = interpreter.records()
    assert first == second
    assert (first.pid, first.comm, first.timestamp_ns) == (call.pid, call.comm, call.time_ns)
    assert interpreter.records() == []
    filtered = hello.interpreter(pid=call.pid)
    filtered.call(call, replace(call, pid=call.pid + 1))
    assert len(filtered.records()) == 1


def test_a_program_on_the_exit_sees_a_call_when_it_leaves(tmp_path: Path) -> None:
    page = submission(ON_EXIT, tmp_path)
    call = random_call(page.rng)
    interpreter = page.interpreter()
    interpreter.enter(call)
    assert interpreter.records() == []
    interpreter.leave(call)
    (record,) = interpreter.records()
    assert record.timestamp_ns == call.time_ns + call.took_ns


def test_calls_are_the_same_for_the_same_seed() -> None:
    assert random_call(random.Random(7)) == random_call(random.Random(7))
    assert random_call(random.Random(7)) != random_call(random.Random(8))


def test_maps_and_instructions_are_found_with_their_lines() -> None:
    from tuxscope.asm import helper

    hello = Submission(HELLO, 7)
    assert hello.map(PerfEventArray).name == "EVENTS"
    line = hello.line_of(calls_helper(helper.ktime_get_ns))
    assert line
    assert line.code == "a.call(helper.ktime_get_ns)"
    assert hello.line_of(is_atomic_add) is None
    with pytest.raises(Mistake) as caught:
        hello.map(Hash, "COUNTS")
    assert caught.value.expected == "a program that uses Hash COUNTS"
    assert caught.value.came == "it uses PerfEventArray EVENTS"
    with pytest.raises(Mistake, match="a map of type Array, got it uses PerfEventArray EVENTS"):
        hello.map(Array)


def test_a_record_that_is_cut_off_is_told(tmp_path: Path) -> None:
    text = Path(HELLO).read_text().replace("a.mov(r5, HelloEvent.size)", "a.mov(r5, 28)")
    interpreter = submission(text, tmp_path).interpreter()
    interpreter.call(random_call(random.Random(7)))
    with pytest.raises(Mistake, match=r"all 32 bytes of HelloEvent .* got 28 bytes"):
        interpreter.records()


@pytest.mark.kernel
def test_a_worker_s_writes_are_exact() -> None:
    hello = Submission(HELLO, 7)
    first, second = random_comm(hello.rng), random_comm(hello.rng)
    with Kernel(hello) as kernel, Worker(first) as one, Worker(second) as other:
        with kernel.attached():
            one.write(7, 37)
            other.write(300, 5, b"\xff" * 1000)
            one.read(8, 11)
        records = kernel.records()
    assert [each.comm for each in records if each.pid == one.pid] == [first] * 37
    assert [each.comm for each in records if each.pid == other.pid] == [second] * 5


@pytest.mark.kernel
def test_a_worker_s_reads_are_exact(tmp_path: Path) -> None:
    page = submission(READS, tmp_path)
    with Kernel(page) as kernel, Worker("reader") as worker:
        with kernel.attached():
            worker.write(7, 3)
            worker.read(8, 41, size=100)
            worker.read_slowly(9, 2, 0.01)
        records = [each for each in kernel.records() if each.pid == worker.pid]
    assert len(records) == 43
    *_, slow, last = sorted(each.timestamp_ns for each in records)
    assert last - slow >= 10_000_000


def test_a_worker_waits_as_long_as_it_is_told() -> None:
    with Worker("slow") as worker:
        begin = time.monotonic()
        worker.read_slowly(9, 3, 0.02)
        assert time.monotonic() - begin >= 0.06


def test_a_worker_that_cannot_do_it_is_an_error() -> None:
    with Worker("wrong") as worker, pytest.raises(WorkerError):
        worker.write(-5)
