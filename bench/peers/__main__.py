"""What ``make bench`` does, in three steps: only the one in the middle needs privilege.

    python -m peers build               tuxscope in a venv of its own, the C programs, into .bench
    sudo python -m peers measure        prints what it has measured, as JSON
    python -m peers report FILE         prints tables of that, and draws it (--record: for docs/)

``measure --quick`` takes seconds, to see whether all works; its figures say nothing.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from peers import building, page, privately
from peers.building import BenchError
from peers.figures import Results
from peers.measuring import QUICK, Bench, Settings, available, progress

HARD_LIMIT = 60  # seconds after the limit: then what still runs is cut off


def measure(settings: Settings) -> Results:
    """All measures. Raises BenchError."""
    built = building.built()
    absent = dict(built.absent)
    no_tracefs = privately.mount()
    if no_tracefs:
        absent |= {peer: no_tracefs for peer in built.versions if peer != "tuxscope"}
    for peer, why in absent.items():
        print(f"without {peer}: {why}", file=sys.stderr)
    start, load = time.monotonic(), os.getloadavg()[0]
    bench = Bench(settings, available(absent))
    signal.alarm(int(settings.limit + HARD_LIMIT))
    bench.run()
    signal.alarm(0)
    progress("")
    for name, why in bench.failed.items():
        print(f"{name} failed: {why}", file=sys.stderr)
    return Results(
        date=time.strftime("%Y-%m-%d"),
        machine=privately.machine(),
        load=load,
        commit=built.commit,
        versions={name: each for name, each in built.versions.items() if name not in absent},
        absent=absent,
        failed=bench.failed,
        runs=bench.runs,
        events=settings.events,
        seconds=time.monotonic() - start,
        values=bench.values,
    )


def results_in(file: Path) -> Results:
    """Those that measure() printed. Raises BenchError where there are none."""
    try:
        return Results.from_json(file.read_text())
    except (OSError, ValueError, TypeError) as error:
        raise BenchError(f"no results in {file}; type make bench") from error


def stop(number: int, frame: FrameType | None) -> None:
    """End in good order: whoever is running is killed on the way."""
    if number == signal.SIGALRM:  # one measure fails by that; the others were made
        raise BenchError("it took too long")
    raise SystemExit(128 + number)


def main() -> None:
    parser = argparse.ArgumentParser(prog="peers", description=__doc__.split("\n")[0])
    steps = parser.add_subparsers(dest="step", required=True)
    building_step = steps.add_parser("build")
    building_step.add_argument("--here", action="store_true", help="this Python's tuxscope")
    measuring = steps.add_parser("measure")
    measuring.add_argument("--quick", action="store_true")
    reporting = steps.add_parser("report")
    reporting.add_argument("file", type=Path)
    reporting.add_argument("--record", action="store_true")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, stop)
    try:
        if arguments.step == "build":
            building.build(here=arguments.here)
        elif arguments.step == "measure":
            privately.bpf_within_reach()
            privately.enter()
            print(measure(QUICK if arguments.quick else Settings()).as_json())
        else:
            results = results_in(arguments.file)
            print(page.table(results))
            (building.PLACE / "latency.svg").write_text(page.drawing(results))
            if arguments.record:
                page.record(results, building.ROOT / "docs")
    except BenchError as error:
        raise SystemExit(f"bench: {error}") from error


main()
