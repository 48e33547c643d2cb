"""exec to first line: how long until tuxscope shows the first write() of a 1 kHz writer.

    sudo .venv/bin/python -B bench/start.py [RUNS]

Prints median, range and peak memory. Absolute times depend on the machine: the start of Python
itself, printed beside them, tells how fast it is. Where bpftrace is installed, it takes turns with
tuxscope, and the ratio is printed, the median with its 95 % interval by bootstrap.
"""

from __future__ import annotations

import os
import select
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from calls import enter
from peers.figures import interval

WRITER = """
import os, time
null = os.open("/dev/null", os.O_WRONLY)
while True:
    os.write(null, b"x")
    time.sleep(0.001)
"""
LIMIT = 20  # seconds for one run
TUXSCOPE = str(Path(sys.executable).with_name("tuxscope"))
SCRIPT = (
    "tracepoint:syscalls:sys_enter_write /pid == {pid}/ "
    '{{ printf("%d %s %llu\\n", pid, comm, nsecs); }}'
)


def first_event(command: list[str], lines: int) -> tuple[float, int]:
    """Return a pair for a run of ``command``: milliseconds from exec to the last of its first
    ``lines``, an int, a float, and peak memory in KiB, an int."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout
    output = b""
    while output.count(b"\n") < lines:
        ready, _, _ = select.select([process.stdout], (), (), LIMIT)
        chunk = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
        if not chunk:
            process.kill()
            raise SystemExit(f"{command[0]} printed no event; run this as root")
        output += chunk
    milliseconds = (time.perf_counter() - begin) * 1000
    process.terminate()
    process.stdout.close()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return milliseconds, usage.ru_maxrss


def python_itself() -> float:
    """Milliseconds that an empty Python program takes."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return (time.perf_counter() - begin) * 1000


def main() -> None:
    enter()
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 21
    writer = subprocess.Popen([sys.executable, "-S", "-c", WRITER])
    try:
        ours = [TUXSCOPE, "hello", "--pid", str(writer.pid)]
        theirs = ["bpftrace", "-B", "line", "-e", SCRIPT.format(pid=writer.pid)]
        beside = bool(shutil.which("bpftrace"))
        measured, peer = [], []
        for _ in range(runs):
            measured.append((*first_event(ours, 2), python_itself()))  # behind the header
            peer += [first_event(theirs, 1)[0]] if beside else []
    finally:
        writer.kill()
        writer.wait()
    times, peaks, empty = zip(*measured, strict=True)
    print(
        f"first event: median {statistics.median(times):.0f} ms "
        f"({min(times):.0f} to {max(times):.0f}), Python itself "
        f"{statistics.median(empty):.0f} ms, peak {max(peaks) / 1024:.1f} MiB, {runs} runs"
    )
    if peer:
        ratios = [own / other for own, other in zip(times, peer, strict=True)]
        low, high = interval(ratios)
        print(
            f"bpftrace: median {statistics.median(peer):.0f} ms; "
            f"ratio {statistics.median(ratios):.3f} ({low:.3f} to {high:.3f})"
        )


main()
