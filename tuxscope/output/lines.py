"""Renders records as lines of text or JSON.

Repeated values are rendered once. A line without its 64-bit and 16-bit integers (times, addresses,
counts, ports) is a template, which is cached by the values in it. The lines of a batch are the
concatenated templates, and one ``%`` fills in the integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache
from itertools import chain

from tuxscope.lean_dataclasses import dataclass
from tuxscope.lean_typing import Any
from tuxscope.output.columns import Column
from tuxscope.output.screen import padded
from tuxscope.output.visible import NOTHING, plain, visible
from tuxscope.record import RecordType
from tuxscope.record.types import FieldType, Integer, Text, decode_text

# Maximum number of cached texts and templates.
CACHED_TEXTS = 4096
CACHED_LINES = 4096
UNCACHED = frozenset("HhQq")  # struct formats of integers that differ on each line


class Style(Enum):
    """An enum: the values of ``--format``. Members: TEXT = "text", JSON = "json"."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Cell:
    """A frozen dataclass: the layout of a column's text.

    Attributes:
        width: an int, minimum width; shorter text is padded.
        limit: an int or None, maximum width in terminal columns; longer text is truncated. None for
            no limit.
    """

    width: int
    limit: int | None = None


class Templates(dict[tuple[Any, ...], bytes]):
    """A cache of templates for ``%``, a dict of bytes by a tuple of the values that are already
    rendered in them. ``parts`` is a sequence of texts, and functions of that tuple to a text."""

    def __init__(self, parts: Sequence[str | Callable[[tuple[Any, ...]], str]]) -> None:
        """``parts`` of a line: template text, or functions from the values to text."""
        super().__init__()
        self._parts = parts

    def __missing__(self, values: tuple[Any, ...]) -> bytes:
        if len(self) == CACHED_LINES:
            self.clear()
        parts = (
            part if isinstance(part, str) else part(values).replace("%", "%%")
            for part in self._parts
        )
        line = self[values] = "".join(parts).encode()
        return line


class LineFormat:
    """Renders batches of records of ``record``, a RecordType, as lines in ``style``, a Style, with
    ``columns``, a sequence of Column; ``cells`` is a sequence of the Cell of each.

    Attributes:
        header: the line of titles with its newline; empty for JSON.
    """

    def __init__(
        self,
        style: Style,
        record: RecordType,
        columns: Sequence[Column],
        cells: Sequence[Cell] = (),
    ) -> None:
        """``cells`` are the layout of each column, a sequence of Cell; by default its own width,
        without a limit."""
        cells = cells or [Cell(each.width) for each in columns]
        parts: list[str | Callable[[tuple[Any, ...]], str]] = []
        # The values that are not in the template: slot, and a function from value to text, or None
        # for an integer that % renders.
        self._uncached: list[tuple[int, Callable[[Any], bytes] | None]] = []
        self._cached_slots: list[int] = []  # slots of the values in the template
        for index, (column, cell) in enumerate(zip(columns, cells, strict=True)):
            field_type, slot = column.field.type, column.field.slot
            if style is Style.JSON:
                parts.append(f'{"," if index else "{"}"{column.name}":')
            elif index:
                parts.append(" ")
            width = cell.width if style is Style.TEXT else 0
            own = column.stream_text if style is Style.TEXT else column.stream_json
            if field_type.format in UNCACHED:
                if isinstance(field_type, Integer) and not own:
                    parts.append(f"%-{width}d" if width else "%d")
                    self._uncached.append((slot, None))
                else:
                    parts.append("%b")
                    render = fitted(own or renderer(style, field_type), width, cell.limit, column)
                    self._uncached.append((slot, as_bytes(render)))
            else:
                slots = [*range(slot, slot + field_type.width)]
                slots += [other.slot for other in column.others]
                part = slice(len(self._cached_slots), len(self._cached_slots) + len(slots))
                render = fitted(own or renderer(style, field_type), width, cell.limit, column)
                parts.append(for_slice(render, part))
                self._cached_slots.extend(slots)
        parts.append("}\n" if style is Style.JSON else "\n")
        self._templates = Templates(parts)
        titles = (
            padded(column.title, cell.width) for column, cell in zip(columns, cells, strict=True)
        )
        self.header = " ".join(titles).rstrip() + "\n" if style is Style.TEXT else ""

    def changed_header(self) -> str:
        """Return the header, if the columns have changed since it was printed; here always
        empty."""
        return ""

    def render(self, columns: Sequence[list[Any]]) -> bytes:
        """Return all lines as UTF-8, bytes. ``columns`` is a sequence of lists, one per value of
        ``RecordType.raw``."""
        return self._template(columns) % self._values(columns)

    def _template(self, columns: Sequence[list[Any]]) -> bytes:
        count = len(columns[0])
        repeated = [columns[slot] for slot in self._cached_slots]
        if not count:
            return b""
        if all(column == [column[0]] * count for column in repeated):
            return self._templates[tuple(column[0] for column in repeated)] * count
        return b"".join(map(self._templates.__getitem__, zip(*repeated, strict=True)))

    def _values(self, columns: Sequence[list[Any]]) -> tuple[int | bytes, ...]:
        values = [
            list(map(render, columns[slot])) if render else columns[slot]
            for slot, render in self._uncached
        ]
        if len(values) == 1:
            return tuple(values[0])
        return tuple(chain.from_iterable(zip(*values, strict=True)))


def fitted(
    render: Callable[[Any], str], width: int, limit: int | None, column: Column
) -> Callable[[Any], str]:
    """Return ``render``, a function of one value to a str, with its text shortened to ``limit``, an
    int or None, as ``column``, a Column, does it, and padded to ``width``, an int."""
    if limit is None:
        return lambda value: padded(render(value), width)
    return lambda value: padded(column.shortened(render(value), limit), width)


def as_bytes(render: Callable[[Any], str]) -> Callable[[Any], bytes]:
    """Return ``render``, a function of one value to a str, with its text encoded as UTF-8, as a
    function to bytes; results are cached."""
    return lru_cache(CACHED_TEXTS)(lambda value: render(value).encode())


def for_slice(render: Callable[[Any], str], part: slice) -> Callable[[tuple[Any, ...]], str]:
    """Return ``render``, a function of one value to a str, as a function of the tuple of a line's
    values: it renders those in ``part``, a slice."""
    one = part.stop - part.start == 1
    return lambda values: render(values[part.start] if one else values[part])


def renderer(style: Style, field_type: FieldType[Any]) -> Callable[[Any], str]:
    """Return a function that takes the raw value of a field of ``field_type``, a FieldType (or a
    tuple of values), and returns its text, a str, in ``style``, a Style."""
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
    """Return ``raw``, a C string (bytes up to NUL), as text; control characters are escaped."""
    return visible(decode_text(raw))
