"""The options that all tools share, each with one meaning."""

from __future__ import annotations

from enum import Enum

from tuxscope.errors import UsageError
from tuxscope.lean_typing import Any
from tuxscope.options import Options, option, switch, trailing_command
from tuxscope.options.parsers import (
    choice,
    integer,
    integers,
    process_id,
    seconds,
    seed_number,
)
from tuxscope.output.lines import Style

# For --exclude: the program compares each PID with the current one, on every event.
MOST_EXCLUDED = 64
# Kinds of page, for ``applies_to``.
STREAM, TABLE = ("stream",), ("table",)


def page_count(flag: str, text: str) -> int:
    """Return the number of memory pages of a ring in ``text``, a str: a power of two, an int.
    Raises UsageError that names ``flag``."""
    pages = integer("a power of two", 64)(flag, text)
    from tuxscope.loader.perf_reader import LARGEST_PAGES

    if pages & pages - 1 or pages > LARGEST_PAGES:
        raise UsageError(f"{flag} takes a power of two up to {LARGEST_PAGES}, not {text}")
    return pages


def column_name(flag: str, text: str) -> str:
    """Return ``text``, the name of a column, a str, unchecked: only the page knows its columns.

    Raises UsageError if ``flag`` has no value.
    """
    if text == "True":
        raise UsageError(f"{flag} takes a column, as in {flag} count, not nothing")
    return text


# Declared once for the tools that have them; ToolOptions has neither. A tool takes one by assigning
# it in its class: ``summary: bool = SUMMARY``. Conflicts with options that it lacks do not apply.
SUMMARY: Any = switch(
    "count in the kernel and print a table instead of events",
    default=False,
    excludes=dict.fromkeys(
        ("existing", "netns", "buffer_pages", "unordered", "strict", "lost_records"),
        "--summary and {other} conflict: {other} is for single events",
    ),
)
EXISTING: Any = switch("first print the existing connections, as ss does", default=False)


def summary_key(keys: type[Enum], help: str, default: Enum) -> Any:
    """Declare ``--by KEY``, the key of a tool's ``--summary``, one of ``keys``, an Enum class;
    return the Option with ``help``, a str, and ``default``, one of them."""
    return option(
        "KEY",
        choice(keys),
        help,
        default=default,
        needs=("summary", True, "--by needs --summary"),
    )


class ToolOptions(Options):
    """An Options: the options of all tools. A tool declares its own in a subclass, and may remove
    some.

    Attributes:
        pid, count, rows, buffer_pages, seed: each an int or None.
        exclude: a tuple of int.
        format: a Style.
        duration, interval: each a float or None.
        sort: a str or None.
        include_self, unordered, strict, lost_records, verifier_log, simulate: each a bool.
        command: a tuple of str.
    """

    pid: int | None = option(
        "PID",
        process_id,
        "trace only process PID, filtered in the kernel; stop when it exits",
        default=None,
        excludes={
            "command": "--pid and {other} conflict: both select what to trace; give one of them",
            "exclude": "--pid and {other} conflict: --pid already excludes all other processes",
        },
    )
    exclude: tuple[int, ...] = option(
        "PID,PID",
        integers("process IDs", "1842,733", MOST_EXCLUDED),
        f"do not trace these processes, filtered in the kernel; at most {MOST_EXCLUDED}",
        default=(),
        excludes={"command": "--exclude and {other} conflict: only COMMAND is traced"},
    )
    format: Style = option(
        "FORMAT", choice(Style), "text (default), or json: one object per line", default=Style.TEXT
    )
    duration: float | None = option(
        "SECONDS", seconds(2.5), "stop after this time: 2.5, 10ms or 1m", default=None
    )
    count: int | None = option(
        "N", integer("a number of events", 100), "stop after N events", default=None
    )
    interval: float | None = option(
        "SECONDS",
        seconds(0.5),
        "tables only: time between tables (default: 1); --count N stops after N tables",
        default=None,
        applies_to=TABLE,
    )
    rows: int | None = option(
        "N",
        integer("a number of rows", 10),
        "tables only: print at most N rows per table",
        default=None,
        applies_to=TABLE,
    )
    sort: str | None = option(
        "COLUMN",
        column_name,
        "tables only: sort by this column, largest number first",
        default=None,
        applies_to=TABLE,
    )
    include_self: bool = switch("also trace tuxscope's own calls", default=False)
    buffer_pages: int | None = option(
        "N",
        page_count,
        "size of each CPU's ring, or of a ring buffer, in memory pages, a power of two\n(default: "
        "4 MiB per CPU, at most 64 MiB in total)",
        default=None,
        applies_to=STREAM,
    )
    unordered: bool = switch(
        "do not sort the events of all CPUs by time", default=False, applies_to=STREAM
    )
    strict: bool = switch(
        "exit with status 3 if events were lost", default=False, applies_to=STREAM
    )
    lost_records: bool = switch(
        "with --format json: also print an object for lost events",
        default=False,
        applies_to=STREAM,
        needs=(
            "format", Style.JSON, "--lost-records needs --format json"
        ),
    )  # fmt: skip
    verifier_log: bool = switch(
        "if the kernel refuses the program, print the whole verifier log", default=False
    )
    simulate: bool = switch(
        "interpret the program on synthetic events; needs no kernel and no privilege; in real "
        "time, or at full speed with --count",
        default=False,
        excludes=dict.fromkeys(
            ("command", "include_self", "buffer_pages", "verifier_log", "unordered", "strict",
             "lost_records"),
            "--simulate and {other} conflict: {other} needs a kernel; leave out one of them",
        ),
    )  # fmt: skip
    seed: int | None = option(
        "N",
        seed_number,
        "seed of the synthetic events (default: 0)",
        default=None,
        needs=("simulate", True, "--seed needs --simulate"),
    )
    command: tuple[str, ...] = trailing_command(
        "start COMMAND as the user who ran sudo and trace it from its first instruction; exit when "
        "it exits, with its status; its stdout goes to stderr",
        default=(),
    )
