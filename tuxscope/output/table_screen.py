"""Prints tables: on a terminal each replaces the previous one, else one below the other."""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from contextlib import suppress

from tuxscope.output.lines import Style
from tuxscope.output.screen import height_of, moves_cursor, width_of
from tuxscope.output.sink import Sink

# ECMA-48: to the first row and column; clear to the end of the line, and of the screen.
HOME, REST_OF_LINE, REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
# xterm's alternate screen: it has no scrollback, does not rewrap lines, and leaves the previous
# contents intact. It is cleared, because some terminals do not have it.
ENTER = f"\x1b[?1049h{HOME}{REST_OF_SCREEN}"
LEAVE = f"{HOME}{REST_OF_SCREEN}\x1b[?1049l"


class TableScreen:
    """Prints a series of tables in ``style``, a Style, to ``sink``, a Sink.

    Attributes:
        replaces: whether a table replaces the previous one: on a terminal that is not dumb.
        room: an int or None, a property.
        resized: a bool, a property.
    """

    def __init__(self, sink: Sink, style: Style) -> None:
        text, fd = style is Style.TEXT, sink.fileno()
        self._sink = sink
        self._apart = text
        self._fits = text and os.isatty(fd)
        self.replaces = text and moves_cursor(fd)
        self._size: tuple[int, int] | None = None  # of the terminal at the last table
        self._first = True

    @property
    def room(self) -> int | None:
        """The maximum width of a line, an int; None for no limit."""
        return width_of(self._sink.fileno()) if self._fits else None

    @property
    def resized(self) -> bool:
        """Whether the size of the terminal has changed since the last table, a bool."""
        return self._size is not None and self._size != size_of(self._sink.fileno())

    def show(self, lines: Sequence[str]) -> None:
        """Print a table of these ``lines``, a sequence of str; on a terminal, as many as it has
        rows."""
        if not self.replaces:
            self._print(lines)
            return
        text = HOME if self._size else ENTER
        self._size = size_of(self._sink.fileno())
        # Clear each line before writing it: after a line of full width, the cursor is still on it.
        text += "".join(f"{REST_OF_LINE}{line}\n" for line in shortened(lines, self._size[1] - 1))
        self._sink.write(f"{text}{REST_OF_SCREEN}")

    def finish(self, lines: Sequence[str]) -> None:
        """Leave the alternate screen and print all ``lines``, a sequence of str, of the final
        table."""
        self._print(lines, LEAVE if self._size else "")
        if self._size and not self._sink.done:
            self._size = None

    def _print(self, lines: Sequence[str], before: str = "") -> None:
        apart = "\n" if self._apart and not self._first and not self.replaces else ""
        self._first = False
        self._sink.write(before + apart + "".join(f"{line}\n" for line in lines))

    def close(self) -> None:
        """Leave the alternate screen, if :meth:`finish` was not called."""
        if self._size and select.select((), (self._sink.fileno(),), (), 0)[1]:
            with suppress(OSError):
                os.write(self._sink.fileno(), LEAVE.encode())
        self._size = None


def size_of(fd: int) -> tuple[int, int]:
    """Return the pair of ints (columns, rows) of terminal ``fd``, an int."""
    return width_of(fd), height_of(fd)


def shortened(lines: Sequence[str], rows: int) -> Sequence[str]:
    """Return a sequence of at most ``rows``, an int, of ``lines``, a sequence of str, those of a
    table; the last one counts the omitted rows."""
    if len(lines) <= rows:
        return lines
    kept = max(rows - 1, 1)
    return [*lines[:kept], f"… {len(lines) - kept} more rows"]
