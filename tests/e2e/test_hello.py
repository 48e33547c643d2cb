"""``tuxscope hello``: what it prints, of whom, and that every write() is accounted for."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from circumstances import under, with_mounts
from pace import LIMIT, fewer
from waiting import read_all

from e2e.harness import LAST_LINE, TUXSCOPE, WRITER
from tuxscope.loader.bpf import BpfCommand, fd_by_id, object_ids, object_info
from tuxscope.loader.bpf_attributes import ProgInfo

pytestmark = pytest.mark.kernel

HEADER = "PID      COMM             TIMESTAMP_NS"
COUNT = fewer(100_000)
# More lines than a pipe of 16 pages of 16 KiB holds.
STUCK = max(10_000, fewer(200_000))


def test_text_is_the_seeds(tuxscope: Any, writer: Any) -> None:
    target = writer(3)
    run = tuxscope("hello", "--pid", target.pid)
    assert run.wait_for_lines(1) == [HEADER]
    begin = time.monotonic_ns()
    target.start()
    result = run.finish()
    end = time.monotonic_ns()
    lines = result.stdout.splitlines()
    assert lines[0] == HEADER
    assert len(lines) == 4
    for line in lines[1:]:
        pid, comm, timestamp = line.split()
        assert line == f"{pid:<8} {comm:<16} {timestamp}"
        assert int(pid) == target.pid
        assert comm.startswith("python")
        assert begin <= int(timestamp) <= end  # a coarse clock may not have ticked
    assert result.status == 0
    assert result.totals == (3, 0)
    assert result.stderr.count("\n") == 1


def test_json_is_the_seeds(tuxscope: Any, writer: Any) -> None:
    target = writer(2)
    run = tuxscope("hello", "--pid", target.pid, "--format", "json")
    run.wait_until_attached()
    target.start()
    result = run.finish()
    assert len(result.objects) == 2
    shape = rf'{{"pid":{target.pid},"comm":"python[0-9.]*","timestamp_ns":[0-9]+}}\n'
    assert re.fullmatch(shape * 2, result.stdout)


@pytest.mark.one_kernel
@pytest.mark.parametrize(
    ("comm", "in_text"),
    [
        (b'q"uo\\te', 'q"uo\\te'),
        (b"two words", "two words"),
        (b"new\nline\ttab", "new\\nline\\ttab"),
        (b"\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("héllo→".encode(), "héllo→"),
        (b"\xff\xfebad\x80", "\ufffd\ufffdbad\ufffd"),
        ("\u202eevil\x9b".encode(), "\\u202eevil\\x9b"),
    ],
)
def test_any_comm(tuxscope: Any, writer: Any, comm: bytes, in_text: str) -> None:
    target = writer(1, comm=comm)
    text = tuxscope("hello", "--pid", target.pid)
    assert text.wait_for_lines(1) == [HEADER]
    json = tuxscope("hello", "--pid", target.pid, "--format", "json")
    json.wait_until_attached()
    target.start()
    (event,) = json.finish().objects
    assert event["comm"] == comm.decode("utf-8", "replace")
    _, row = text.finish().stdout.splitlines()
    assert row[9:].rpartition(" ")[0].rstrip() == in_text


@pytest.mark.parametrize("style", ["text", "json"])
def test_nothing_is_lost_at_50_000_a_second(tuxscope: Any, writer: Any, style: str) -> None:
    target = writer(COUNT, rate=fewer(50_000))
    run = tuxscope("hello", "--pid", target.pid, "--format", style)
    run.wait_until_attached()
    target.start()
    result = run.finish()
    assert result.totals == (COUNT, 0)
    lines = result.stdout.count("\n")
    assert lines == COUNT + (style == "text")


def test_four_writers_unfiltered(tuxscope: Any, writer: Any) -> None:
    writers = [writer(COUNT, rate=fewer(12_500)) for _ in range(4)]
    run = tuxscope("hello")
    run.wait_for_lines(1)
    for each in writers:
        each.start()
    for each in writers:
        each.wait()
    run.signal(signal.SIGINT)
    result = run.finish()
    events, lost = result.totals
    assert len(result.rows) == events
    counts = Counter(int(row[0]) for row in result.rows)
    not_shown = [COUNT - counts[each.pid] for each in writers]
    # Others may flood the rings just then, and where the kernel preempts a program, others on that
    # CPU miss theirs: both are counted.
    assert min(not_shown) >= 0
    assert sum(not_shown) <= lost + result.missed
    assert run.process.pid not in counts


def test_loss_is_exact(tuxscope: Any, writer: Any) -> None:
    target = writer(COUNT)
    run = tuxscope("hello", "--pid", target.pid, "--buffer-pages", "1")
    run.wait_for_lines(1)
    run.signal(signal.SIGSTOP)
    target.start()
    target.wait()
    run.signal(signal.SIGCONT)
    result = run.finish()
    events, lost = result.totals
    assert lost > 0
    assert events + lost == COUNT
    assert len(result.rows) == events


@pytest.mark.parametrize("stop", ["stopped to the end", "stopped for a while"])
def test_losses_are_told_on_the_way(tuxscope: Any, writer: Any, stop: str) -> None:
    """As objects, by a notice, by the status, and by the last line: all say the same."""
    target = writer(COUNT // 2, 1, COUNT // 2)
    os.sched_setaffinity(target.pid, {min(os.sched_getaffinity(0))})  # it fills one ring
    run = tuxscope(
        "hello", "--pid", target.pid, "--buffer-pages", "1",
        "--format", "json", "--lost-records", "--strict",
    )  # fmt: skip
    run.wait_until_attached()
    run.signal(signal.SIGSTOP)
    if stop == "stopped to the end":
        target.start()
        target.wait()
        run.signal(signal.SIGCONT)
    else:
        target.write_next()
        target.wait_for_writes(COUNT // 2)
        run.signal(signal.SIGCONT)
        run.wait_for_lines(1)
        target.write_next()  # the one that fits: the ring says in front of it what did not
        run.wait_for_text(b'{"type":"lost"')
        target.start()
    result = run.finish()
    events, lost = result.totals
    told = [each for each in result.objects if "type" in each]
    assert lost > 0
    assert events + lost == target.count
    assert len(result.objects) - len(told) == events
    assert sum(each["count"] for each in told) == lost
    assert all(list(each) == ["type", "cpu", "count"] for each in told)
    assert result.status == 3
    notices = re.findall(r"tuxscope: (\d+) events lost so far.* --buffer-pages 2\n", result.stderr)
    assert all(int(each) <= lost for each in notices)
    if stop == "stopped for a while":
        assert notices
        # Where it was: behind what the ring held, before what came after it was told.
        assert 0 < result.objects.index(told[0]) < events


def test_strict_is_content_where_nothing_is_lost(tuxscope: Any, writer: Any) -> None:
    target = writer(5)
    run = tuxscope("hello", "--pid", target.pid, "--strict")
    run.wait_until_attached()
    target.start()
    result = run.finish()
    assert result.totals == (5, 0)
    assert result.status == 0


def test_all_cpus_lines_are_in_the_order_of_their_time(tuxscope: Any, writer: Any) -> None:
    count = fewer(20_000)
    writers = [writer(count, rate=fewer(10_000)) for _ in range(4)]
    run = tuxscope("hello")
    run.wait_for_lines(1)
    for each in writers:
        each.start()
    for each in writers:
        each.wait()
    run.signal(signal.SIGINT)
    result = run.finish()
    times = [int(row[-1]) for row in result.rows]
    assert len(times) == result.totals[0]
    assert times == sorted(times)


def test_unordered_prints_the_same_lines(tuxscope: Any, writer: Any) -> None:
    target = writer(fewer(5_000))
    ordered = tuxscope("hello", "--pid", target.pid)
    ordered.wait_for_lines(1)
    unordered = tuxscope("hello", "--pid", target.pid, "--unordered")
    unordered.wait_for_lines(1)
    target.start()
    results = ordered.finish(), unordered.finish()
    assert [each.totals for each in results] == [(target.count, 0)] * 2
    assert all(len(each.rows) == target.count for each in results)


def test_two_runs_side_by_side(tuxscope: Any, writer: Any) -> None:
    count = fewer(20_000)
    target = writer(count, rate=count)
    text = tuxscope("hello", "--pid", target.pid)
    text.wait_for_lines(1)
    json = tuxscope("hello", "--pid", target.pid, "--format", "json")
    json.wait_until_attached()
    target.start()
    text_result, json_result = text.finish(), json.finish()
    assert text_result.totals == json_result.totals == (count, 0)
    # Each event has its own time, as far as the clock can tell.
    assert len({event["timestamp_ns"] for event in json_result.objects}) > 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_prints_what_is_there_and_ends(
    tuxscope: Any, writer: Any, number: signal.Signals
) -> None:
    target = writer(fewer(5_000))
    run = tuxscope("hello")
    run.wait_for_lines(1)
    target.start()
    target.wait()
    run.signal(number)
    result = run.finish()
    assert result.status == 0
    assert Counter(int(row[0]) for row in result.rows)[target.pid] == target.count


@pytest.mark.one_kernel
def test_a_second_ctrl_c_leaves_at_once(tuxscope: Any, writer: Any) -> None:
    target = writer(STUCK)
    run = tuxscope("hello", "--pid", target.pid, reading=False)
    run.wait_until_attached()
    target.start()
    target.wait()  # more than a pipe holds, and nobody reads: it is stuck in write()
    for _ in range(100):  # two that come at once are one
        run.signal(signal.SIGINT)
        try:
            assert run.process.wait(0.1) == 130
        except subprocess.TimeoutExpired:
            continue
        return
    raise AssertionError("it did not leave")


@pytest.mark.one_kernel
def test_a_closed_pipe_ends_quietly(tuxscope: Any, writer: Any) -> None:
    target = writer(STUCK, rate=fewer(20_000))
    run = tuxscope("hello", "--pid", target.pid, reading=False)
    run.wait_until_attached()
    target.start()
    run.process.stdout.close()
    assert run.process.wait(LIMIT) == 0
    assert read_all(run.process.stderr, "the end of stderr") == b""


@pytest.mark.one_kernel
def test_a_pipe_closed_in_silence_is_noticed(tuxscope: Any, writer: Any) -> None:
    target = writer(1)  # writes nothing, as it is never started
    run = tuxscope("hello", "--pid", target.pid, reading=False)
    run.wait_until_attached()
    run.process.stdout.close()
    assert run.process.wait(LIMIT) == 0


@pytest.mark.one_kernel
def test_a_full_disk_is_one_line(tuxscope: Any, writer: Any) -> None:
    target = writer(1_000)
    with open("/dev/full", "w") as full:
        run = subprocess.Popen(
            [TUXSCOPE, "hello", "--pid", str(target.pid)],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        _, stderr = run.communicate(timeout=LIMIT)
    assert run.returncode == 1
    last, error = stderr.splitlines(keepends=True)
    assert LAST_LINE.fullmatch(last)
    assert error == "tuxscope: cannot write the output: No space left on device (ENOSPC)\n"


def test_duration_ends_it(tuxscope: Any) -> None:
    result = tuxscope("hello", "--duration", "0.5").finish()
    assert result.status == 0
    seconds = float(result.stderr.split(", ")[2].split()[0])
    assert 0.5 <= seconds < 5


@pytest.mark.one_kernel
def test_count_ends_it(tuxscope: Any, writer: Any) -> None:
    target = writer(1_000)
    run = tuxscope("hello", "--pid", target.pid, "--count", "7")
    run.wait_for_lines(1)
    target.start()
    result = run.finish()
    assert result.status == 0
    assert len(result.rows) == result.totals[0] == 7


def test_output_comes_while_it_runs_and_in_batches(tuxscope: Any, writer: Any) -> None:
    target = writer(2_000)
    run = tuxscope("hello")
    run.wait_for_lines(1)
    target.start()
    run.wait_for_lines(2_001)
    with open(f"/proc/{run.process.pid}/io") as file:
        writes = next(int(line.split()[1]) for line in file if line.startswith("syscw"))
    assert writes < 200
    run.signal(signal.SIGINT)
    assert run.finish().status == 0


def test_own_writes_are_left_out_unless_asked_for(tuxscope: Any) -> None:
    """The header is a write of its own, and each batch then makes the next."""
    without = tuxscope("hello", "--duration", "0.5")
    with_own = tuxscope("hello", "--duration", "0.5", "--include-self")
    pid = without.process.pid
    assert pid not in {int(row[0]) for row in without.finish().rows}
    result = with_own.finish()
    own = with_own.process.pid in {int(row[0]) for row in result.rows}
    assert own or result.missed  # a kernel that preempts programs leaves some out, and counts them


def test_processes_are_left_out_in_the_kernel(tuxscope: Any, writer: Any) -> None:
    """Two are left out, and tuxscope itself; the third is counted exactly."""
    left_out, also, shown = (writer(fewer(2_000)) for _ in range(3))
    pids = f"{left_out.pid},{also.pid}"
    run = tuxscope("hello", "--exclude", pids, "--format", "json")
    run.wait_until_attached()
    for each in (left_out, also, shown):
        each.start()
    for each in (left_out, also, shown):
        each.process.wait(LIMIT)
    run.signal(signal.SIGINT)
    result = run.finish()
    counts = Counter(each["pid"] for each in result.objects)
    assert counts[shown.pid] + result.totals[1] >= shown.count
    assert not {left_out.pid, also.pid, run.process.pid} & counts.keys()


@pytest.mark.parametrize("tracefs", ["mounted", "unmounted"])
def test_tracefs_mounted_or_not(tuxscope: Any, writer: Any, tmp_path: Path, tracefs: str) -> None:
    """In a mount namespace of its own; what is mounted outside stays as it is."""
    change = {
        "mounted": 'mkdir "$0/a b" && mount -t tracefs nodev "$0/a b"',
        "unmounted": "awk '$3 == \"tracefs\" {print $2}' /proc/self/mounts | xargs -r umount -l",
    }[tracefs]
    target = writer(100)
    run = tuxscope(
        "hello", "--pid", target.pid,
        prefix=with_mounts(change, str(tmp_path)),
    )  # fmt: skip
    assert run.wait_for_lines(1) == [HEADER]
    target.start()
    assert run.finish().totals == (100, 0)


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGKILL,
        signal.SIGINT,
        *(
            pytest.param(each, marks=pytest.mark.one_kernel)
            for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
        ),
    ],
)
def test_nothing_is_left_whatever_ends_it(
    tuxscope: Any, number: signal.Signals
) -> None:  # the suite's own fixture looks for programs, maps, mounts and processes
    run = tuxscope("hello")
    assert run.wait_for_lines(1)[0] == HEADER
    assert loaded_names() >= {"hello"}
    run.signal(number)
    run.process.wait(LIMIT)


def loaded_names() -> set[str]:
    names = set()
    for each in object_ids(BpfCommand.PROG_GET_NEXT_ID):
        with fd_by_id(BpfCommand.PROG_GET_FD_BY_ID, each) as program:
            names.add(object_info(program.fileno(), ProgInfo()).name)
    return names


def test_a_namespace_of_its_own(tuxscope: Any, tmp_path: Any) -> None:
    inside = tmp_path / "inside.py"
    inside.write_text(
        "import os, subprocess, sys\n"
        "writer = subprocess.Popen([*sys.argv[2:], '50', '0', ''],\n"
        "    stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "assert writer.stdout.read(1) == b'r'\n"
        "run = subprocess.Popen([sys.argv[1], 'hello', '--pid', str(writer.pid)],\n"
        "    stdout=subprocess.PIPE)\n"
        "header = run.stdout.readline()\n"
        "writer.stdin.write(b'g'); writer.stdin.close()\n"
        "rows = run.stdout.read().split(b'\\n')[:-1]\n"
        "assert run.wait() == 0 and writer.wait() == 0\n"
        "assert writer.pid < 20, writer.pid\n"
        "assert [int(row.split()[0]) for row in rows] == [writer.pid] * 50, rows\n"
    )
    for flags in (["-pf", "--mount-proc"], ["-pf"]):
        done = subprocess.run(
            [*under("unshare", *flags), sys.executable, str(inside), TUXSCOPE, *WRITER],
            capture_output=True, text=True, timeout=LIMIT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "50 events, 0 lost" in done.stderr
