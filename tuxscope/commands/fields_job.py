"""``tuxscope fields``: a tracepoint's context, or the names of tracepoints."""

from __future__ import annotations

import re
from dataclasses import asdict

from tuxscope.asm import Tracepoint
from tuxscope.errors import TuxscopeError, strerror
from tuxscope.loader.tracefs import Tracefs, TracepointError
from tuxscope.loader.tracepoint_format import ContextField, fields_of, tracepoints
from tuxscope.output.compact import COMPACT
from tuxscope.output.lines import Style
from tuxscope.output.screen import cut, room
from tuxscope.output.sink import Sink

PATTERN = re.compile(r"[*?\[]")


def list_fields(name: str, format: Style) -> int:
    """Print the fields of tracepoint ``name``, a str, or the tracepoints that match it if it is a
    pattern, as ``format``, a Style; return the exit status.

    Raises TuxscopeError.
    """
    try:
        with Tracefs() as tracefs:
            if PATTERN.search(name):
                lines = names(name, format, tracefs)
            else:
                lines = rows(fields_of(tracepoint_of(name), tracefs), format)
    except OSError as error:
        raise TuxscopeError(
            f"tracefs cannot be read: {strerror(error)}; run it with sudo"
        ) from error
    if format is Style.TEXT and (columns := room()):
        lines = [cut(each, columns) for each in lines]
    Sink().write("".join(f"{each}\n" for each in lines))
    return 0


def tracepoint_of(name: str) -> Tracepoint:
    """Return the Tracepoint of ``name``: ``category/name`` or ``category:name``. Raises
    TracepointError."""
    category, separator, rest = name.replace(":", "/").partition("/")
    if not separator or not category or not rest or "/" in rest:
        raise TracepointError(
            f"{name!r} is not a tracepoint: use CATEGORY/NAME, as in syscalls/sys_enter_write; "
            f"to search, try: tuxscope fields '*{name[:20]}*'"
        )
    return Tracepoint(category, rest)


def names(pattern: str, format: Style, tracefs: Tracefs) -> list[str]:
    """Return a list of lines, one for each tracepoint in ``tracefs``, a Tracefs, that matches
    ``pattern``, a str, as ``format``, a Style. Raises TracepointError if none matches."""
    found = [f"{each.category}/{each.name}" for each in tracepoints(pattern, tracefs)]
    if not found:
        raise TracepointError(f"no tracepoint of this kernel matches {pattern!r}")
    return [COMPACT({"tracepoint": each}) for each in found] if format is Style.JSON else found


def rows(fields: tuple[ContextField, ...], format: Style) -> list[str]:
    """Return a list of lines, one for each ContextField in ``fields``, a tuple, as ``format``, a
    Style."""
    if format is Style.JSON:
        return [COMPACT(asdict(each)) for each in fields]
    lines = ["OFFSET SIZE NAME                 TYPE"]
    lines += [f"{each.offset:<6} {each.size:<4} {each.name:<20} {each.type}" for each in fields]
    return lines
