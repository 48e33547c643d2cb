"""What a guest's console says, and the table of all guests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kernels.matrix import Guest

SAID = re.compile(r"^tuxscope-guest: (.*)$", re.MULTILINE)
SUMMARY = re.compile(r"^=* ?(\d+ \w+.*) in \d+\.\d+s.*$", re.MULTILINE)
FAILURE = re.compile(r"^(?:FAILED|ERROR) .*$", re.MULTILINE)
NOTE = re.compile(r"^vm: (.*)$", re.MULTILINE)  # tests/vm/conftest.py
TAIL = 40  # lines


@dataclass(frozen=True)
class Outcome:
    """How one guest ended.

    Attributes:
        facts: what the guest says of itself; empty if it did not get so far.
        counts: of tests, by pytest's words: passed, failed, skipped, error.
        failure: why it failed, with what to look at; empty if it did not.
        note: what random programs came to, and what of the table this kernel lacks.
        not_run: why it was not even tried; empty if it was.
    """

    guest: Guest
    seconds: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    failure: str = ""
    note: str = ""
    not_run: str = ""

    @property
    def state(self) -> str:
        if self.not_run:
            return "NOT RUN"
        return "FAILED" if self.failure else "passed"


def read_console(guest: Guest, console: str, seconds: float, in_time: bool) -> Outcome:
    """What came of a guest that was booted."""
    said: dict[str, Any] = {}
    for line in SAID.findall(console):
        try:
            said |= json.loads(line)
        except ValueError:  # the kernel spoke in the middle of it
            continue
    status = said.pop("status", None)
    summaries = SUMMARY.findall(console)
    counts = {
        word.rstrip("s") if word == "errors" else word: int(number)
        for number, word in re.findall(r"(\d+) (\w+)", summaries[-1] if summaries else "")
    }
    failure = ""
    if status is None:
        how = "it ended before its tests did" if in_time else "it hung, and was killed"
        failure = f"{how}; the last lines of its console:\n{tail(console)}"
    elif status or not counts:
        failures = FAILURE.findall(console)
        failure = "\n".join(failures) or f"pytest ended with {status}:\n{tail(console)}"
    notes = NOTE.findall(console)
    return Outcome(guest, seconds, said, counts, failure, notes[-1] if notes else "")


def tail(console: str) -> str:
    return "\n".join(console.rstrip().splitlines()[-TAIL:])


HEADINGS = (
    "kernel", "release", "architecture", "page", "byte order", "CPUs",
    "passed", "failed", "skipped", "seconds", "",
)  # fmt: skip


def row(outcome: Outcome) -> tuple[str, ...]:
    facts, counts = outcome.facts, outcome.counts
    page = f"{facts['page_size'] >> 10} KiB" if facts else ""
    failed = counts.get("failed", 0) + counts.get("error", 0)
    numbers = [counts.get("passed", 0), failed, counts.get("skipped", 0), round(outcome.seconds)]
    return (
        outcome.guest.series,
        facts.get("release", outcome.guest.flavour),
        outcome.guest.architecture,
        page,
        facts.get("byte_order", ""),
        facts.get("cpus", ""),
        *(["", "", "", ""] if outcome.not_run else map(str, numbers)),
        outcome.state,
    )


def as_text(outcomes: Iterable[Outcome]) -> str:
    """The table for a terminal."""
    rows = [HEADINGS, *map(row, outcomes)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in rows
    )


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """The table for the docs."""
    rule = ["---"] * len(HEADINGS)
    rows = [HEADINGS, rule, *map(row, outcomes)]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
    notes = "".join(f"- {each.guest.name}: {each.note}\n" for each in outcomes if each.note)
    return f"{table}\n{notes}" if notes else table
