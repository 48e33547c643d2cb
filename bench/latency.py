"""How long from an event to its line, and what the reader's CPU time is.

    sudo .venv/bin/python -B bench/latency.py [SECONDS [OPTIONS OF tuxscope hello ...]]

For each rate of writes a second: the median, the 99th percentile and the worst of the time from
the timestamp in a line (CLOCK_MONOTONIC, read in the kernel) until the line has come through the
pipe, and the CPU time of tuxscope in percent of one CPU, while it runs and without its start.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

SETTLE = 0.5  # seconds after the start that do not count
RATES = (0, 1, 10, 1000, 10_000, 100_000)
TUXSCOPE = str(Path(sys.executable).with_name("tuxscope"))
WRITER = """
import os, sys, time
rate, null = int(sys.argv[1]), os.open("/dev/null", os.O_WRONLY)
burst = max(rate // 1000, 1)
due = time.monotonic() + 1.2345 / max(rate, 1)
while rate:
    time.sleep(max(due - time.monotonic(), 0))
    for _ in range(burst):
        os.write(null, b"x")
    due += burst / rate
time.sleep(1000)
"""


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of process ``pid``, an int, so far, in seconds."""
    fields = Path(f"/proc/{pid}/schedstat").read_text().split()
    return int(fields[0]) / 1e9


def measure(rate: int, seconds: float, options: list[str], tool: Sequence[str] = ("hello",)) -> str:
    """Return a row of the table, a str: the latency of ``tool``, a sequence of words, with
    ``options``, a list of str, at ``rate`` writes a second for so many ``seconds``."""
    writer = subprocess.Popen([sys.executable, "-S", "-c", WRITER, str(rate)])
    command = [TUXSCOPE, *tool, "--pid", str(writer.pid), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    fd = process.stdout.fileno()
    latencies: list[float] = []
    try:
        os.read(fd, 1 << 20)  # the header: it is attached
        os.set_blocking(fd, False)
        begin, used = time.monotonic() + SETTLE, 0.0
        while time.monotonic() < begin + seconds:
            if not used and time.monotonic() > begin:
                used = cpu_seconds(process.pid)
            try:
                chunk = os.read(fd, 1 << 20)
            except BlockingIOError:
                time.sleep(0.0002)
                continue
            now = time.monotonic_ns()
            if now < begin * 1e9:
                continue
            times = [int(each) for each in re.findall(rb" (\d{6,})\n", chunk)]
            latencies += [(now - each) / 1e6 for each in times]
        share = (cpu_seconds(process.pid) - used) / (time.monotonic() - begin)
    finally:
        for each in (process, writer):
            each.kill()
            each.wait()
        process.stdout.close()
    if not latencies:
        return f"{rate:>9} | {'':>9} | {'':>9} | {'':>9} | {share:7.2%}"
    latencies.sort()
    late = latencies[len(latencies) * 99 // 100]
    return (
        f"{rate:>9} | {statistics.median(latencies):6.1f} ms | {late:6.1f} ms | "
        f"{latencies[-1]:6.1f} ms | {share:7.2%}"
    )


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("writes/s  |    median |  99 of 100 |    worst | CPU")
    for rate in RATES:
        print(measure(rate, seconds * (3 if rate == 1 else 1), sys.argv[2:]), flush=True)


if __name__ == "__main__":
    main()
