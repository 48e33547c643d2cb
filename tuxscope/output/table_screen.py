"""Where tables go: on a terminal each in the place of the last, elsewhere one below the other."""

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
# xterm's alternate screen: it has no scrollback, is not wrapped anew when it becomes narrower, and
# afterwards all is there again that was. It is cleared for those terminals that have none.
ENTER = f"\x1b[?1049h{HOME}{REST_OF_SCREEN}"
LEAVE = f"{HOME}{REST_OF_SCREEN}\x1b[?1049l"


class TableScreen:
    """Shows one table after the other.

    Attributes:
        replaces: whether a table takes the place of the last: on a terminal, unless it is dumb.
    """

    def __init__(self, sink: Sink, style: Style) -> None:
        text, fd = style is Style.TEXT, sink.fileno()
        self._sink = sink
        self._apart = text
        self._fits = text and os.isatty(fd)
        self.replaces = text and moves_cursor(fd)
        self._size: tuple[int, int] | None = None  # of the terminal when the last one was shown
        self._first = True

    @property
    def room(self) -> int | None:
        """What no line may be wider than; None where there is room for all."""
        return width_of(self._sink.fileno()) if self._fits else None

    @property
    def resized(self) -> bool:
        """Whether the terminal has another size than it had for the table that is shown."""
        return self._size is not None and self._size != size_of(self._sink.fileno())

    def show(self, lines: Sequence[str]) -> None:
        """Show a table until the next: as much of it as the terminal has rows for."""
        if not self.replaces:
            self._print(lines)
            return
        text = HOME if self._size else ENTER
        self._size = size_of(self._sink.fileno())
        # Cleared before it is written: behind a line of full width the cursor is still on its end.
        text += "".join(f"{REST_OF_LINE}{line}\n" for line in shortened(lines, self._size[1] - 1))
        self._sink.write(f"{text}{REST_OF_SCREEN}")

    def finish(self, lines: Sequence[str]) -> None:
        """Print the last table, which stays, whole: what it counted is counted nowhere else."""
        self._print(lines, LEAVE if self._size else "")
        if self._size and not self._sink.done:
            self._size = None

    def _print(self, lines: Sequence[str], before: str = "") -> None:
        apart = "\n" if self._apart and not self._first and not self.replaces else ""
        self._first = False
        self._sink.write(before + apart + "".join(f"{line}\n" for line in lines))

    def close(self) -> None:
        """Leave the terminal as it was, where no table was the last."""
        if self._size and select.select((), (self._sink.fileno(),), (), 0)[1]:
            with suppress(OSError):
                os.write(self._sink.fileno(), LEAVE.encode())
        self._size = None


def size_of(fd: int) -> tuple[int, int]:
    """A terminal's columns and rows."""
    return width_of(fd), height_of(fd)


def shortened(lines: Sequence[str], rows: int) -> Sequence[str]:
    """A table in so many rows, the last of which tells of those that are left out."""
    if len(lines) <= rows:
        return lines
    kept = max(rows - 1, 1)
    return [*lines[:kept], f"… {len(lines) - kept} more rows"]
