"""Records as lines: a table for people, JSON for programs.

A line's layout is known as soon as the columns are, so it is compiled once into one Python
expression that takes the values as ``RecordType.raw`` unpacks them. Texts and byte strings
repeat, and are rendered once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import starmap
from typing import Any

from tuxscope.columns import Column
from tuxscope.field_types import FieldType, Integer, Text, decode_text
from tuxscope.output.visible import visible
from tuxscope.record import Record, RecordType

CACHED_TEXTS = 4096
COMPACT = json.JSONEncoder(separators=(",", ":")).encode


class Style(Enum):
    """``--format``."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How a stream is printed.

    Attributes:
        header: what comes first, its newline included; may be empty.
        line: one record as a line with its newline, from its raw values.
    """

    header: str
    line: Callable[..., str]

    def render(self, rows: Iterable[Sequence[Any]]) -> str:
        """All lines in one string."""
        return "".join(starmap(self.line, rows))


def line_format(style: Style, record: RecordType, columns: Sequence[Column]) -> LineFormat:
    """The format of a record's stream."""
    pieces: list[str] = []
    functions: dict[str, Callable[..., Any]] = {}
    for index, column in enumerate(columns):
        field_type, slot = column.field.type, column.field.slot
        value = f"v{slot}"
        if not isinstance(field_type, Integer):
            values = "".join(f"v{slot + i}," for i in range(field_type.width))
            value = f"f{index}(({values}))" if field_type.width > 1 else f"f{index}({value})"
            functions[f"f{index}"] = renderer(style, field_type)
        if style is Style.JSON:
            pieces.append(f'"{column.field.name}":{{{value}}}')
        else:
            pieces.append(f"{{{value}:<{column.width}}}" if column.width else f"{{{value}}}")
    width = sum(field.type.width for field in record.fields.values())
    arguments = ",".join(f"v{slot}" for slot in range(width))
    if style is Style.JSON:
        header, template = "", "{{" + ",".join(pieces) + "}}"
    else:
        titles = (f"{column.title:<{column.width}}" for column in columns)
        header, template = " ".join(titles).rstrip() + "\n", " ".join(pieces)
    # Names are C identifiers and widths are numbers: nothing in here comes from outside.
    line = eval(f"lambda {arguments}: f'{template}\\n'", functions)
    return LineFormat(header, line)


def renderer(style: Style, field_type: FieldType[Any]) -> Callable[[Any], str]:
    """What turns a column's raw value, or tuple of them, into what is printed."""
    if isinstance(field_type, Text):
        render = json_text if style is Style.JSON else printable
        return lru_cache(CACHED_TEXTS)(render)

    def other(values: Any) -> str:
        flat = values if isinstance(values, tuple) else (values,)
        value = plain(field_type.decode(flat))
        if style is Style.JSON:
            return COMPACT(value)
        return value if isinstance(value, str) else json.dumps(value)

    return other


def json_text(raw: bytes) -> str:
    """A C string as a JSON string, in ASCII alone: safe on every terminal."""
    return json.dumps(decode_text(raw))


def printable(raw: bytes) -> str:
    """A C string for a table: what would move the cursor or break the row is escaped."""
    return visible(decode_text(raw))


def plain(value: Any) -> Any:
    """A record's value as JSON can hold it: octets in hexadecimal, records as objects."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, Record):
        return dict(zip(type(value).fields, map(plain, value), strict=True))
    return value
