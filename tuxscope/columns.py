"""Which fields of a record are shown, and how wide."""

from __future__ import annotations

from dataclasses import dataclass

from tuxscope.record import Field, RecordError


@dataclass(frozen=True, slots=True)
class Column:
    """A column of text output, a key of JSON output.

    Attributes:
        field: what it shows, as in ``HelloEvent.pid``.
        width: in characters, to which text is filled up; 0 for the last column.
    """

    field: Field
    width: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.field, Field):
            raise RecordError(
                f"a column shows a field, as in Column(HelloEvent.pid, 8), not {self.field!r}"
            )
        if isinstance(self.width, bool) or not isinstance(self.width, int) or self.width < 0:
            raise RecordError(f"a column's width is a number of characters, not {self.width!r}")

    @property
    def title(self) -> str:
        """What stands above it."""
        return self.field.name.upper()
