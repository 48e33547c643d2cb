"""How an operation is shown: columns of text, members of an object."""

from __future__ import annotations

import time
from errno import errorcode

from tuxscope.lean_typing import Any
from tuxscope.output.columns import Clock, Column, Combined, time_of_day
from tuxscope.output.durations import Duration
from tuxscope.output.lines import Style
from tuxscope.output.visible import visible
from tuxscope.programs.fileio.operation import NO_RESULT, FileOperation, Permissions
from tuxscope.record.types import decode_text

SECOND = 1_000_000_000
ADDRESS = 1 << 32  # a result from here on is one, of mmap(2)


class WallTime(Clock):
    """A Column of a stream: ns of CLOCK_MONOTONIC as the time of day, to the microsecond; in JSON
    it is ``time``."""

    __slots__ = ()

    @property
    def name(self) -> str:
        return "time"

    def stream_text(self, value: int) -> str:
        now = time.time_ns() - time.monotonic_ns() + value
        return f"{time_of_day(now // SECOND)}.{now // 1000 % 1_000_000:06d}"

    def stream_json(self, value: int) -> str:
        return f'"{self.stream_text(value)}"'


class Latency(Duration):
    """A Duration of a stream, with another title."""

    __slots__ = ()

    @property
    def title(self) -> str:
        return "LATENCY"


class Returned(Column):
    """A Column of a stream: what the call returned: a number, or an errno's name; an
    address is not shown."""

    __slots__ = ()

    @property
    def title(self) -> str:
        return "RET"

    def stream_text(self, value: int) -> str:
        if value == NO_RESULT:
            return "?"
        if -4096 < value < 0:
            return errorcode.get(-value, f"errno_{-value}")
        return "-" if value >= ADDRESS else str(value)


def paths(values: tuple[bytes, bytes, bytes, int]) -> str:
    """Return the text of PATH, a str: of ``values``, the raw values of path, to, flags and mode."""
    path, to, flags, mode = values
    text = visible(decode_text(path)) or "-"
    if to:
        text += f" -> {visible(decode_text(to))}"
    if flags:
        text += f" {decode_text(flags)}"
    return text if mode == Permissions.NOTHING else f"{text} {mode:04o}"


FIELDS: Any = FileOperation
TEXT: tuple[Column, ...] = (
    WallTime(FIELDS.timestamp_ns, 15, rank=2),
    Column(FIELDS.pid, 7),
    Column(FIELDS.comm, 15, rank=3),
    Column(FIELDS.op, 8),
    Returned(FIELDS.ret, 6, rank=1),
    Column(FIELDS.bytes, 8),
    Column(FIELDS.offset, 10, rank=4),
    Latency(FIELDS.duration_ns, 8, rank=1),
    Combined(FIELDS.path, 0, (FIELDS.to, FIELDS.flags, FIELDS.mode), paths),
)
JSON: tuple[Column, ...] = (
    Column(FIELDS.timestamp_ns),
    WallTime(FIELDS.timestamp_ns),
    Column(FIELDS.pid),
    Column(FIELDS.tid),
    Column(FIELDS.ppid),
    Column(FIELDS.uid),
    Column(FIELDS.comm),
    Column(FIELDS.op),
    Column(FIELDS.flags),
    Column(FIELDS.mode),
    Column(FIELDS.ret),
    Column(FIELDS.error),
    Column(FIELDS.bytes),
    Column(FIELDS.offset),
    Column(FIELDS.length),
    Column(FIELDS.duration_ns),
    Column(FIELDS.path),
    Column(FIELDS.to),
    Column(FIELDS.dev),
    Column(FIELDS.ino),
)
COLUMNS = {Style.TEXT: TEXT, Style.JSON: JSON}
