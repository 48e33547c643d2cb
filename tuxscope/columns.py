"""Which fields of a record are shown, and how wide."""

from __future__ import annotations

from dataclasses import dataclass

from tuxscope.record import Field


@dataclass(frozen=True, slots=True)
class Column:
    """A column of text output, a key of JSON output.

    Attributes:
        field: what it shows, as in ``HelloEvent.pid``.
        width: in characters, to which text is filled up; 0 for the last column.
    """

    field: Field
    width: int = 0

    @property
    def title(self) -> str:
        """What stands above it."""
        return self.field.name.upper()
