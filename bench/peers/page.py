"""The tables of make bench, on the terminal and in docs/performance.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from peers.drawing import svg
from peers.figures import (
    BPFTRACE,
    BY_KEY,
    MEASURES,
    PARTNER,
    READERS,
    TUXSCOPE,
    Measure,
    Results,
    ratio,
    verdicts,
)

DRAWN = ("cpu", "traced", "first_line", "fast_median", "slow_median", "peak")
QUIET = 0.8  # load average, above which other work disturbs the run
ANSWER = {True: "yes", False: "**no**", None: "not measured"}


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown of ``rows``, sequences of str, the titles first; columns are as
    wide as their cells, for a terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        return f"| {' | '.join(padded)} |"

    head, *body = rows
    return "\n".join([line(head), line(["-" * width for width in widths]), *map(line, body)])


def figures(
    results: Results, measures: Sequence[Measure] = MEASURES, order: Sequence[str] = READERS
) -> str:
    """Return a table in Markdown, a str: the medians and ranges of ``measures``, a sequence of
    Measure, in ``results``, a Results, with a column for each reader, in ``order``, a sequence of
    names."""
    readers = results.readers(order)
    rows = [["", *readers]]
    for measure in measures:
        cells = [measure.shown(results.of(measure.key, reader)) for reader in readers]
        if any(cells):
            rows.append([measure.label, *cells])
    return markdown(rows)


def ratios(results: Results) -> str:
    """Return a table in Markdown, a str: tuxscope's figures as ratios to its peers', by
    ``results``, a Results."""
    pairs = [*PARTNER.items(), (TUXSCOPE, BPFTRACE)]
    rows = [["ratio of medians", *(f"{one} / {other}" for one, other in pairs)]]
    for measure in MEASURES:
        if not measure.compared:
            continue
        found = [ratio(results, measure.key, one, other) for one, other in pairs]
        cells = ["" if each is None else f"{each:.3g}" for each in found]
        if any(cells):
            rows.append([measure.label, *cells])
    return markdown(rows) if len(rows) > 1 else "There is no peer to compare with."


def limits(results: Results) -> str:
    """Return a table in Markdown, a str: each limit, and whether it holds in ``results``, a
    Results."""
    rows = [["measure", "of", "limit", "measured", "holds", "in runs"]]
    for verdict in verdicts(results):
        limit = verdict.limit
        sign = "≥" if limit.at_least else "≤"
        unit = f" x {limit.against}" if limit.against else ""
        figure = verdict.figure
        shown = "" if figure is None else f"{figure:.3f}" if figure < 100 else f"{figure:,.2f}"
        if verdict.interval:
            shown += " ({:.3f} to {:.3f})".format(*verdict.interval)
        rows.append([BY_KEY[limit.measure].label, limit.reader, f"{sign} {limit.bound:g}{unit}",
                     shown, ANSWER[verdict.holds], "{} of {}".format(*verdict.alone)])  # fmt: skip
    return markdown(rows)


def origin(results: Results, events: str = "events") -> str:
    """Return when, where and on what ``results``, a Results, were measured, a few lines;
    ``events``, a str, is what a flood consists of."""
    machine = results.machine
    versions = "; ".join(f"{name} {version}" for name, version in results.versions.items())
    lines = [
        f"{results.date}, {machine['cpu']}, Linux {machine['kernel']}",
        f"{versions}; commit {results.commit}",
        f"{results.runs} runs of {results.events:,} {events}, {results.seconds:.0f} s in all",
    ]
    if results.load > QUIET:
        lines.append(f"NOT QUIET: the load was {results.load:.1f} before it began")
    lines += [f"without {peer}: {why}" for peer, why in results.absent.items()]
    lines += [f"{reader} failed: {why}" for reader, why in results.failed.items()]
    return "\n".join(f"- {line}" for line in lines)


def table(results: Results) -> str:
    """Return all tables of ``results``, a Results, for the terminal, a str."""
    return "\n\n".join([origin(results), figures(results), ratios(results), limits(results)])


def drawing(results: Results) -> str:
    """Return the most telling measures of ``results``, a Results, as SVG, a str."""
    return svg({
        BY_KEY[key].label: {
            reader: results.of(key, reader) for reader in results.readers()
        } for key in DRAWN
    })  # fmt: skip


PAGE = """\
# Performance

