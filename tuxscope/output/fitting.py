"""Chooses the columns that fit on a terminal, and their widths."""

from __future__ import annotations

from collections.abc import Sequence

from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import Any
from tuxscope.output.columns import AnyColumn, Column
from tuxscope.output.screen import columns
from tuxscope.record.types import FieldType, Integer, Text
from tuxscope.record.values import IpAddress, Named, Optional

# Minimum widths of text columns: names (comm), and other text, such as an IPv4 address. Other text
# keeps half of the line if that is more.
SHORTEST_NAME, SHORTEST = 6, 15


@dataclass(frozen=True, slots=True)
class Need:
    """A frozen dataclass: the space that a column needs, in terminal columns.

    Attributes:
        least: an int, the minimum width.
        usual: an int, the maximum useful width.
        rank: an int, the rank of the column; 0 is the most important.
    """

    least: int
    usual: int
    rank: int = 0


def fit(needs: Sequence[Need], room: int, gap: int = 1) -> list[int | None]:
    """Return a list with the width of each column on a line of ``room`` terminal columns; None:
    hide it.

    ``needs`` is a sequence of the Need of each column, ``gap`` is the space between two, an int.
    Columns with the highest rank are hidden until the others have their minimum. The remaining
    space goes to columns in order of rank.
    """
    order = sorted(range(len(needs)), key=lambda index: needs[index].rank)
    left = room - sum(each.least + gap for each in needs) + gap
    while left < 0 and len(order) > 1:
        left += needs[order.pop()].least + gap
    widths: list[int | None] = [None] * len(needs)
    for index in order:
        need = needs[index]
        more = min(need.usual - need.least, left)  # negative if even the last one is too wide
        widths[index] = need.least + more
        left -= more
    return widths


def need_of(column: AnyColumn, room: int, widest: int | None = None) -> Need:
    """Return the Need of ``column``, an AnyColumn, on a line of ``room`` terminal columns, an int.

    ``widest`` is the width of its widest text, title included, an int, or None if the texts are not
    known yet: then a number may have all digits of its type.
    """
    if column.span:
        return Need(*column.span, column.rank)
    title = columns(column.title)
    field_type = column.field.type if isinstance(column, Column) else None
    usual = max(column.width or longest(field_type), title) if widest is None else widest
    shortest = SHORTEST_NAME if isinstance(field_type, Text) else max(SHORTEST, room // 2)
    least = usual if column.is_number else min(usual, max(shortest, title))
    return Need(least, max(usual, column.width), column.rank)


def longest(field_type: FieldType[Any] | None) -> int:
    """Return the maximum number, an int, of characters of a value of ``field_type``, a FieldType or
    None; 0 if unknown."""
    match field_type:
        case Optional(stored=stored):
            return longest(stored)
        case Integer(size=size, signed=signed):
            return len(str(1 << 8 * size - signed)) + signed
        case Text(size=size):
            return size
        case Named(names=names):
            return max(map(len, names.values()), default=0)
        case IpAddress():
            return 39
    return 0
