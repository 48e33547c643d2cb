"""Pages that send through a ring buffer, run as a user runs them."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pace import LIMIT, fewer

import tuxscope as library
from e2e.harness import TUXSCOPE
from e2e.ringbuf_pages import BOTH_ENDS, RING_HELLO, UNCOUNTED
from tuxscope import own_pid

COUNT = fewer(20_000)
kernel = pytest.mark.kernel


@pytest.fixture
def page(tmp_path: Path) -> Any:
    """Writes a page; its path."""

    def write(text: str) -> str:
        (tmp_path / "page.py").write_text(text)
        return str(tmp_path / "page.py")

    return write


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TUXSCOPE, *arguments], capture_output=True, text=True, timeout=LIMIT, check=True
    )


@kernel
def test_hello_on_a_ring_buffer_is_hello(page: Any, tuxscope: Any, writer: Any) -> None:
    target = writer(fewer(3000))
    tool = tuxscope("run", page(RING_HELLO), "--pid", target.pid, "--format", "json")
    tool.wait_until_attached()
    target.start()
    result = tool.finish()
    assert result.totals == (target.count, 0)
    assert {each["pid"] for each in result.objects} == {target.pid}
    times = [each["timestamp_ns"] for each in result.objects]
    assert times == sorted(times)


@kernel
def test_a_flood_from_all_cpus_is_delivered_or_counted(
    page: Any, tuxscope: Any, writer: Any
) -> None:
    writers = [writer(COUNT) for _ in range(2)]
    for target, cpu in zip(writers, sorted(os.sched_getaffinity(0))[-2:], strict=False):
        os.sched_setaffinity(target.pid, {cpu})
    tool = tuxscope(
        "run", page(RING_HELLO), "--buffer-pages", "1", "--format", "json", "--lost-records",
        "--strict",
    )  # fmt: skip
    tool.wait_until_attached()
    tool.signal(signal.SIGSTOP)
    for target in writers:
        target.start()
    for target in writers:
        target.wait()
    tool.signal(signal.SIGCONT)
    tool.wait_for_text(b'{"type":"lost"')
    tool.signal(signal.SIGINT)
    result = tool.finish()
    events, lost = result.totals
    told = [each for each in result.objects if "type" in each]
    assert result.status == 3
    assert lost == sum(each["count"] for each in told) > 0
    assert len(result.objects) - len(told) == events
    # Other processes write, too.
    assert events + lost + result.missed >= 2 * COUNT
    assert re.search(r"\d+ events lost so far: a ring was full; .*--buffer-pages 2", result.stderr)


@kernel
def test_loss_is_exact(page: Any, tuxscope: Any, writer: Any) -> None:
    target = writer(COUNT)
    tool = tuxscope("run", page(RING_HELLO), "--pid", target.pid, "--buffer-pages", "1")
    tool.wait_until_attached()
    tool.signal(signal.SIGSTOP)
    target.start()
    target.wait()
    tool.signal(signal.SIGCONT)
    result = tool.finish()
    events, lost = result.totals
    assert lost > 0
    assert events + lost + result.missed == COUNT
    assert len(result.rows) == events


@kernel
def test_a_page_that_does_not_count_its_losses_is_told_so(
    page: Any, tuxscope: Any, writer: Any
) -> None:
    target = writer(20)
    tool = tuxscope("run", page(UNCOUNTED), "--pid", target.pid)
    tool.wait_until_attached()
    target.start()
    result = tool.finish()
    assert "tuxscope: 20 events, lost events not counted, " in result.stderr
    assert len(result.rows) == 20


@kernel
def test_two_kinds_are_one_stream(page: Any, tuxscope: Any, writer: Any) -> None:
    target = writer(300)
    tool = tuxscope("run", page(BOTH_ENDS), "--pid", target.pid, "--format", "json")
    tool.wait_until_attached(2)
    target.start()
    result = tool.finish()
    assert result.totals == (600, 0)
    assert (
        result.objects
        == [
            {"kind": 1, "pid": target.pid, "text": "x"},
            {"kind": 2, "pid": target.pid, "result": 1},
        ]
        * 300
    )


@kernel
def test_a_process_that_is_killed_leaves_no_record_busy(
    page: Any, tuxscope: Any, writer: Any
) -> None:
    """Whatever its calls were at: what others send is delivered."""
    victims = [writer(50_000_000) for _ in range(3)]
    last = writer(5, comm=b"the last")
    tool = tuxscope("run", page(BOTH_ENDS), "--format", "json", "--lost-records")
    tool.wait_until_attached(2)
    for each in victims:
        each.start()
        each.wait_for_writes(1000)
        each.process.kill()
        each.process.wait(LIMIT)
    last.start()
    tool.wait_for_text(f'{{"kind":1,"pid":{last.pid}'.encode(), 5)
    tool.signal(signal.SIGINT)
    result = tool.finish()
    events, lost = result.totals
    told = [each for each in result.objects if "type" in each]
    assert lost == sum(each["count"] for each in told)
    assert len(result.objects) - len(told) == events


@kernel
def test_a_library_user_gets_records_of_each_kind(page: Any) -> None:
    names: dict[str, Any] = {"__name__": "both_ends"}
    exec(BOTH_ENDS, names)  # a page of ours
    programs = names["both"](pid=own_pid())
    null = os.open(os.devnull, os.O_WRONLY)

    async def main() -> list[Any]:
        seen = []
        order = names["Began"].timestamp_ns
        with library.open(programs, names["EVENTS"], order_by=order, buffer_pages=4) as events:
            os.write(null, b"hello")
            os.write(null, b"a longer one, longer than what is read of it")
            async for event in events:
                seen.append(event)
                if len(seen) == 4:
                    events.stop()
        assert (events.delivered, events.lost) == (len(seen), 0)
        return seen

    try:
        seen = asyncio.run(asyncio.wait_for(main(), LIMIT))
    finally:
        os.close(null)
    own = [each for each in seen if type(each).__name__ == "Began"]
    assert [type(each).__name__ for each in seen] == ["Began", "Ended"] * 2
    assert [each.text for each in own] == ["hello", "a longer one, longer than what i"]
    assert [each.result for each in seen if each not in own] == [5, 44]


def test_it_is_simulated_without_end(page: Any) -> None:
    """Also after more than a ring buffer holds."""
    small = RING_HELLO.replace('"EVENTS", HelloEvent)', '"EVENTS", HelloEvent, max_entries=4096)')
    done = run("run", page(small), "--simulate", "--count", "500")
    assert len(done.stdout.splitlines()) == 501
    assert "tuxscope: 500 events, 0 lost" in done.stderr


def test_two_kinds_are_simulated(page: Any) -> None:
    done = run("run", page(BOTH_ENDS), "--simulate", "--count", "4")
    header, *rows = (line.split() for line in done.stdout.splitlines())
    assert header == ["KIND", "PID", "RESULT", "TEXT"]
    assert [row[0] for row in rows] == ["1", "2"] * 2
    assert [row[2] for row in rows[::2]] == ["-"] * 2
    assert [row[3] for row in rows[1::2]] == ["-"] * 2


def test_it_is_listed_and_stepped(page: Any) -> None:
    path = page(RING_HELLO)
    assert "call bpf_ringbuf_output" in run("asm", path).stdout
    stepped = run("step", path).stdout
    assert re.search(r"sent to EVENTS: pid=\d+ timestamp_ns=\d+ comm=\w+", stepped)
    assert "sent to EVENTS: kind=1 pid=" in run("step", page(BOTH_ENDS)).stdout
