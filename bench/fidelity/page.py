"""The tables of a run."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fidelity.comparing import Comparison, Difference, Found

EXAMPLES = 200
BEGIN = "<!-- Beside strace: python -m fidelity --record, in bench/, writes it. -->"
END = "<!-- Beside strace ends. -->"


def total(comparisons: Iterable[Comparison]) -> Comparison:
    """Return the sum of ``comparisons``, an iterable, as one Comparison, with the first example of
    each kind."""
    whole = Comparison("all")
    for each in comparisons:
        whole.lines += each.lines
        whole.equal += each.equal
        whole.extra += each.extra
        whole.lost += each.lost
        whole.of_kind += each.of_kind
        for kind, found in each.kinds.items():
            into = whole.kinds.setdefault(kind, Found(found.theirs, found.ours, found.command))
            into.count += found.count
    return whole


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'")


def commands_table(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """Yield the lines of a table in Markdown, a row for each of ``comparisons``, a sequence of
    Comparison, and for all."""
    yield "| command | strace's lines | equal | % | only tuxscope | lost |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for each in (*comparisons, total(comparisons)):
        yield (
            f"| {cell(each.command)} | {each.lines:,} | {each.equal:,} | {each.percentage:.1f} "
            f"| {each.extra:,} | {each.lost:,} |"
        )


def kinds(comparisons: Iterable[Comparison]) -> list[tuple[Difference, Found]]:
    """Return the differences in ``comparisons``, an iterable of Comparison, the most frequent
    first: a list of pairs, Difference and Found."""
    return sorted(total(comparisons).kinds.items(), key=lambda each: (-each[1].count, each[0]))


def kinds_table(comparisons: Iterable[Comparison]) -> Iterator[str]:
    yield "| lines | call | what differs | how |"
    yield "| ---: | --- | --- | --- |"
    for kind, found in kinds(comparisons):
        yield f"| {found.count:,} | {cell(kind.name)} | {kind.part} | {kind.how} |"


def examples(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """Yield the differences in ``comparisons``, an iterable of Comparison, with one pair of lines
    each, as lines of Markdown."""
    for kind, found in kinds(comparisons)[:EXAMPLES]:
        yield f"{found.count:6}  {kind}   [{found.command}]"
        yield f"        strace:   {found.theirs or '-'}"
        yield f"        tuxscope: {found.ours or '-'}"


def summary(comparisons: Sequence[Comparison]) -> str:
    whole = total(comparisons)
    mean = statistics.mean(each.percentage for each in comparisons) if comparisons else 0.0
    return (
        f"{whole.percentage:.2f} % of {whole.lines:,} lines of strace are equal, in "
        f"{len(comparisons)} commands (mean of the commands: {mean:.2f} %); "
        f"{whole.extra:,} lines only tuxscope has; {whole.lost:,} lost"
    )


def report(comparisons: Sequence[Comparison], failed: dict[str, str]) -> str:
    """Return all tables of ``comparisons``, a sequence of Comparison, in Markdown, a str;
    ``failed`` is a dict of the reason by command, for commands that could not be compared."""
    parts = [
        summary(comparisons), "", *commands_table(comparisons), "",
        *(f"Not compared: {name}: {why}" for name, why in failed.items()), "",
        *kinds_table(comparisons), "", "```", *examples(comparisons), "```",
    ]  # fmt: skip
    return "\n".join(parts) + "\n"


def record(comparisons: Sequence[Comparison], path: Path) -> None:
    """Write the summary of ``comparisons``, a sequence of Comparison, and what differs between the
    marks of the page ``path``, a Path. Raises ValueError."""
    before, begin, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path.name} has no place for the table: {BEGIN} {END}")
    table = "\n".join((summary(comparisons) + ".", "", *kinds_table(comparisons)))
    path.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")
