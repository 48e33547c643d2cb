"""Which columns a terminal has room for, and how wide each is there."""

from __future__ import annotations

from collections.abc import Sequence

from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import Any
from tuxscope.output.columns import AnyColumn, Column
from tuxscope.output.screen import columns
from tuxscope.record.types import FieldType, Integer, Text
from tuxscope.record.values import IpAddress, Named, Optional

# Columns that a text keeps at least: a name; and what else is text, as an IPv4 address, which
# keeps half of the line where that is more.
SHORTEST_NAME, SHORTEST = 6, 15


@dataclass(frozen=True, slots=True)
class Need:
    """What a column asks for, in columns of the terminal.

    Attributes:
        least: with fewer it is of no use.
        usual: more is not needed.
        rank: the column's.
    """

    least: int
    usual: int
    rank: int = 0


def fit(needs: Sequence[Need], room: int, gap: int = 1) -> list[int | None]:
    """The width of each column, with a gap between two; None for those that go.

    The least important go until the rest has the least that each needs; what is then left over is
    given out in the order of importance.
    """
    order = sorted(range(len(needs)), key=lambda index: needs[index].rank)
    left = room - sum(each.least + gap for each in needs) + gap
    while left < 0 and len(order) > 1:
        left += needs[order.pop()].least + gap
    widths: list[int | None] = [None] * len(needs)
    for index in order:
        need = needs[index]
        more = min(need.usual - need.least, left)  # negative where even the last one is too wide
        widths[index] = need.least + more
        left -= more
    return widths


def need_of(column: AnyColumn, room: int, widest: int | None = None) -> Need:
    """What a column asks for in so much room, whose texts are so wide, its title among them.

    Without ``widest``, what will be in it is not known: a number may have all digits of its type.
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
    """How many characters the values of a type take at most; 0 where that is not known."""
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
