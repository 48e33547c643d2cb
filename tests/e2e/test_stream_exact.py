"""``tuxscope syscall``: each call once, none twice, none missing, or counted as lost."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from pace import fewer

from e2e.callers import NUMBERS
from e2e.harness import Result
from e2e.test_syscall import HARMLESS, stopped
from e2e.traced import Traced

pytestmark = [pytest.mark.kernel, pytest.mark.one_kernel]

LAST = re.compile(r"tuxscope: (?P<calls>\d+) (?:calls|events), (?P<lost>\d+) lost")
PROGRAMS = 5  # that are attached; without signals and ends of threads one less
OWN = {"brk", "mmap", "mremap", "munmap", "clock_gettime"}  # Python's, now and then


def lost(result: Result) -> int:
    """How many calls it says it has lost."""
    match = LAST.search(result.stderr)
    assert match, result.stderr
    return int(match["lost"])


def calls(result: Result) -> list[dict[str, Any]]:
    """The calls; signals and ends of threads have no number."""
    assert result.status == 0, result.stderr
    return [each for each in result.objects if each.get("nr") is not None]


@pytest.fixture
def stream(tuxscope: Any) -> Any:
    """Starts the stream, and waits until it is attached."""

    def start(*arguments: object, programs: int) -> Any:
        run = tuxscope("syscall", "--format", "json", *arguments)
        run.wait_until_attached(programs)
        return run

    return start


@pytest.mark.matrix
def test_each_call_is_shown_once(caller: Any, stream: Any) -> None:
    known = [each for each in HARMLESS if each in NUMBERS][:100]
    assert len(known) == 100
    times = {name: fewer(20 * (1 + at % 7)) for at, name in enumerate(known)}
    calling = caller("repeated", {name: [NUMBERS[name], times[name]] for name in known})
    assert calling.tell() == b"w\n"
    run = stream("--pid", calling.pid, programs=PROGRAMS)
    made: dict[str, list[int]] = calling.make()
    result = stopped(run)
    shown = calls(result)
    # What it also does: it is told to begin, and says what it did.
    for name in ("read", "write"):
        count, failed = made.get(name, [0, 0])
        made[name] = [count + 1, failed]
    finished = [each for each in shown if each["ret"] is not None]
    found = Counter(each["syscall"] for each in finished)
    failures = Counter(each["syscall"] for each in finished if each["error"])
    missing = sum(count - found[name] for name, (count, _) in made.items())
    assert all(found[name] <= count for name, (count, _) in made.items())  # none twice
    assert missing == lost(result)
    if not missing:
        assert {name: [found[name], failures[name]] for name in made} == made
    assert found.keys() - made.keys() <= OWN
    # The order of what was made: a thread makes one call after the other.
    times_of = [each["timestamp_ns"] for each in finished]
    assert times_of == sorted(times_of)


@pytest.mark.matrix
def test_of_many_calls_each_is_delivered_once_or_lost(caller: Any, stream: Any) -> None:
    """lseek's offset says which of them it is."""
    count = fewer(100_000)
    calling = caller("numbered", [NUMBERS["lseek"], count])
    assert calling.tell() == b"w\n"
    run = stream("--pid", calling.pid, "--name", "lseek,read", programs=PROGRAMS - 1)
    assert calling.make() == count
    result = stopped(run)
    offsets = [int(each["args"]["offset"]) for each in calls(result) if each["syscall"] == "lseek"]
    assert len(set(offsets)) == len(offsets)
    assert offsets == sorted(offsets)
    assert set(offsets) <= set(range(count))
    assert len(offsets) + lost(result) == count


def test_a_lost_beginning_is_no_lost_call(traced: Traced) -> None:
    """accept has a record before the call, too; a ring of one page has room for few of them."""
    count = 3000
    script = f"for _ in range({count}): call('accept', -1, 0, 0)\n"
    text = traced.run(script, "--buffer-pages", "1", "--name", "accept", status=0)
    missing = lost(traced.result)
    assert missing > 0
    assert text.count("accept(") == count - missing
