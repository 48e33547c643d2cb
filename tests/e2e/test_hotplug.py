"""CPUs that go and come while ``tuxscope hello`` runs; only in guests, as it is the machine's."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pace import LIMIT, fewer
from waiting import wait_until

from e2e.harness import Result, Tuxscope, Writer
from tuxscope.loader.cpus import online_cpus
from tuxscope.loader.perf_event import FORMAT_LOST, open_bpf_output

pytestmark = [pytest.mark.kernel, pytest.mark.guest]


def switch(cpu: int, state: str) -> None:
    with open(f"/sys/devices/system/cpu/cpu{cpu}/online", "w") as file:
        file.write(state)


@pytest.fixture
def cpu(kernel_within_reach: None) -> Iterator[int]:
    """A CPU that may be switched off, and is on again when the test ends."""
    last = online_cpus()[-1]
    if not last:
        pytest.skip("there is one CPU only")
    yield last
    if last not in online_cpus():
        switch(last, "1")


def rings(run: Tuxscope) -> int:
    """How many rings a run waits for, which is the last thing that it does with a new one."""
    process = f"/proc/{run.process.pid}"
    for fd in os.listdir(f"{process}/fd"):
        if os.readlink(f"{process}/fd/{fd}") == "anon_inode:[eventpoll]":
            with open(f"{process}/fdinfo/{fd}") as file:
                return sum(line.startswith("tfd:") for line in file)
    raise AssertionError("it has no epoll")


def kernel_counts_lost() -> bool:
    """Since Linux 6.0, and in releases of older series that have it from there."""
    try:
        open_bpf_output(0, 2048, FORMAT_LOST).close()
    except OSError:
        return False
    return True


def pin(target: Writer, cpu: int) -> None:
    os.sched_setaffinity(target.pid, {cpu})


def write_then_go(run: Tuxscope, target: Writer, cpu: int) -> Result:
    """The CPU goes after the target's writes on it, and before the run looks at them."""
    pin(target, cpu)
    run.signal(signal.SIGSTOP)
    target.start()
    target.wait()
    switch(cpu, "0")
    run.signal(signal.SIGCONT)
    return run.finish()


def test_what_a_cpu_wrote_before_it_went_is_shown(tuxscope: Any, writer: Any, cpu: int) -> None:
    target = writer(1_000)
    run = tuxscope("hello", "--pid", target.pid)
    run.wait_for_lines(1)
    result = write_then_go(run, target, cpu)
    assert result.totals == (1_000, 0)
    assert len(result.rows) == 1_000


def test_what_it_lost_before_it_went_is_counted(tuxscope: Any, writer: Any, cpu: int) -> None:
    target = writer(5_000)
    run = tuxscope("hello", "--pid", target.pid, "--buffer-pages", "1")
    run.wait_for_lines(1)
    result = write_then_go(run, target, cpu)
    events, lost = result.totals
    assert 0 < events < 5_000
    assert len(result.rows) == events
    if kernel_counts_lost():
        assert events + lost == 5_000
    else:  # such a ring would have said it with its next sample
        assert lost == 0


def test_a_cpu_that_comes_gets_a_ring(tuxscope: Any, writer: Any, cpu: int) -> None:
    switch(cpu, "0")
    target = writer(100)
    run = tuxscope("hello")
    run.wait_for_lines(1)
    before = rings(run)
    switch(cpu, "1")
    wait_until(lambda: rings(run) == before + 1, "one ring more", LIMIT)
    pin(target, cpu)
    target.start()
    target.wait()
    run.signal(signal.SIGINT)
    result = run.finish()
    assert Counter(int(row[0]) for row in result.rows)[target.pid] == 100
    assert result.status == 0


def test_a_cpu_may_come_and_go_under_load(tuxscope: Any, writer: Any, cpu: int) -> None:
    busy = [writer(fewer(50_000), rate=fewer(10_000)) for _ in range(2)]
    target = writer(100)
    run = tuxscope("hello")
    run.wait_for_lines(1)
    before = rings(run)
    for each in busy:
        each.start()
    for state, there in (("0", before - 1), ("1", before)) * 3:
        switch(cpu, state)
        wait_until(lambda there=there: rings(run) == there, f"{there} rings", LIMIT)
    pin(target, cpu)
    target.start()
    for each in (*busy, target):
        each.wait()
    run.signal(signal.SIGINT)
    result = run.finish()
    counts = Counter(int(row[0]) for row in result.rows)
    assert counts[target.pid] == 100
    # A CPU that comes back may run a writer before its ring is there.
    assert all(0 < counts[each.pid] <= each.count for each in busy)
    assert result.totals == (len(result.rows), 0)
    assert result.status == 0


def write_until_shown_and_go_on(run: Tuxscope, target: Writer, cpu: int) -> None:
    """All that a target writes on a CPU is shown, once one of its writes is."""
    pin(target, cpu)
    before, tries = len(run.wait_for_lines(1)), 0

    def shown() -> bool:
        nonlocal tries
        tries += 1
        target.write_next()
        time.sleep(0.1)
        return len(run.wait_for_lines(1)) > before

    wait_until(shown, "the writes of the CPU", LIMIT)
    target.start()
    target.wait()
    result = run.finish()
    assert target.count - tries < len(result.rows) <= target.count
    assert result.totals == (len(result.rows), 0)
    assert result.status == 0


def test_a_cpu_that_is_back_before_we_look_is_seen(tuxscope: Any, writer: Any, cpu: int) -> None:
    """What is online is then the same as before, but its perf event is dead."""
    target = writer(*[1] * 1_000)
    run = tuxscope("hello", "--pid", target.pid)
    run.wait_for_lines(1)
    run.signal(signal.SIGSTOP)
    switch(cpu, "0")
    switch(cpu, "1")
    run.signal(signal.SIGCONT)
    write_until_shown_and_go_on(run, target, cpu)


def test_a_cpu_that_is_back_at_once_is_seen(tuxscope: Any, writer: Any, cpu: int) -> None:
    target = writer(*[1] * 1_000)
    run = tuxscope("hello", "--pid", target.pid)
    run.wait_for_lines(1)
    for state in ("0", "1") * 3:
        switch(cpu, state)
    write_until_shown_and_go_on(run, target, cpu)
