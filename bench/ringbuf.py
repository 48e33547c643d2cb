"""hello on a ring buffer beside hello on perf rings, and what the wakeups of the former cost.

    sudo .venv/bin/python -B bench/ringbuf.py [SECONDS]

First, for each rate of writes a second of one process: the latency of a line and the CPU time of
tuxscope, as bench/latency.py has them, through a pipe. Then what the traced process pays: dd with
bs=1, the time of a block, with each of these in turn, medians of ROUNDS rounds:

- untraced;
- hello on perf rings;
- hello on a ring buffer: the kernel wakes tuxscope, which waits for a millisecond and drains;
- the same with BPF_RB_NO_WAKEUP and a drain every 15 ms, as perf rings are drained.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from latency import RATES, TUXSCOPE, measure

import tuxscope.programs.hello as page_of_hello

ROUNDS = 7
BLOCKS = 1_000_000
DD = ("dd", "if=/dev/zero", "of=/dev/null", "bs=1", f"count={BLOCKS}")
BEGIN, END = "    a.mov(r1, r6)  # arguments of perf_event_output", '    a.label("out")'
WOKEN = "    a.ringbuf_output(EVENTS, event)\n"
NOT_WOKEN = """\
    a.ld_map(r1, EVENTS)
    a.lea(r2, event)
    a.mov(r3, HelloEvent.size)
    a.mov(r4, 1)
    a.call(helper.ringbuf_output)
"""
TIMED = """
import sys
import tuxscope.run.pace as pace
pace.WokenPace = pace.Pace
from tuxscope.entry import main
main()
"""


def page(directory: Path, name: str, output: str) -> str:
    """Write hello's page as file ``name``, a str, in ``directory``, a Path, with other code to send
    a record, ``output``, a str; return its path, a str."""
    text = Path(page_of_hello.__file__).read_text()
    text = text.replace(text[text.index(BEGIN) : text.index(END)], output)
    path = directory / name
    path.write_text(text.replace("PerfEventArray", "RingBuf"))
    return str(path)


def block(*prefix: str) -> float:
    """Return the nanoseconds of dd for a block, a float; ``prefix`` are the words of a command that
    runs dd, or none."""
    done = subprocess.run(
        [*prefix, *DD], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True
    )
    (seconds,) = re.findall(r"copied, ([\d.]+) s", done.stderr)
    return float(seconds) / BLOCKS * 1e9


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as directory:
        ring = page(Path(directory), "ring.py", WOKEN)
        timed = page(Path(directory), "timed.py", NOT_WOKEN)
        for name, command in (("perf rings", ["hello"]), ("ring buffer", ["run", ring])):
            print(f"{name}\nwrites/s  |    median |  99 of 100 |    worst | CPU")
            for rate in RATES:
                times = 3 if rate == 1 else 1
                print(measure(rate, seconds * times, [], command), flush=True)
        python = [sys.executable, "-B", "-c", TIMED]
        ways = {
            "untraced": [],
            "perf rings": [TUXSCOPE, "hello", "--"],
            "ring buffer": [TUXSCOPE, "run", ring, "--"],
            "no wakeups": [*python, "run", timed, "--"],
        }
        taken: dict[str, list[float]] = {each: [] for each in ways}
        for _ in range(ROUNDS):
            for name, prefix in ways.items():
                taken[name].append(block(*prefix))
        for name, times in taken.items():
            print(
                f"{name:<12} {statistics.median(times):5.0f} ns a block, "
                f"{min(times):.0f} to {max(times):.0f}"
            )


if __name__ == "__main__":
    main()
