"""A map's entry as a row of a table: its numbers, and how fast they grow."""

from __future__ import annotations

from collections.abc import Mapping

from tuxscope.lean_typing import Any
from tuxscope.record import Field, Record


class Row:
    """An entry of a table.

    Attributes:
        key: a Record, or an index.
        values: a dict of values by Field, those of the key among them.
        rates: a dict of float by Field: how much a number grew in a second.
    """

    __slots__ = ("key", "rates", "values")

    def __init__(self, key: Any, values: dict[Field, Any]) -> None:
        self.key = key
        self.values = values
        self.rates: dict[Field, float] = {}

    def compare(self, before: Mapping[Field, Any] | None, seconds: float) -> None:
        """Set the rates: the change since ``before``, a mapping of the values by Field ``seconds``
        ago, a float; None if there was no such entry."""
        for field, value in self.values.items():
            if isinstance(value, int):
                then = before[field] if before else 0
                grown = value - (then or 0)  # it may have been unknown
                # What was deleted in between began again.
                self.rates[field] = (grown if grown >= 0 else value) / seconds if seconds else 0.0


def values_of(key: Any, value: Any) -> dict[Field, Any]:
    """Return the values of ``key`` and ``value``, a Record, or a tuple of one per CPU, in a dict by
    Field; numbers of several CPUs are added up, of all else the first counts that is not empty."""
    parts = value if isinstance(value, tuple) else (value,)
    values = fields_of(key) if isinstance(key, Record) else {}
    for field in type(parts[0]).fields.values():
        each = [getattr(part, field.name) for part in parts]
        numbers = isinstance(each[0], int)
        values[field] = sum(each) if numbers else next(filter(None, each), each[0])
    return values


def fields_of(record: Record) -> dict[Field, Any]:
    """Return the values of ``record``, a Record, a dict by Field."""
    return {field: getattr(record, field.name) for field in type(record).fields.values()}
