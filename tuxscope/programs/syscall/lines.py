"""Calls as lines: as strace(1) prints them, or an object each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from tuxscope.abi.architecture import Architecture
from tuxscope.calls.decoding import DATA, DURATION, STARTED, EventHead, head_of
from tuxscope.calls.events import PART, TIMELESS, CallHead, EventKind
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
from tuxscope.programs.syscall.decoding import Decoder
from tuxscope.programs.syscall.timestamps import Timestamps
from tuxscope.record.types import decode_text

CACHED = 65536  # lines without their times
SECOND = 1_000_000_000


class Clock:
    """The time of day by CLOCK_MONOTONIC, in local time.

    Attributes:
        offset: nanoseconds from that clock to CLOCK_REALTIME, an int.
    """

    def __init__(self, offset: int | None = None) -> None:
        """``offset``: None for that of this machine."""
        self.offset = time.time_ns() - time.monotonic_ns() if offset is None else offset
        self._second = -1
        self._text = ""

    def second(self, ns: int) -> str:
        """Return the second of ``ns``, nanoseconds of CLOCK_MONOTONIC, as ``14:03:22``."""
        second = (ns + self.offset) // SECOND
        if second != self._second:
            self._second = second
            self._text = time.strftime("%H:%M:%S", time.localtime(second))
        return self._text

    def text(self, ns: int) -> str:
        """Return ``ns``, nanoseconds of CLOCK_MONOTONIC, as ``14:03:22.123456``."""
        return f"{self.second(ns)}.{(ns + self.offset) % SECOND // 1000:06d}"


class CallLines:
    """Renders batches of records as lines in ``style``, a Style, with ``timestamps``, a Timestamps;
    it has the methods of a LineFormat. ``architecture`` is an Architecture; ``path``, called with a
    file's id, an int, returns its path, bytes; of buffers ``string_size`` bytes, an int, are shown.
    ``clock`` is a Clock or None.

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
        """``path``, called with the id of a file, returns its path, bytes; of buffers
        ``string_size`` bytes are shown. ``clock`` is a Clock, None for this machine's."""
        self._decoder = Decoder(architecture, path, string_size)
        self._timestamps = timestamps
        self._clock = clock or Clock()
        # What is the same in many lines, by the data of their records.
        self._known: dict[bytes, Any] = {}
        self._make: Callable[[bytes], Any] = self._text
        self._render: Callable[[list[int], list[int], list[Any]], bytes] = self._text_lines
        if style is Style.JSON:
            self._make, self._render = self._json, self._json_lines
        elif timestamps is Timestamps.TIME:
            self._render = self._timed_lines

    def changed_header(self) -> str:
        """Return the header if it has changed, a str: there is none."""
        return ""

    def render(self, columns: Sequence[list[Any]]) -> bytes:
        """Return the lines of a batch in UTF-8, bytes; ``columns``, a sequence of lists, are those
        of CallEvents."""
        if not columns or not columns[0]:
            return b""
        known = self._known
        if len(known) >= CACHED:
            known.clear()
        parts = [known.get(data) or self._remember(data) for data in columns[DATA]]
        return self._render(columns[STARTED], columns[DURATION], parts)

    def _remember(self, data: bytes) -> Any:
        parts = self._known[data] = self._make(data)
        return parts

    def _timed_lines(self, started: list[int], took: list[int], parts: list[bytes]) -> bytes:
        """Lines with the time of day: all together, where these are in one second, and none took
        one."""
        first = self._clock.second(min(started))
        if max(took) >= SECOND or self._clock.second(max(started)) != first:
            return self._text_lines(started, took, parts)
        offset = self._clock.offset
        times = [0] * (2 * len(parts))
        times[::2] = [(each + offset) % SECOND // 1000 for each in started]
        times[1::2] = [each // 1000 for each in took]
        second = first.encode()
        separator = b" <0.%06d>\n" + second + b".%06d "
        template = second + b".%06d " + separator.join(parts) + b" <0.%06d>\n"
        return template % tuple(times)

    def _text_lines(self, started: list[int], took: list[int], parts: list[bytes]) -> bytes:
        lines = []
        for begin, duration, template in zip(started, took, parts, strict=True):
            at = begin or duration
            if self._timestamps is Timestamps.TIME:
                lines.append(self._clock.text(at).encode() + b" ")
            elif self._timestamps is Timestamps.NS:
                lines.append(b"%d " % at)
            lines.append(template % ())
            timed = begin and duration < TIMELESS
            lines.append(b" <%.6f>\n" % (duration / SECOND) if timed else b"\n")
        return b"".join(lines)

    def _text(self, data: bytes) -> bytes:
        """A line without its times, as a template."""
        head = head_of(data)
        text = f"{name_text(head.comm)}[{head.tid}] {self._event_text(head, data)}"
        return text.encode("utf-8", "backslashreplace").replace(b"%", b"%%")

    def _event_text(self, head: EventHead, data: bytes) -> str:
        if head.what == EventKind.SIGNAL:
            return f"--- {signal_text(head, data)} ---"
        if head.what == EventKind.EXITED:
            return f"+++ {exit_text(head.result)} +++"
        called = self._decoder.called(head)
        call = self._decoder.call(head, data, called)
        begun = f"{called.shown}({arguments_text(call, called.declared)}"
        if head.what == EventKind.UNFINISHED:
            return f"{begun} <unfinished ...>"
        return f"{begun}) = {result_text(call, called.declared)}"

    def _json_lines(
        self, started: list[int], took: list[int], parts: list[tuple[str, str]]
    ) -> bytes:
        lines = []
        for begin, duration, (first, last) in zip(started, took, parts, strict=True):
            at = begin or duration
            text = f'{{"timestamp_ns":{at},"time":"{self._clock.text(at)}",{first}'
            if last:
                ns = duration if begin and duration < TIMELESS else "null"
                text = f'{text},"duration_ns":{ns},{last}'
            lines.append(f"{text}}}\n")
        return "".join(lines).encode("utf-8", "backslashreplace")

    def _json(self, data: bytes) -> tuple[str, str]:
        """What is before the duration of an object, and what is behind it."""
        head = head_of(data)
        shown = {"pid": head.pid, "tid": head.tid, "comm": decode_text(head.comm)}
        if head.what == EventKind.SIGNAL:
            info = siginfo_text(siginfo(data))
            shown |= {"signal": signal_name(head.result), "siginfo": info}
            return members(shown), ""
        if head.what == EventKind.EXITED:
            return members(shown | {"exited": exit_text(head.result)}), ""
        called = self._decoder.called(head)
        call = self._decoder.call(head, data, called)
        shown |= {
            "syscall": called.shown,
            "nr": head.nr - (head.nr >> 31 << 32),
            "abi": call.abi.value,
            "args": arguments_json(call),
            "ret": call.result if call.finished else None,
            "error": error_name(call),
        }
        return members(shown), members({"slept": bool(head.slept)})


def members(values: dict[str, Any]) -> str:
    """Return ``values``, a dict by name, as members of a JSON object without its braces, a str."""
    return json.dumps(values, separators=(",", ":"))[1:-1]


@lru_cache(4096)
def name_text(comm: bytes) -> str:
    """Return ``comm``, bytes up to a NUL, the name of a thread, in one line."""
    return visible(decode_text(comm))


def siginfo(data: bytes) -> bytes:
    """Return the siginfo in ``data``, of a CallEvent that tells a signal, bytes."""
    return data[CallHead.size + PART :]


def signal_text(head: EventHead, data: bytes) -> str:
    """Return the signal that ``head``, an EventHead, and ``data``, of its CallEvent, tell:
    ``SIGCHLD {si_signo=...}``."""
    name = signal_name(head.result)
    info = siginfo_text(siginfo(data))
    return f"{name} {info}" if info else name


def exit_text(code: int) -> str:
    """Return how a thread ended, by its exit ``code``, an int as wait(2) has it: ``exited with 1``,
    ``killed by SIGSEGV (core dumped)``."""
    number = code & 0x7F
    if number == 0:
        return f"exited with {code >> 8 & 0xFF}"
    return f"killed by {signal_name(number)}" + " (core dumped)" * bool(code & 0x80)
