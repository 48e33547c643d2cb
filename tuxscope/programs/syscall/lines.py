"""Calls as lines: as strace(1) prints them, or an object each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import syscall_name
from tuxscope.output.lines import Style
from tuxscope.output.visible import visible
from tuxscope.programs.syscall.arguments.siginfo import siginfo_text
from tuxscope.programs.syscall.arguments.signal_names import signal_name
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
from tuxscope.programs.syscall.timestamps import Timestamps

CACHED = 65536  # lines without their times
SECOND = 1_000_000_000


class Clock:
    """The time of day by CLOCK_MONOTONIC, in local time; ``offset`` is between the two clocks, in
    nanoseconds, by default that of this machine."""

    def __init__(self, offset: int | None = None) -> None:
        self._offset = time.time_ns() - time.monotonic_ns() if offset is None else offset
        self._second = -1
        self._text = ""

    def text(self, ns: int) -> str:
        """Return ``ns``, nanoseconds of CLOCK_MONOTONIC, as ``14:03:22.123456``."""
        second, rest = divmod(ns + self._offset, SECOND)
        if second != self._second:
            self._second = second
            self._text = time.strftime("%H:%M:%S", time.localtime(second))
        return f"{self._text}.{rest // 1000:06d}"


class CallLines:
    """Renders batches of records; it has the methods of a LineFormat.

    Attributes:
        header: the line of titles, a str: there is none.
    """

    header = ""

    def __init__(
        self,
        style: Style,
        timestamps: Timestamps,
        architecture: Architecture,
        path: Callable[[int], bytes],
        string_size: int,
        clock: Clock | None = None,
    ) -> None:
        """``path`` returns the path of a file, bytes, by its id; of buffers ``string_size`` bytes
        are shown."""
        self._architecture = architecture
        self._path = path
        self._string_size = string_size
        self._timestamps = timestamps
        self._clock = clock or Clock()
        # What is the same in many lines, by all columns but the times.
        self._known: dict[Row, tuple[str, str]] = {}
        json_lines = style is Style.JSON
        self._parts = self._json_parts if json_lines else self._text_parts
        self._line = self._json_line if json_lines else self._text_line

    def changed_header(self) -> str:
        """Return the header if it has changed, a str: there is none."""
        return ""

    def render(self, columns: Sequence[list[Any]]) -> bytes:
        """Return the lines of a batch as UTF-8; ``columns`` are those of a CallEvent."""
        if not columns or not columns[0]:
            return b""
        lines = []
        known, line = self._known, self._line
        started, duration, *others = columns
        for begin, took, key in zip(started, duration, zip(*others, strict=True), strict=True):
            parts = known.get(key)
            if parts is None:
                if len(known) >= CACHED:
                    known.clear()
                parts = known[key] = self._parts((0, 0, *key))
            lines.append(line(begin, took, parts))
        return "".join(lines).encode("utf-8", "backslashreplace")

    def _text_line(self, begin: int, took: int, parts: tuple[str, str]) -> str:
        """A line of text, of what is between its times, and of whether it has the second."""
        middle, timed = parts
        if self._timestamps is Timestamps.TIME:
            middle = f"{self._clock.text(begin or took)} {middle}"
        elif self._timestamps is Timestamps.NS:
            middle = f"{begin or took} {middle}"
        return f"{middle} <{took / SECOND:.6f}>\n" if timed and begin else f"{middle}\n"

    def _text_parts(self, row: Row) -> tuple[str, str]:
        who = f"{comm_text(row)}[{row[TID]}] "
        what = row[WHAT]
        if what == What.SIGNAL:
            return f"{who}--- {signal_text(row)} ---", ""
        if what == What.EXITED:
            return f"{who}+++ {exit_text(row[RESULT])} +++", ""
        call = call_of(row, self._architecture, self._path, self._string_size)
        begun = f"{who}{self._name(row)}({arguments_text(call)}"
        if what == What.UNFINISHED:
            return f"{begun} <unfinished ...>", ""
        return f"{begun}) = {result_text(call)}", "timed" if what == What.CALL else ""

    def _name(self, row: Row) -> str:
        return syscall_name(self._architecture, bool(row[COMPAT]), row[NUMBER])

    def _json_line(self, begin: int, took: int, parts: tuple[str, str]) -> str:
        first, last = parts
        at = begin or took
        duration = took if begin else "null"
        text = f'{{"timestamp_ns":{at},"time":"{self._clock.text(at)}",{first}'
        return f'{text},"duration_ns":{duration}{last}}}\n' if last else f"{text}}}\n"

    def _json_parts(self, row: Row) -> tuple[str, str]:
        what = row[WHAT]
        shown: dict[str, Any] = {"pid": row[PID], "tid": row[TID], "comm": comm_text(row)}
        last: dict[str, Any] = {}
        if what == What.SIGNAL:
            shown |= {
                "signal": signal_name(row[RESULT]),
                "siginfo": siginfo_text(row[DATA][PIECE:]),
            }
        elif what == What.EXITED:
            shown["exited"] = exit_text(row[RESULT])
        else:
            call = call_of(row, self._architecture, self._path, self._string_size)
            shown |= {
                "syscall": self._name(row),
                "nr": row[NUMBER] - (row[NUMBER] >> 31 << 32),
                "abi": call.abi.value,
                "args": arguments_json(call),
                "ret": call.result if call.finished else None,
                "error": error_name(call),
            }
            last = {"slept": bool(row[SLEPT])}
        return members(shown), f",{members(last)}" if last else ""


def members(values: dict[str, Any]) -> str:
    """Return ``values`` as the members of a JSON object, without its braces."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))[1:-1]


def comm_text(row: Row) -> str:
    """Return the name of the thread of ``row``, a row of a CallEvent, in one line."""
    return visible(row[COMM].partition(b"\0")[0].decode("utf-8", "replace"))


def signal_text(row: Row) -> str:
    """Return the signal that ``row``, a row of a CallEvent, tells: ``SIGCHLD {si_signo=...}``."""
    info = siginfo_text(row[DATA][PIECE:])
    return f"{signal_name(row[RESULT])} {info}" if info else signal_name(row[RESULT])


def exit_text(code: int) -> str:
    """Return how a thread ended, by its exit ``code``, as wait(2) has it: ``exited with 1``,
    ``killed by SIGSEGV (core dumped)``."""
    number = code & 0x7F
    if number == 0:
        return f"exited with {code >> 8 & 0xFF}"
    return f"killed by {signal_name(number)}" + " (core dumped)" * bool(code & 0x80)
