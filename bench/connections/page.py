"""The tables of make bench-net, on the terminal and in docs/tools/net.md."""

from __future__ import annotations

from pathlib import Path

from peers.building import BenchError
from peers.figures import UNPROBED, Measure, Results, Summary, quotient
from peers.page import figures, markdown, origin

from connections.readers import PARTNERS, READERS

BEGIN = "<!-- What it costs: make bench-net RECORD=1 writes it. -->\n"
END = "<!-- What it costs ends. -->\n"
NEW = f"# tuxscope net\n\n## What it costs\n\n{BEGIN}{END}"
ORDER = (UNPROBED, *(each.name for each in READERS))
TRACED = Measure("traced", "traced process, us per cycle", 1)
BYSTANDER = Measure("bystander", "bystander, us per cycle", 1)
MEASURES = (
    TRACED,
    BYSTANDER,
    Measure("rate", "cycles/s reached"),
    Measure("cpu", "reader's CPU, s per 100,000 cycles", 2),
    Measure("paced", "delivered when paced, %", 3, Summary.LEAST, compared=False),
    Measure("delivered", "delivered in a flood, %", 3, Summary.LEAST, compared=False),
    Measure("unaccounted", "neither delivered nor counted lost", 0, Summary.MOST, compared=False),
    Measure("peak", "peak resident memory, MiB", 1),
)
EXPLAINED = """\
A *cycle* is a connect, an accept and both closes on loopback
([bench/connector.c](../../bench/connector.c)): four events. The clients' ends stay in TIME_WAIT.
The servers' addresses, 127.0.0.1 to 127.0.0.200, therefore take turns, in a separate network
namespace for each run. SO_LINGER is not used.

The peers are bpftrace scripts that print, or count, the same:
[net.bt](../../bench/connections/net.bt) and [summary.bt](../../bench/connections/summary.bt). All
take turns, in one run. The *traced process*'s time is the CPU time of both sides in a flood. The
*bystander* is a second such process, which the filter by PID rejects. The *reader's CPU* is its CPU
time in the flood, divided by the events delivered. *Paced* is 2,000 cycles a second. A flood is as
fast as possible; a reader may lose events there, and reports them as lost. `make bench-net` takes
about two minutes, and with QUICK=1 seconds.
"""


def ratios(results: Results) -> str:
    """Return a table in Markdown, a str: what each reader costs, as a ratio to its peer, by
    ``results``, a Results."""
    heads = [f"{one} / {other}" for one, other in PARTNERS.items()]
    rows = [["ratio of medians", *heads]]
    for measure in MEASURES:
        if measure.compared:
            found = [quotient(results, measure, *pair) for pair in PARTNERS.items()]
            if any(each is not None for each in found):
                rows.append([measure.label, *map(shown, found)])
    return markdown(rows)


def slowdown(results: Results) -> str:
    """Return a table in Markdown, a str: a traced process's CPU time as a ratio to that without a
    reader, by ``results``, a Results."""
    readers = [each for each in results.readers(ORDER) if each != UNPROBED]
    rows = [["ratio to unprobed", *readers]]
    for measure in (TRACED, BYSTANDER):
        found = [quotient(results, measure, each, UNPROBED) for each in readers]
        rows.append([measure.label.partition(",")[0], *map(shown, found)])
    return markdown(rows)


def shown(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.3g}"


def table(results: Results) -> str:
    """Return all tables of ``results``, a Results, in Markdown, a str."""
    parts = [
        origin(results, "cycles"),
        slowdown(results),
        ratios(results),
        figures(results, MEASURES, ORDER),
    ]
    return "\n\n".join(parts)


def record(results: Results, path: Path) -> None:
    """Write the tables of ``results``, a Results, between the marks of the page ``path``, a Path,
    which is created if it does not exist. Raises BenchError if it has no marks."""
    text = path.read_text() if path.exists() else NEW
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchError(f"{path.name} has no place for the table: {BEGIN.strip()} {END.strip()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{before}{BEGIN}\n{table(results)}\n\n{EXPLAINED}\n{END}{after}")