These tables compare tuxscope with [bpftrace](https://github.com/bpftrace/bpftrace) and with a small
C program on libbpf ([bench/peers/hello.c](../bench/peers/hello.c)). The workload is the same for
all: one process that calls `write()` ([bench/writer.c](../bench/writer.c)). `make bench RECORD=1`
wrote this page:

{origin}

Figures differ between machines, and on one machine between hours. Compare only ratios of medians
within one run. All readers take turns in a run, several times.

![Medians and ranges](performance.svg)

{ratios}

The limits, and whether they hold:

{limits}

(*In runs*: how many of the runs hold the limit when each is taken alone. If they disagree, the
limit is within the noise of this machine. A ratio with an interval is the median of 21 pairs or
more, with its 95 % bootstrap interval. It holds if the nearer end of the interval does.)

All medians, with their ranges (for deliveries the minimum, for the worst latency the maximum):

{figures}

## How to read it

- *libbpf watermark* has 1024 pages for each CPU. The kernel wakes it at half a ring, or it wakes
  every 50 ms. *libbpf default* has 64 pages and is woken at each event, as are most programs on
  libbpf, and bpftrace. A reader that is woken at each event gets a tenth of the events, because
  each wakeup costs an interrupt in the traced process.
- A *flood* is one process that writes as fast as it can. The kernel program filters by its PID, and
  the lines go to a file (in memory, so that no disk is measured). *Delivered* counts the lines in
  the file with a timestamp in the flood. *Neither delivered nor counted lost* has to be 0.
- The *reader's CPU* is user and system time, from its first event to its exit, divided by the
  number of events delivered. *The same, with its start* adds the time before that: the startup of
  Python, or of LLVM.
- ns per `write()` of the *traced process* and of the *bystander* are CPU time in the flood. The
  bystander is a second process, which the filter rejects. *Unprobed* is the same without a reader.
- *exec to first line* is measured with a process that writes at 1 kHz.
- *Latency* is the time from an event's timestamp until its line comes out of a pipe. At 100,000/s
  the writer takes one CPU; the readers share the rest with the process that reads the pipe. A
  reader that is woken at each event may fall behind there. At 1/s the pauses are random, so that
  they do not stay in phase with a reader's timer.
- *Slots* and bytes of machine code are those after the verifier's changes, without a filter, as
  bpftool reports them.

## How to repeat it

Run `sudo apt install bpftrace clang libbpf-dev bpftool`, then `make bench` in a clone. A peer that
is not installed is left out, and the report says so. `make bench` takes less than ten minutes,
prints these tables, and writes all values to bench/results.json. `make bench QUICK=1` takes seconds
and only checks that the benchmark works.
"""


def text(results: Results) -> str:
    """Return the text of docs/performance.md, a str, with ``results``, a Results."""
    return PAGE.format(
        origin=origin(results),
        ratios=ratios(results),
        limits=limits(results),
        figures=figures(results),
    )


IMPORTS = "## What a start imports\n"  # bench/imports.py measures that, and it stays


def record(results: Results, docs: Path) -> None:
    """Write the page and its picture of ``results``, a Results, to the directory ``docs``, a
    Path."""
    page = docs / "performance.md"
    before = page.read_text() if page.exists() else ""
    _, heading, kept = before.partition(IMPORTS)
    page.write_text(text(results) + f"\n{heading}{kept}" * bool(heading))
    (docs / "performance.svg").write_text(drawing(results))
