"""Calls as lines: as strace(1) prints them, or an object each."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import syscall_name
from tuxscope.output.lines import Style
from tuxscope.output.visible import visible
from tuxscope.programs.syscall.arguments.signals import signal_name, siginfo_text
from tuxscope.programs.syscall.arguments.text import (
    arguments_json,
    arguments_text,
    error_name,
    result_text,
)
from tuxscope.programs.syscall.decoding import (
    COMM,
    COMPAT,
    DATA,
    NUMBER,
    PID,
    RESULT,
    SLEPT,
    TID,
    WHAT,
    Row,
    call_of,
)
from tuxscope.programs.syscall.events import PIECE, What

CACHED = 65536  # lines without their times
SECOND = 1_000_000_000


class Timestamps(Enum):
    """``--timestamps``: what is in front of a line."""

    TIME = "time"
    NS = "ns"
    NONE = "none"


class CallLines:
    """Renders batches of records; it has the methods of a LineFormat."""

    header = ""

    def __init__(
        self,
        style: Style,
        timestamps: Timestamps,
        architecture: Architecture,
        path: Callable[[int], bytes],
        string_size: int,
    ) -> None:
        """``path`` returns the path of a file by its id."""
        self._architecture = architecture
        self._path = path
        self._string_size = string_size
        self._clock = Clock()
        # What is the same in many lines, by all columns but the times.
        self._known: dict[Row, tuple[str, str]] = {}
        if style is Style.JSON:
            self._parts, self._line = self._json_parts, self._json_line
        else:
            self._parts = self._text_parts
            self._line = {
                Timestamps.TIME: self._timed_line,
                Timestamps.NS: self._ns_line,
                Timestamps.NONE: self._bare_line,
            }[timestamps]

    def changed_header(self) -> str:
        """Return the header if it has changed: there is none."""
        return ""

    def render(self, columns: Sequence[list[Any]]) -> bytes:
        """Return the lines of a batch as UTF-8; ``columns`` are those of a CallEvent."""
        if not columns[0]:
            return b""
        lines = []
        known, make = self._known, self._line
        started, duration, *others = columns
        for begin, took, key in zip(started, duration, zip(*others, strict=True), strict=True):
            parts = known.get(key)
            if parts is None:
                parts = self._remember(key)
            lines.append(make(begin, took, parts))
        return "".join(lines).encode("utf-8", "backslashreplace")

    def _remember(self, key: Row) -> tuple[str, str]:
        if len(self._known) >= CACHED:
            self._known.clear()
        parts = self._known[key] = self._parts((0, 0, *key))
        return parts

    # The parts of a line of text are what is between the times, and what is behind the second;
    # that is empty where a line has no second.

    def _timed_line(self, begin: int, took: int, parts: tuple[str, str]) -> str:
        middle, end = parts
        if begin and end:
            return f"{self._clock.time(begin)} {middle}{microseconds(took)}{end}"
        return f"{self._clock.time(begin or took)} {middle}\n"

    def _ns_line(self, begin: int, took: int, parts: tuple[str, str]) -> str:
        middle, end = parts
        if begin and end:
            return f"{begin} {middle}{microseconds(took)}{end}"
        return f"{begin or took} {middle}\n"

    def _bare_line(self, begin: int, took: int, parts: tuple[str, str]) -> str:
        middle, end = parts
        return f"{middle}{microseconds(took)}{end}" if begin and end else f"{middle}\n"

    def _text_parts(self, row: Row) -> tuple[str, str]:
        comm = visible(row[COMM].partition(b"\0")[0].decode("utf-8", "replace"))
        who = f"{comm}[{row[TID]}] "
        what = row[WHAT]
        if what == What.SIGNAL:
            info = siginfo_text(row[DATA][PIECE:])
            return f"{who}--- {signal_name(row[RESULT])} {info} ---", ""
        if what == What.EXITED:
            return f"{who}+++ {exit_text(row[RESULT])} +++", ""
        call = call_of(row, self._architecture, self._path, self._string_size)
        name = syscall_name(self._architecture, bool(row[COMPAT]), row[NUMBER])
        text = f"{who}{name}({arguments_text(call)}"
        if what == What.UNFINISHED:
            return f"{text} <unfinished ...>", ""
        if what == What.ENDLESS:
            return f"{text}) = ?", ""
        return f"{text}) = {result_text(call)}", ">\n"
