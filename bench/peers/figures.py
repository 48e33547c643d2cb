"""From measured values to figures: medians, ranges, ratios, and whether limits hold."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Self

Values = dict[str, dict[str, list[float]]]  # of a measure, by reader, one for each run

TUXSCOPE, TUXSCOPE_JSON = "tuxscope", "tuxscope JSON"
LIBBPF, LIBBPF_JSON = "libbpf watermark", "libbpf watermark JSON"
BPFTRACE = "bpftrace"
UNPROBED = "unprobed"
READERS = (TUXSCOPE, TUXSCOPE_JSON, LIBBPF, LIBBPF_JSON, "libbpf default", BPFTRACE, UNPROBED)
PARTNER = {TUXSCOPE: LIBBPF, TUXSCOPE_JSON: LIBBPF_JSON}


@dataclass(frozen=True)
class Results:
    """A frozen dataclass: what ``measure`` prints.

    Attributes:
        date: a str, YYYY-MM-DD.
        machine: a dict of str: ``cpu`` and ``kernel``.
        load: the load average of the minute before.
        commit: of the checkout, a str.
        versions: by peer.
        absent: why a peer is not in it.
        failed: the last failure of a reader.
        runs: full repetitions.
        events: of a flood.
        seconds: that it took.
        values: the Values, lists of float by measure and reader.
    """

    date: str
    machine: dict[str, str]
    load: float
    commit: str
    versions: dict[str, str]
    absent: dict[str, str]
    failed: dict[str, str]
    runs: int
    events: int
    seconds: float
    values: Values = field(default_factory=dict)

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the Results that as_json() wrote to ``text``, a str."""
        return cls(**json.loads(text))

    def of(self, measure: str, reader: str) -> list[float]:
        """Return the values of ``measure``, a key, for ``reader``, a name, as a list of float;
        empty if it was not measured."""
        return self.values.get(measure, {}).get(reader, [])

    def readers(self, order: Sequence[str] = READERS) -> list[str]:
        """Those that there are values of, in the order of the tables."""
        found = {name for each in self.values.values() for name in each}
        return [name for name in order if name in found]


class Summary(Enum):
    """An enum: which of the values of all runs counts. Members: MEDIAN = "median", LEAST = "least",
    MOST = "most"."""

    MEDIAN = "median"
    LEAST = "least"
    MOST = "most"

    def of(self, values: Sequence[float]) -> float:
        match self:
            case Summary.LEAST:
                return min(values)
            case Summary.MOST:
                return max(values)
            case _:
                return statistics.median(values)


@dataclass(frozen=True)
class Measure:
    """A frozen dataclass: a row of the table.

    Attributes:
        key: in the results.
        label: with the unit.
        digits: after the point.
        summary: what is shown first; the range follows.
        compared: whether a ratio to another tool says something.
    """

    key: str
    label: str
    digits: int = 0
    summary: Summary = Summary.MEDIAN
    compared: bool = True

    def shown(self, values: Sequence[float]) -> str:
        """Such as ``0.51 (0.50 to 0.53)``; empty for no values."""
        if not values:
            return ""
        low, high = self.number(min(values)), self.number(max(values))
        figure = self.number(self.summary.of(values))
        return figure if low == high else f"{figure} ({low} to {high})"

    def number(self, value: float) -> str:
        return f"{value:,.{self.digits}f}"


MEASURES = (
    Measure("delivered", "delivered in a flood, %", 4, Summary.LEAST, compared=False),
    Measure("unaccounted", "neither delivered nor counted lost", 0, Summary.MOST, compared=False),
    Measure("rate", "writes/s reached"),
    Measure("cpu", "reader's CPU, s per million events", 3),
    Measure("cpu_whole", "the same, with its start", 3),
    Measure("traced", "traced process, ns per write()"),
    Measure("bystander", "bystander, ns per write()"),
    Measure("first_line", "exec to first line, ms", 1),
    Measure("slow_median", "latency at 1/s, median, ms", 2),
    Measure("slow_worst", "latency at 1/s, worst, ms", 2, Summary.MOST),
    Measure("fast_median", "latency at 100,000/s, median, ms", 2),
    Measure("fast_p99", "latency at 100,000/s, 99 %, ms", 2),
    Measure("fast_worst", "latency at 100,000/s, worst, ms", 2, Summary.MOST),
    Measure("fast_delivered", "delivered at 100,000/s, %", 4, Summary.LEAST, compared=False),
    Measure("idle", "CPU when idle, %", 3),
    Measure("peak", "peak resident memory, MiB", 1),
    Measure("slots", "program, slots"),
    Measure("jited", "program, bytes as machine code"),
)
BY_KEY = {each.key: each for each in MEASURES}


