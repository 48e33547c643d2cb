"""What ``make bench-net`` does, after ``python -m peers build``:

    sudo python -m connections measure        prints what it has measured, as JSON
    python -m connections report FILE         prints tables of that (--record: for docs/)

``measure --quick`` takes seconds, to see whether all works; its figures say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from peers import building, steps
from peers.figures import Results

from connections import page
from connections.measuring import QUICK, Bench, Settings
from connections.readers import READERS


def plan(quick: bool, absent: Mapping[str, str]) -> steps.Plan:
    settings = QUICK if quick else Settings()
    bench = Bench(tuple(each for each in READERS if each.peer not in absent), settings)
    return steps.Plan(bench, bench.run, settings.cycles, settings.limit)


def report(results: Results, record: bool) -> None:
    print(page.table(results))
    if record:
        page.record(results, building.ROOT / "docs" / "tools" / "net.md")


steps.main("connections", __doc__.split("\n")[0], plan, report)
