"""How long something took, with a unit."""

from __future__ import annotations

from collections.abc import Sequence

from tuxscope.output.columns import Column
from tuxscope.output.row import Row

UNKNOWN = (1 << 64) - 1


class Duration(Column):
    """A Column for 64 bits of nanoseconds: in text in the unit that suits it, ``1.23ms``; all ones
    are unknown."""

    __slots__ = ()

    @property
    def title(self) -> str:
        return self.field.name.removesuffix("_ns").upper()

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        return [short_time(row.values[self.field]) for row in rows]

    def stream_text(self, value: int) -> str:
        return short_time(None if value == UNKNOWN else value)


def short_time(ns: int | None) -> str:
    """Return ``ns``, an int of nanoseconds or None, as text of three digits and a unit: ``93ns``,
    ``1.23us``, ``45.6ms``, ``312s``."""
    if ns is None:
        return "-"
    value = float(ns)
    for unit in ("ns", "us", "ms"):
        if value < 999.5:
            return f"{ns}ns" if unit == "ns" else f"{value:#.3g}".rstrip(".") + unit
        value /= 1000
    return f"{value:#.3g}".rstrip(".") + "s" if value < 999.5 else f"{value:.0f}s"