@dataclass(frozen=True)
class Limit:
    """A frozen dataclass: a limit of a figure.

    Attributes:
        measure: the key of the Measure.
        reader: the reader's name.
        against: the reader that the figure is divided by; None for the figure itself.
        bound: the highest value accepted, a float.
        at_least: whether the bound is the lowest accepted, instead of the highest.
    """

    measure: str
    reader: str
    against: str | None
    bound: float
    at_least: bool = False

    def holds(self, figure: float) -> bool:
        return figure >= self.bound if self.at_least else figure <= self.bound


def for_both(measure: str, bound: float, *, at_least: bool = False) -> tuple[Limit, Limit]:
    """Return the Limits for tuxscope's text and JSON, a pair: the ratio of ``measure``, a key, to
    libbpf's is at most ``bound``, a float, or at least, if ``at_least``, a bool, keyword-only."""
    text, json = (
        Limit(measure, reader, partner, bound, at_least) for reader, partner in PARTNER.items()
    )
    return text, json


LIMITS = (
    Limit("delivered", TUXSCOPE, None, 100, at_least=True),
    Limit("delivered", TUXSCOPE_JSON, None, 100, at_least=True),
    *for_both("rate", 0.9, at_least=True),
    *for_both("cpu", 2.5),
    Limit("cpu", TUXSCOPE, BPFTRACE, 0.2),
    *for_both("traced", 1.1),
    Limit("bystander", TUXSCOPE, LIBBPF, 1.0),
    Limit("first_line", TUXSCOPE, BPFTRACE, 1.0),
    Limit("slow_median", TUXSCOPE, None, 20),
    Limit("slow_worst", TUXSCOPE, None, 100),
    Limit("fast_median", TUXSCOPE, None, 20),
    Limit("fast_worst", TUXSCOPE, None, 100),
    Limit("idle", TUXSCOPE, None, 1),
    Limit("peak", TUXSCOPE, None, 32),
    Limit("peak", TUXSCOPE_JSON, None, 32),
    Limit("slots", TUXSCOPE, None, 22),
)


def ratio(results: Results, measure: str, reader: str, against: str) -> float | None:
    """Return ``measure``, a key, of ``reader`` divided by that of ``against``, both names, by
    ``results``, a Results; None if one was not measured, or is 0."""
    return quotient(results, BY_KEY[measure], reader, against)


def quotient(results: Results, measure: Measure, reader: str, against: str) -> float | None:
    """Return ``measure``, any Measure, of ``reader`` divided by that of ``against``, both names, by
    ``results``, a Results; None if one was not measured, or is 0."""
    ours, theirs = results.of(measure.key, reader), results.of(measure.key, against)
    if not ours or not theirs:
        return None
    summary = measure.summary
    divisor = summary.of(theirs)
    return summary.of(ours) / divisor if divisor else None


PAIRS = 21  # of runs one after the other: from so many on, a ratio is judged by its interval
RESAMPLES = 2000


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the median, by bootstrap; the same for the same values."""
    chance = random.Random(0)
    medians = sorted(
        statistics.median(chance.choices(values, k=len(values))) for _ in range(RESAMPLES)
    )
    return medians[RESAMPLES // 40], medians[-RESAMPLES // 40 - 1]


@dataclass(frozen=True)
class Verdict:
    """A frozen dataclass: a limit, and what was measured.

    The figure of PAIRS or more ratios, each of two runs in turn, is their median. The limit then
    holds if the nearer end of its 95 % interval does.

    Attributes:
        limit: the Limit.
        figure: a float, or None if it was not measured.
        alone: of the runs taken one by one, how many hold, and how many there are. Where these
            disagree, the limit is within what this machine can tell.
        interval: the 95 % interval, a pair of float, or None if there are fewer ratios.
    """

    limit: Limit
    figure: float | None
    alone: tuple[int, int]
    interval: tuple[float, float] | None = None

    @property
    def holds(self) -> bool | None:
        """Of the figure as it is: nothing is rounded in its favour."""
        if self.figure is None:
            return None
        low, high = self.interval or (self.figure, self.figure)
        return self.limit.holds(high if self.limit.at_least else low)


def verdicts(results: Results) -> Iterator[Verdict]:
    for limit in LIMITS:
        values = results.of(limit.measure, limit.reader)
        found = None
        if limit.against is None:
            figure = BY_KEY[limit.measure].summary.of(values) if values else None
        else:
            figure = ratio(results, limit.measure, limit.reader, limit.against)
            theirs = results.of(limit.measure, limit.against)
            values = [one / other for one, other in zip(values, theirs, strict=False) if other]
            if len(values) >= PAIRS:
                figure, found = statistics.median(values), interval(values)
        yield Verdict(limit, figure, (sum(map(limit.holds, values)), len(values)), found)
