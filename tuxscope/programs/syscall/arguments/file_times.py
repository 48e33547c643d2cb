"""Kinds of the times that utimensat(2) and its like give a file."""

from __future__ import annotations

import time
from collections.abc import Callable

from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.structs import Layout, Member, Pointed
from tuxscope.programs.syscall.arguments.times import seconds_text

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

# include/linux/stat.h: in place of nanoseconds
SPECIAL = {0x3FFFFFFF: "UTIME_NOW", 0x3FFFFFFE: "UTIME_OMIT"}
PAIR = Layout(tuple(Member("", code) for code in "lLlL"))
PAIR64 = Layout(tuple(Member("", code) for code in "qQqQ"))
SECONDS = Layout((Member("actime", "l", seconds_text), Member("modtime", "l", seconds_text)))


def moment_text(seconds: int, rest: int, name: str) -> str:
    """Return the time ``seconds`` since 1970, an int, as text, with its fraction ``rest``, an int,
    which is called ``name``: ``tv_nsec`` or ``tv_usec``."""
    if name == "tv_nsec" and rest in SPECIAL:
        return SPECIAL[rest]
    text = f"{{tv_sec={seconds}, {name}={rest}}}"
    digits = 9 if name == "tv_nsec" else 6
    if not (seconds or rest) or rest >= 10**digits:
        return text
    try:
        local = time.localtime(seconds)
        shown = time.strftime("%Y-%m-%dT%H:%M:%S", local)
        zone = time.strftime("%z", local)
    except (OverflowError, ValueError, OSError):
        return text
    fraction = f".{rest:0{digits}}" if rest else ""
    return f"{text} /* {shown}{fraction}{zone} */"


def pair_text(data: bytes, call: Call, layout: Layout, name: str) -> str | None:
    """Return the two times of ``call``, a Call, in ``data``, bytes, as text; None if ``data`` is
    too short.

    ``layout`` is the Layout of both, ``name``, a str, the name of their fractions, as ``tv_nsec``.
    """
    values = layout.values(data, call.word)
    if values is None:
        return None
    first, first_rest, second, second_rest = values
    return f"[{moment_text(first, first_rest, name)}, {moment_text(second, second_rest, name)}]"


def pair(layout: Layout, name: str) -> Pointed:
    """Return the kind, a Pointed, of an argument that points to two times with ``layout``, a
    Layout, whose fractions are called ``name``, as ``tv_nsec``."""
    return Pointed(layout.size(8), lambda data, call: pair_text(data, call, layout, name))


KINDS: dict[str, Callable[..., Kind]] = {
    "two_timespecs": lambda: pair(PAIR, "tv_nsec"),
    "two_timespecs64": lambda: pair(PAIR64, "tv_nsec"),
    "two_timevals": lambda: pair(PAIR, "tv_usec"),
    "utimbuf": lambda: Pointed(SECONDS.size(8), lambda data, call: SECONDS.text(data, call.word)),
}
