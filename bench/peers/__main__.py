"""What ``make bench`` does, in three steps: only the one in the middle needs privilege.

    python -m peers build               tuxscope in a venv of its own, the C programs, into .bench
    sudo python -m peers measure        prints what it has measured, as JSON
    python -m peers report FILE         prints tables of that, and draws it (--record: for docs/)

``measure --quick`` takes seconds, to see whether all works; its figures say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from peers import building, page, steps
from peers.figures import Results
from peers.measuring import QUICK, Bench, Settings, available


def plan(quick: bool, absent: Mapping[str, str]) -> steps.Plan:
    settings = QUICK if quick else Settings()
    bench = Bench(available(absent), settings)
    return steps.Plan(bench, bench.run, settings.events, settings.limit)


def report(results: Results, record: bool) -> None:
    print(page.table(results))
    (building.PLACE / "latency.svg").write_text(page.drawing(results))
    if record:
        page.record(results, building.ROOT / "docs")


steps.main("peers", __doc__.split("\n")[0], plan, report)
