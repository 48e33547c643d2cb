"""Build, measure, report: the steps of a bench as a command. Only measuring needs privilege."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from peers import building, privately
from peers.building import BenchError
from peers.figures import Results
from peers.rounds import Rounds, progress

HARD_LIMIT = 60  # seconds after the limit: then what still runs is cut off


@dataclass(frozen=True)
class Plan:
    """A frozen dataclass: what is to be measured.

    Attributes:
        rounds: they collect the values.
        run: fills them.
        events: of a flood.
        limit: seconds after which no further measure begins.
    """

    rounds: Rounds[Any]
    run: Callable[[], None]
    events: int
    limit: float


Planner = Callable[[bool, Mapping[str, str]], Plan]  # quick or not; why peers are absent


def measure(planner: Planner, *, quick: bool) -> Results:
    """Return the Results of all measures by ``planner``, a Planner; ``quick``, a bool,
    keyword-only, is for a short run. Raises BenchError."""
    built = building.built()
    absent = dict(built.absent)
    no_tracefs = privately.mount()
    if no_tracefs:
        absent |= {peer: no_tracefs for peer in built.versions if peer != "tuxscope"}
    for peer, why in absent.items():
        print(f"without {peer}: {why}", file=sys.stderr)
    start, load = time.monotonic(), os.getloadavg()[0]
    plan = planner(quick, absent)
    signal.alarm(int(plan.limit + HARD_LIMIT))
    plan.run()
    signal.alarm(0)
    progress("")
    for name, why in plan.rounds.failed.items():
        print(f"{name} failed: {why}", file=sys.stderr)
    return Results(
        date=time.strftime("%Y-%m-%d"),
        machine=privately.machine(),
        load=load,
        commit=built.commit,
        versions={name: each for name, each in built.versions.items() if name not in absent},
        absent=absent,
        failed=plan.rounds.failed,
        runs=plan.rounds.runs,
        events=plan.events,
        seconds=time.monotonic() - start,
        values=plan.rounds.values,
    )


def results_in(file: Path) -> Results:
    """Return the Results that measure() printed to ``file``, a Path. Raises BenchError if it has
    none."""
    try:
        return Results.from_json(file.read_text())
    except (OSError, ValueError, TypeError) as error:
        raise BenchError(f"no results in {file}; type make bench") from error


def stop(number: int, frame: FrameType | None) -> None:
    """Handle a signal with this ``number``, an int, and ``frame``: raise BenchError at the time
    limit, else SystemExit, so that running processes are killed on the way."""
    if number == signal.SIGALRM:  # one measure fails by that; the others were made
        raise BenchError("it took too long")
    raise SystemExit(128 + number)


def main(
    name: str, description: str, planner: Planner, report: Callable[[Results, bool], None]
) -> None:
    """Do the step that the command line of ``name`` names; ``description`` is for its help, both
    str.

    ``planner`` is a Planner. ``report`` takes the Results, and a bool, whether to write into docs/.
    """
    parser = argparse.ArgumentParser(prog=name, description=description)
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
            print(measure(planner, quick=arguments.quick).as_json())
        else:
            report(results_in(arguments.file), arguments.record)
    except BenchError as error:
        raise SystemExit(f"bench: {error}") from error
