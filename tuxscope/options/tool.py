"""What a user can ask of a page's run: the options that tools share, each with one meaning."""

from __future__ import annotations

from tuxscope.errors import UsageError
from tuxscope.options import Options, option, switch, words
from tuxscope.options.parsers import (
    choice,
    process_id,
    seconds,
    seed_number,
    whole_number,
    whole_numbers,
)
from tuxscope.output.lines import Style

# Processes that are left out: a comparison each, on every event.
MOST_EXCLUDED = 64
# What a page shows, for ``applies_to``.
STREAM, TABLE = ("stream",), ("table",)


def page_count(flag: str, text: str) -> int:
    """Memory pages of a ring."""
    pages = whole_number("a power of two", 64)(flag, text)
    from tuxscope.loader.perf_reader import LARGEST_PAGES

    if pages & pages - 1 or pages > LARGEST_PAGES:
        raise UsageError(f"{flag} takes a power of two up to {LARGEST_PAGES}, not {text}")
    return pages


def column_name(flag: str, text: str) -> str:
    """A column's name; which there are, only the page knows."""
    if text == "True":
        raise UsageError(f"{flag} takes a column, as in {flag} count, not nothing")
    return text


class ToolOptions(Options):
    """The options that all tools have; a tool adds its own, or takes some away."""

    pid: int | None = option(
        "PID",
        process_id,
        "trace this process alone, filtered in the kernel, and end with it",
        default=None,
        excludes={
            "command": "--pid and {other} both say what to trace; use one of them",
            "exclude": "--pid leaves out all other processes; it does not go with {other}",
        },
    )
    exclude: tuple[int, ...] = option(
        "PID,PID",
        whole_numbers("process ids", "1842,733", MOST_EXCLUDED),
        "leave these processes out, in the kernel",
        default=(),
        excludes={"command": "{other} is traced alone; it does not go with --exclude"},
    )
    format: Style = option(
        "FORMAT", choice(Style), "text (default) or json, an object a line", default=Style.TEXT
    )
    duration: float | None = option(
        "SECONDS", seconds(2.5), "end after so long: 2.5, 10ms or 1m", default=None
    )
    count: int | None = option(
        "N", whole_number("a number of events", 100), "end after N events", default=None
    )
    interval: float | None = option(
        "SECONDS",
        seconds(0.5),
        "of a table: the time from one to the next (default: 1); --count N ends after N tables",
        default=None,
        applies_to=TABLE,
    )
    rows: int | None = option(
        "N",
        whole_number("a number of rows", 10),
        "of a table: the first N rows of each",
        default=None,
        applies_to=TABLE,
    )
    sort: str | None = option(
        "COLUMN",
        column_name,
        "of a table: sorted by this column, the largest number first",
        default=None,
        applies_to=TABLE,
    )
    include_self: bool = switch("show tuxscope's own calls, too", default=False)
    buffer_pages: int | None = option(
        "N",
        page_count,
        "memory pages of each CPU's ring, or of a ring buffer, a power of two\n"
        "(default: 4 MiB a CPU, 64 MiB in all at most)",
        default=None,
        applies_to=STREAM,
    )
    unordered: bool = switch(
        "each CPU's events as they come, not all by their time", default=False, applies_to=STREAM
    )
    strict: bool = switch(
        "end with status 3 if any event was lost", default=False, applies_to=STREAM
    )
    lost_records: bool = switch(
        "with --format json, an object for lost events, too",
        default=False,
        applies_to=STREAM,
        needs=(
            "format", Style.JSON, "--lost-records adds JSON objects; it goes with --format json"
        ),
    )  # fmt: skip
    verifier_log: bool = switch(
        "if the kernel refuses the program, print all that it says", default=False
    )
    simulate: bool = switch(
        "interpret the program on made-up calls: no kernel, no privilege; in their own time, or "
        "fast with --count",
        default=False,
        excludes=dict.fromkeys(
            ("command", "include_self", "buffer_pages", "verifier_log", "unordered", "strict",
             "lost_records"),
            "{other} needs a kernel, --simulate has none; leave one of them out",
        ),
    )  # fmt: skip
    seed: int | None = option(
        "N",
        seed_number,
        "other made-up calls, the same for the same N (default: 0)",
        default=None,
        needs=("simulate", True, "--seed chooses made-up writes; it goes with --simulate"),
    )
    command: tuple[str, ...] = words(
        "start COMMAND as the user who called sudo, trace it from its first instruction, end with "
        "it and with its exit status; what it prints goes to stderr",
        default=(),
    )
