"""How an operation is shown: columns of text, members of an object."""

from __future__ import annotations

import re
import time
from errno import errorcode

from tuxscope.lean_typing import Any
from tuxscope.output.columns import Clock, Column, Combined, time_of_day
from tuxscope.output.durations import Duration
from tuxscope.output.lines import Style
from tuxscope.output.screen import columns, cut, cut_front
from tuxscope.output.visible import visible
from tuxscope.programs.fileio.operation import NO_RESULT, FileOperation, Permissions
from tuxscope.record.types import decode_text

SECOND = 1_000_000_000
ADDRESS = 1 << 31  # a result from here on is one, of mmap(2): no call moves so many bytes
DETAILS = re.compile(r"( [A-Z]\w*(\|\w+)*)?( \d{4})?\Z")  # what follows the paths: flags and mode


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


class Paths(Combined):
    """A Column of a stream: paths, with flags and mode. Of a path that is too long the end is
    shown, which has the name."""

    __slots__ = ()
    span = (20, 8192)

    def shortened(self, text: str, width: int) -> str:
        path = DETAILS.sub("", text, count=1)
        return cut(text, width) if columns(path) < width - 2 else cut_front(path, width)


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
    WallTime(FIELDS.timestamp_ns, 15, rank=7),
    Column(FIELDS.pid, 7, rank=2),
    Column(FIELDS.comm, 15, rank=5),
    Column(FIELDS.op, 11, rank=1),
    Returned(FIELDS.ret, 7, rank=3),
    Column(FIELDS.bytes, 8, rank=4),
    Column(FIELDS.offset, 10, rank=8),
    Latency(FIELDS.duration_ns, 8, rank=6),
    Paths(FIELDS.path, 0, (FIELDS.to, FIELDS.flags, FIELDS.mode), paths),
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
