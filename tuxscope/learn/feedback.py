"""A verdict as text, and as an object for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tuxscope.learn.engine.verdict import StageState, Verdict, to_object
from tuxscope.learn.workplace import Workplace
from tuxscope.loader.privilege import missing_capabilities
from tuxscope.output.report import Report, remarks, shown

NAMES = {"pure": "interpreter", "kernel": "kernel"}


def lines(verdict: Verdict, place: Workplace, fd: int) -> Iterator[str]:
    """Yield the lines to print for ``verdict``, a Verdict on the page at ``place``, a Workplace, on
    the terminal ``fd``, a file descriptor."""
    if verdict.finding:
        yield from shown(report(verdict, place), fd)
        return
    left = verdict.kernel and verdict.kernel.state is StageState.NOT_RUN
    if left and verdict.kernel:
        yield f"{verdict.name}: passed in the interpreter"
        yield f"  {'kernel':<9} not yet: {verdict.kernel.why}"
        if missing_capabilities():
            yield f"  {'try':<9} sudo {place.command('check')}"
    elif verdict.kernel:
        yield f"{verdict.name}: passed, in the interpreter and on the kernel"
    else:
        yield f"{verdict.name}: passed"


def report(verdict: Verdict, place: Workplace) -> Report:
    """Return a Report of what is wrong by ``verdict``, a Verdict with a finding, with the line of
    the page at ``place``, a Workplace."""
    finding = verdict.finding
    assert finding
    where = "" if verdict.pure.state is StageState.FAILED else " on the kernel"
    return Report(
        finding.source.place if finding.source else "",
        f"{verdict.name} has not passed{where}",
        finding.source,
        remarks=remarks(
            ("task", place.exercise.title),
            ("expected", finding.expected),
            ("got", finding.came),
            ("advice", finding.advice),
            ("hint", place.command("hint")),
        ),
    )


def as_object(verdict: Verdict, place: Workplace) -> dict[str, Any]:
    """Return the dict of ``--format json`` for ``verdict``, a Verdict on the page at ``place``, a
    Workplace."""
    fields = to_object(verdict)
    fields["hint"] = None if verdict.passed else place.command("hint")
    return fields
