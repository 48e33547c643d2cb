"""What goes wrong while ``tuxscope hello`` runs: each write() is still delivered or lost."""

from __future__ import annotations

import fcntl
import mmap
import os
import resource
import select
import signal
import subprocess
import time
from typing import Any

import pytest
from circumstances import with_mounts, without
from pace import LIMIT, fewer
from waiting import wait_until

from e2e.harness import LAST_LINE, TUXSCOPE, Tuxscope, Writer

pytestmark = pytest.mark.kernel

# More than a ring of 8 pages of 16 KiB holds, twice: once drained and once full.
COUNT = max(20_000, fewer(200_000))
LARGEST_RSS = 64 << 10  # KiB


def statistic(run: Tuxscope, name: str) -> int:
    """A number of /proc/PID/status."""
    with open(f"/proc/{run.process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(f"{name}:"))


def sleeps_in_a_full_pipe(run: Tuxscope) -> bool:
    """Whether its stdout takes no more, and it waits."""
    assert run.process.stdout
    with open(f"/proc/{run.process.pid}/stat") as file:
        state = file.read().rpartition(")")[2].split()[0]
    # Nobody takes anything out, so a pipe that is full stays so.
    return state == "S" and not room(run.process.stdout.fileno())


def room(pipe: int) -> bool:
    """Whether the writing end of this pipe's reading end would take a byte."""
    end = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    try:
        poll = select.poll()
        poll.register(end, select.POLLOUT)
        return bool(poll.poll(0))
    finally:
        os.close(end)


def through_a_small_pipe(tuxscope: Any, target: Writer, *options: str) -> Tuxscope:
    """A run that nobody reads, whose pipe takes less than its ring does."""
    options = ("--pid", str(target.pid), "--buffer-pages", "8", *options)
    run: Tuxscope = tuxscope("hello", *options, reading=False)
    assert run.process.stdout
    fcntl.fcntl(run.process.stdout, fcntl.F_SETPIPE_SZ, 4 * mmap.PAGESIZE)
    os.sched_setaffinity(target.pid, {min(os.sched_getaffinity(0))})  # it fills one ring
    run.wait_until_attached()
    return run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_pipe_that_nobody_reads(tuxscope: Any, writer: Any, number: signal.Signals) -> None:
    target = writer(COUNT)
    run = through_a_small_pipe(tuxscope, target)
    target.start()
    target.wait()
    wait_until(lambda: sleeps_in_a_full_pipe(run), "a full pipe", LIMIT)
    assert statistic(run, "VmHWM") < LARGEST_RSS
    run.signal(number)
    assert run.process.wait(LIMIT) == 0
    match = LAST_LINE.search(run.process.stderr.read().decode())
    assert match
    events, lost = int(match[1]), int(match[2])
    assert events + lost == COUNT
    assert min(events, lost) > 0
    output = run.process.stdout.read()
    whole = output[: output.rindex(b"\n") + 1]  # the last line may be a part of one
    assert whole.count(b"\n") == events + 1


def test_a_pipe_that_somebody_reads_late(tuxscope: Any, writer: Any) -> None:
    target = writer(COUNT)
    run = through_a_small_pipe(tuxscope, target)
    target.start()
    target.wait()
    wait_until(lambda: sleeps_in_a_full_pipe(run), "a full pipe", LIMIT)
    run.read()
    result = run.finish()
    events, lost = result.totals
    assert result.status == 0
    assert events + lost == COUNT
    assert len(result.rows) == events


def test_a_duration_ends_a_run_that_nobody_reads(tuxscope: Any, writer: Any) -> None:
    target = writer(COUNT)
    run = through_a_small_pipe(tuxscope, target, "--duration", "3600")
    target.start()
    target.wait()
    wait_until(lambda: sleeps_in_a_full_pipe(run), "a full pipe", LIMIT)
    run.signal(signal.SIGALRM)  # the time is up
    assert run.process.wait(LIMIT) == 0
    said = run.process.stderr.read().decode()
    match = LAST_LINE.search(said)
    assert match
    assert int(match[1]) + int(match[2]) == COUNT, said


def test_strict_tells_of_losses_also_where_the_reader_went(tuxscope: Any, writer: Any) -> None:
    target = writer(COUNT, 1)
    run = tuxscope("hello", "--pid", target.pid, "--buffer-pages", "1", "--strict", reading=False)
    run.wait_until_attached()
    run.signal(signal.SIGSTOP)
    target.write_next()
    target.wait_for_writes(COUNT)
    run.signal(signal.SIGCONT)
    assert run.process.stdout.read(1)
    run.process.stdout.close()
    assert run.process.wait(LIMIT) == 3
    match = LAST_LINE.search(run.process.stderr.read().decode())
    assert match
    assert int(match[2]) > 0


@pytest.mark.one_kernel
def test_stopped_for_seconds_under_load(tuxscope: Any, writer: Any) -> None:
    target = writer(fewer(300_000), rate=fewer(60_000))
    run = tuxscope("hello", "--pid", target.pid, "--buffer-pages", "16")
    run.wait_for_lines(1)
    target.start()
    run.wait_for_lines(1000)
    run.signal(signal.SIGSTOP)
    time.sleep(5)  # this is what is tested
    run.signal(signal.SIGCONT)
    target.wait()
    result = run.finish()
    events, lost = result.totals
    assert result.status == 0
    assert lost > 0
    assert events + lost == target.count
    assert len(result.rows) == events


@pytest.fixture
def small_disk(tmp_path: Any) -> tuple[str, ...]:
    """A prefix that runs a command in a mount namespace of its own, stdout a file on 64 KiB."""
    script = 'mount -t tmpfs -o size=64k small "$0" && exec > "$0/out"'
    return with_mounts(script, str(tmp_path))


def test_a_disk_that_becomes_full(tuxscope: Any, writer: Any, small_disk: tuple[str, ...]) -> None:
    target = writer(COUNT)
    run = tuxscope("hello", "--pid", target.pid, "--buffer-pages", "32", prefix=small_disk)
    run.wait_until_attached()
    run.signal(signal.SIGSTOP)
    target.start()
    target.wait()
    run.signal(signal.SIGCONT)
    result = run.finish()
    assert result.status == 1
    *_, last, error = result.stderr.splitlines(keepends=True)
    assert error == "tuxscope: cannot write the output: No space left on device (ENOSPC)\n"
    assert LAST_LINE.fullmatch(last)
    assert sum(result.totals) == COUNT
    assert min(result.totals) > 0


@pytest.mark.one_kernel
def test_an_output_with_errors_is_one_line(writer: Any) -> None:
    target = writer(1)
    # Nothing is mapped at address 0 of this process: EIO.
    with open("/proc/self/mem", "wb", buffering=0) as memory:
        done = subprocess.run(
            [TUXSCOPE, "hello", "--pid", str(target.pid)],
            stdout=memory, stderr=subprocess.PIPE, timeout=LIMIT, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    last, error = done.stderr.decode().splitlines(keepends=True)
    assert LAST_LINE.fullmatch(last)
    assert error == "tuxscope: cannot write the output: Input/output error (EIO)\n"


def refused(limits: dict[int, int], *options: str, prefix: tuple[str, ...] = ()) -> str:
    """The one line of a run under these limits."""

    def limit() -> None:
        for which, most in limits.items():
            resource.setrlimit(which, (most, most))

    done = subprocess.run(
        [*prefix, TUXSCOPE, "hello", "--duration", "0.1", *options],
        capture_output=True, text=True, timeout=LIMIT, check=False, preexec_fn=limit,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.one_kernel
@pytest.mark.parametrize("most", range(7, 12))
def test_too_few_file_descriptors_are_one_line(most: int) -> None:
    assert refused({resource.RLIMIT_NOFILE: most}).endswith(
        "Too many open files (EMFILE); try: ulimit -n 4096\n"
    )


@pytest.mark.one_kernel
def test_too_little_locked_memory_is_one_line() -> None:
    with open("/proc/sys/kernel/perf_event_mlock_kb") as file:
        pages = 1 << (int(file.read()) * 1024 * 64 // mmap.PAGESIZE).bit_length()
    line = refused(
        {resource.RLIMIT_MEMLOCK: 0}, "--buffer-pages", str(pages),
        prefix=without("ipc_lock"),
    )  # fmt: skip
    assert "over the limit of locked memory (EPERM)" in line
    assert line.endswith(f"try --buffer-pages {pages // 4} or ulimit -l unlimited\n")


@pytest.mark.one_kernel
def test_too_little_memory_is_one_line() -> None:
    line = refused(
        {resource.RLIMIT_AS: 300 << 20}, "--buffer-pages", str((1 << 30) // mmap.PAGESIZE)
    )
    assert "no memory for a ring of" in line
    assert line.endswith(f"(ENOMEM); try --buffer-pages {(1 << 28) // mmap.PAGESIZE}\n")


@pytest.mark.one_kernel  # an emulated Linux 5.10 was seen to hang in it, both CPUs in the kernel
def test_many_at_once(tuxscope: Any, writer: Any) -> None:
    """All see what one process does, and each ends with an exact line."""
    target = writer(fewer(2_000))
    runs = [tuxscope("hello", "--pid", target.pid, "--buffer-pages", "8") for _ in range(24)]
    for run in runs:
        run.wait_until_attached()
    target.start()
    for run in runs:
        result = run.finish()
        events, lost = result.totals
        assert result.status == 0
        assert events + lost == target.count
        assert len(result.rows) == events
