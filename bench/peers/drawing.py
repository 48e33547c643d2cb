"""Figures as a picture: a dot for each median, a line for its range, on a logarithmic axis."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, MARGIN, ROW, TITLE = 760, 190, 20, 34  # pixels
RIGHT = 70  # for the figure beside a dot
OURS, OTHERS, LINES = "#c2410c", "#475569", "#cbd5e1"


def ticks(low: float, high: float) -> list[float]:
    """Return a list of the powers of ten, float, from ``low`` or less to ``high`` or more."""
    first = math.floor(math.log10(low))
    last = max(math.ceil(math.log10(high)), first + 1)
    return [10.0**power for power in range(first, last + 1)]


def shown(value: float) -> str:
    """Return ``value``, a float, as text with three significant digits, or with all digits before
    the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def panel(title: str, rows: Mapping[str, Sequence[float]], top: int) -> tuple[list[str], int]:
    """Return the SVG elements of one measure, a list of str, and the y coordinate below them, an
    int.

    Its ``title`` is a str, its ``rows`` a mapping of the values by reader, and it begins at y
    coordinate ``top``, an int. Readers with values that are not above 0 are left out: the axis is
    logarithmic.
    """
    rows = {name: values for name, values in rows.items() if values and min(values) > 0}
    if not rows:
        return [], top
    marks = ticks(min(map(min, rows.values())), max(map(max, rows.values())))
    span = math.log10(marks[-1]) - math.log10(marks[0])

    def place(value: float) -> float:
        share = (math.log10(value) - math.log10(marks[0])) / span
        return round(MARGIN + share * (WIDTH - MARGIN - RIGHT), 1)

    bottom = top + TITLE + ROW * len(rows)
    parts = [f'<text x="8" y="{top + 16}" class="title">{escape(title)}</text>']
    for mark in marks:
        x = place(mark)
        parts.append(f'<path d="M{x} {top + TITLE - 6}V{bottom}" stroke="{LINES}"/>')
        parts.append(f'<text x="{x}" y="{bottom + 13}" text-anchor="middle">{mark:,g}</text>')
    for number, (name, values) in enumerate(rows.items()):
        y = top + TITLE + ROW * number + ROW // 2 - 4
        colour = OURS if name.startswith("tuxscope") else OTHERS
        median = statistics.median(values)
        low, middle, high = place(min(values)), place(median), place(max(values))
        parts.append(f'<text x="{MARGIN - 10}" y="{y + 4}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<path d="M{low} {y}H{high}" stroke="{colour}" stroke-width="3"/>')
        parts.append(f'<circle cx="{middle}" cy="{y}" r="4.5" fill="{colour}"/>')
        parts.append(f'<text x="{high + 9}" y="{y + 4}">{shown(median)}</text>')
    return parts, bottom + 26


def svg(panels: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Return an SVG picture, a str, of ``panels``: a mapping, by title, of mappings of the values
    by reader."""
    parts: list[str] = []
    height = 4
    for title, rows in panels.items():
        drawn, height = panel(title, rows, height)
        parts += drawn
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="12" fill="#1e293b">'
        "\n<style>.title { font-weight: bold }</style>\n"
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n{body}\n</svg>\n'
    )
