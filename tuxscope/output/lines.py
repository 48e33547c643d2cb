"""Records as lines: a table for people, JSON for programs.

What repeats is rendered once: all of a line but its numbers of 64 and 16 bits, which are times,
addresses, counts and ports, is a template that is made for the first line with these values and
kept. Many lines are then one long template, and one ``%`` fills it in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache
from itertools import chain

from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import Any
from tuxscope.output.columns import Column
from tuxscope.output.screen import cut, padded
from tuxscope.output.visible import NOTHING, plain, visible
from tuxscope.record import RecordType
from tuxscope.record.types import FieldType, Integer, Text, decode_text

# Texts that are kept, and lines.
CACHED_TEXTS = 4096
CACHED_LINES = 4096
FRESH = frozenset("HhQq")  # formats, as in struct, of numbers that are others on each line


class Style(Enum):
    """``--format``."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Cell:
    """How a column's text is printed.

    Attributes:
        width: to which it is filled up.
        limit: to which it is cut, in columns of a terminal; None: it is whole.
    """

    width: int
    limit: int | None = None


class Templates(dict[tuple[Any, ...], bytes]):
    """Lines for ``%``, by the values that are rendered in them already."""

    def __init__(self, pieces: Sequence[str | Callable[[tuple[Any, ...]], str]]) -> None:
        """``pieces`` of a line: templates, and what makes text of the values."""
        super().__init__()
        self._pieces = pieces

    def __missing__(self, values: tuple[Any, ...]) -> bytes:
        if len(self) == CACHED_LINES:
            self.clear()
        pieces = (
            piece if isinstance(piece, str) else piece(values).replace("%", "%%")
            for piece in self._pieces
        )
        line = self[values] = "".join(pieces).encode()
        return line


class LineFormat:
    """How a stream is printed.

    Attributes:
        header: what comes first, its newline included; may be empty.
    """

    def __init__(
        self,
        style: Style,
        record: RecordType,
        columns: Sequence[Column],
        cells: Sequence[Cell] = (),
    ) -> None:
        """``cells``: how each column is printed, if not as wide as it says, and whole."""
        cells = cells or [Cell(each.width) for each in columns]
        pieces: list[str | Callable[[tuple[Any, ...]], str]] = []
        # Slots of values that come anew with each line; what makes text of them, or None for what
        # is printed as a number.
        self._fresh: list[tuple[int, Callable[[Any], bytes] | None]] = []
        self._repeated: list[int] = []  # and of those in its template
        for index, (column, cell) in enumerate(zip(columns, cells, strict=True)):
            field_type, slot = column.field.type, column.field.slot
            if style is Style.JSON:
                pieces.append(f'{"," if index else "{"}"{column.field.name}":')
            elif index:
                pieces.append(" ")
            width = cell.width if style is Style.TEXT else 0
            own = column.stream_text if style is Style.TEXT else column.stream_json
            if field_type.format in FRESH:
                if isinstance(field_type, Integer) and not own:
                    pieces.append(f"%-{width}d" if width else "%d")
                    self._fresh.append((slot, None))
                else:
                    pieces.append("%b")
                    render = filled(own or renderer(style, field_type), width, cell.limit)
                    self._fresh.append((slot, encoded(render)))
            else:
                slots = [*range(slot, slot + field_type.width)]
                slots += [other.slot for other in column.others]
                part = slice(len(self._repeated), len(self._repeated) + len(slots))
                render = filled(own or renderer(style, field_type), width, cell.limit)
                pieces.append(of_part(render, part))
                self._repeated.extend(slots)
        pieces.append("}\n" if style is Style.JSON else "\n")
        self._templates = Templates(pieces)
        titles = (
            padded(column.title, cell.width) for column, cell in zip(columns, cells, strict=True)
        )
        self.header = " ".join(titles).rstrip() + "\n" if style is Style.TEXT else ""

    def renewed(self) -> str:
        """The header once more where lines look another way from now on: they never do."""
        return ""

    def render(self, columns: Sequence[list[Any]]) -> bytes:
        """All lines. ``columns`` has a list for each value that ``RecordType.raw`` unpacks."""
        return self._template(columns) % self._values(columns)

    def _template(self, columns: Sequence[list[Any]]) -> bytes:
        count = len(columns[0])
        repeated = [columns[slot] for slot in self._repeated]
        if not count:
            return b""
        if all(column == [column[0]] * count for column in repeated):
            return self._templates[tuple(column[0] for column in repeated)] * count
        return b"".join(map(self._templates.__getitem__, zip(*repeated, strict=True)))

    def _values(self, columns: Sequence[list[Any]]) -> tuple[int | bytes, ...]:
        values = [
            list(map(render, columns[slot])) if render else columns[slot]
            for slot, render in self._fresh
        ]
        if len(values) == 1:
            return tuple(values[0])
        return tuple(chain.from_iterable(zip(*values, strict=True)))


def filled(render: Callable[[Any], str], width: int, limit: int | None) -> Callable[[Any], str]:
    """What renders a value, cut to a limit and filled up to a width."""
    if limit is None:
        return lambda value: padded(render(value), width)
    return lambda value: padded(cut(render(value), limit), width)


def encoded(render: Callable[[Any], str]) -> Callable[[Any], bytes]:
    """The same as bytes; texts are kept."""
    return lru_cache(CACHED_TEXTS)(lambda value: render(value).encode())


def of_part(render: Callable[[Any], str], part: slice) -> Callable[[tuple[Any, ...]], str]:
    """What renders a part of a line's values."""
    one = part.stop - part.start == 1
    return lambda values: render(values[part.start] if one else values[part])


def renderer(style: Style, field_type: FieldType[Any]) -> Callable[[Any], str]:
    """What turns a column's raw value, or tuple of them, into what is printed."""
    if isinstance(field_type, Integer):
        return str
    if field_type.counted_by:
        from tuxscope.record.variable import Tail  # few records have one

        assert isinstance(field_type, Tail)
        field_type = field_type.stored
    if style is Style.TEXT and isinstance(field_type, Text):
        return lru_cache(CACHED_TEXTS)(printable)
    from tuxscope.output.compact import COMPACT, SPACED, json_text

    if isinstance(field_type, Text):
        return lru_cache(CACHED_TEXTS)(json_text)
    as_json = COMPACT if style is Style.JSON else SPACED

    def other(values: Any) -> str:
        flat = values if isinstance(values, tuple) else (values,)
        value = plain(field_type.decode(flat))
        if style is Style.TEXT and value is None:
            return NOTHING
        return value if isinstance(value, str) and style is Style.TEXT else as_json(value)

    return other


def printable(raw: bytes) -> str:
    """A C string for a table: what would move the cursor or break the row is escaped."""
    return visible(decode_text(raw))
