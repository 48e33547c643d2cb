"""exec to first line: how long until tuxscope shows the first write() of a 1 kHz writer.

    sudo .venv/bin/python -B bench/start.py [RUNS]

Prints median, range and peak memory. Absolute times depend on the machine: the start of Python
itself, printed beside them, tells how fast it is.
"""

from __future__ import annotations

import os
import select
import statistics
import subprocess
import sys
import time
from pathlib import Path

WRITER = """
import os, time
null = os.open("/dev/null", os.O_WRONLY)
while True:
    os.write(null, b"x")
    time.sleep(0.001)
"""
LIMIT = 20  # seconds for one run
TUXSCOPE = str(Path(sys.executable).with_name("tuxscope"))


def first_event(pid: int) -> tuple[float, int]:
    """Return a pair for a run that traces process ``pid``, an int: milliseconds from exec to the
    first line after the header, a float, and peak memory in KiB, an int."""
    begin = time.perf_counter()
    process = subprocess.Popen([TUXSCOPE, "hello", "--pid", str(pid)], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    assert process.stdout
    output = b""
    while output.count(b"\n") < 2:
        ready, _, _ = select.select([process.stdout], (), (), LIMIT)
        chunk = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
        if not chunk:
            process.kill()
            raise SystemExit("tuxscope printed no event; run this as root")
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
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    writer = subprocess.Popen([sys.executable, "-S", "-c", WRITER])
    try:
        measured = [(*first_event(writer.pid), python_itself()) for _ in range(runs)]
    finally:
        writer.kill()
        writer.wait()
    times, peaks, empty = zip(*measured, strict=True)
    print(
        f"first event: median {statistics.median(times):.0f} ms "
        f"({min(times):.0f} to {max(times):.0f}), Python itself "
        f"{statistics.median(empty):.0f} ms, peak {max(peaks) / 1024:.1f} MiB, {runs} runs"
    )


main()
