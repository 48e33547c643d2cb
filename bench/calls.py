"""What counting system calls costs the process that makes them, beside other tools:

    sudo .venv/bin/python bench/calls.py [ROUNDS]

dd copies single bytes from /dev/zero to /dev/null, two calls for each; its CPU time is divided by
them. All tools take turns in each round, and the figures are medians, with their ranges. Those
that are not installed are left out.
"""

from __future__ import annotations

import os
import resource
import select
import shutil
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TUXSCOPE = str(Path(sysconfig.get_path("scripts"), "tuxscope"))
COUNT = 150_000
INSIDE = "TUXSCOPE_BENCH_CALLS"
LATENCY = (
    "tracepoint:raw_syscalls:sys_enter { @begin[tid] = nsecs; } "
    "tracepoint:raw_syscalls:sys_exit /@begin[tid]/ "
    "{ @ns[args->id] = hist(nsecs - @begin[tid]); delete(@begin[tid]); }"
)
OTHER = (
    "tracepoint:raw_syscalls:sys_enter,tracepoint:raw_syscalls:sys_exit /pid == 1/ { @ = count(); }"
)
# Tools that watch the whole system meanwhile, and those that start dd themselves.
WATCHERS = {
    "tuxscope syscall --summary": [TUXSCOPE, "syscall", "--summary"],
    "the same, --by process": [TUXSCOPE, "syscall", "--summary", "--by", "process"],
    "the same, --pid of another process": [TUXSCOPE, "syscall", "--summary", "--pid", "1"],
    "the same, --name of other calls": [TUXSCOPE, "syscall", "--summary", "--name", "openat"],
    "bpftrace, histogram of latency by number": ["bpftrace", "-e", LATENCY],
    "bpftrace, of another process": ["bpftrace", "-e", OTHER],
    "perf trace -s": ["perf", "trace", "-a", "-s"],
}
STARTERS = {"strace -c": ["strace", "-c", "-o", "/dev/null"]}
NOTHING = "nothing"


def copy_bytes(prefix: list[str]) -> float:
    """Return dd's time for a call, in ns, a float: CPU time; wall time if ``prefix``, a list of
    words, is a command that starts dd."""
    command = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={COUNT}"]
    if prefix:  # strace's own time is no part of it: wall time is
        before = time.monotonic()
        subprocess.run([*prefix, *command], check=True, stderr=subprocess.DEVNULL)
        return (time.monotonic() - before) / COUNT / 2 * 1e9
    before_use = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before_use.ru_utime - before_use.ru_stime
    return used / COUNT / 2 * 1e9


@contextmanager
def watching(command: list[str]) -> Iterator[None]:
    """A context manager: run the tool ``command``, a list of words, until it has attached, and end
    it afterwards."""
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        # tuxscope's first table, bpftrace's first line; perf says nothing.
        assert running.stdout
        select.select([running.stdout], [], [], 2.0)
        if running.poll() is not None:
            raise SystemExit(f"{command[0]} ended before it began")
        yield
    finally:
        running.terminate()
        running.communicate()


def enter() -> None:
    """Be the same program in a mount namespace of its own, where perf and bpftrace find tracefs."""
    if not os.environ.get(INSIDE):
        os.environ[INSIDE] = "1"
        mount = "mount -t tracefs none /sys/kernel/tracing; mount -t debugfs none /sys/kernel/debug"
        script = f'{mount} 2>/dev/null; exec "$@"'
        os.execvp("unshare", ["unshare", "--mount", "sh", "-c", script, "sh", *sys.orig_argv])


def measure(rounds: int) -> dict[str, list[float]]:
    """Return the times of each tool, in ns for a call, a dict of lists of float by name, with one
    for each of ``rounds``, an int."""
    found: dict[str, list[float]] = {NOTHING: []}
    for _ in range(rounds):
        found[NOTHING].append(copy_bytes([]))
        for name, command in WATCHERS.items():
            if shutil.which(command[0]):
                with watching(command):
                    found.setdefault(name, []).append(copy_bytes([]))
        for name, prefix in STARTERS.items():
            if shutil.which(prefix[0]):
                found.setdefault(name, []).append(copy_bytes(prefix))
    return found


def main(rounds: int) -> None:
    enter()
    found = measure(rounds)
    none = statistics.median(found[NOTHING])
    print("| what counts | ns per call | added | least and most |")
    print("| --- | --- | --- | --- |")
    for name, figures in found.items():
        median = statistics.median(figures)
        added = f"{median - none:,.0f}" if name != NOTHING else ""
        spread = f"{min(figures):,.0f} to {max(figures):,.0f}"
        print(f"| {name} | {median:,.0f} | {added} | {spread} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
