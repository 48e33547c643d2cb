"""The options of ``tuxscope syscall``: those of all tools, the key of the table, and filters."""

from __future__ import annotations

from tuxscope.abi.architecture import this_architecture
from tuxscope.calls.filters import Chosen
from tuxscope.calls.reads import LONGEST_READ
from tuxscope.calls.records import By
from tuxscope.errors import UsageError
from tuxscope.options import option, switch
from tuxscope.options.call_names import NameList, name_list
from tuxscope.options.calls import CGROUP, COMM, ERROR, FAILED, FOLLOW, MIN, NAME, UID
from tuxscope.options.parsers import choice, given, integer
from tuxscope.options.tool import SUMMARY, ToolOptions, summary_key
from tuxscope.programs.syscall.timestamps import Timestamps

NOT_OF_TABLES = "{other} and --string-size, --timestamps or --output conflict: these are of lines"


def one_call(flag: str, text: str) -> NameList:
    """Return the NameList of ``text``, the name of one system call, the value of option ``flag``.
    Raises UsageError."""
    if text == "True" or not text or not {"!", "%", ","}.isdisjoint(text):
        raise UsageError(f"{flag} takes one system call, as in {flag} openat, not {given(text)}")
    return name_list(flag, text, this_architecture())


def string_size(flag: str, text: str) -> int:
    """Return the number of bytes in ``text``, 0 to LONGEST_READ - 1. Raises UsageError that names
    ``flag``."""
    size = 0 if text == "0" else integer("a number of bytes", 200)(flag, text)
    if size >= LONGEST_READ:
        raise UsageError(f"{flag} takes at most {LONGEST_READ - 1} bytes, not {text}")
    return size


def file_name(flag: str, text: str) -> str:
    """Return ``text``, the name of a file. Raises UsageError that names ``flag``."""
    if text in ("True", ""):
        raise UsageError(f"{flag} takes a file, as in {flag} calls.txt, or -, not nothing")
    return text


class SyscallOptions(ToolOptions, after="exclude"):
    """Options of ``tuxscope syscall``; a ToolOptions class, with those of ToolOptions.

    Attributes:
        summary, follow, failed: each a bool.
        by: a By.
        hist, name: each a NameList or None.
        comm: bytes or None.
        uid: an int or None.
        cgroup, output: each a str or None.
        error: a frozenset of int.
        min: a float.
        string_size: an int.
        timestamps: a Timestamps.
    """

    simulate: bool = switch(
        "interpret the programs on synthetic calls; needs no kernel and no privilege; in real "
        "time, or at full speed with --count",
        default=False,
        excludes={
            **ToolOptions.declared["simulate"].excludes,
            "summary": "--simulate and {other} conflict: synthetic calls have lines, and no table",
            "cgroup": "--simulate and {other} conflict: {other} needs a kernel",
        },
    )
    unordered: bool = False

    pid: int | None = ToolOptions.declared["pid"].with_help(
        "only calls of process PID, filtered in the kernel; stop when it exits"
    )
    exclude: tuple[int, ...] = ToolOptions.declared["exclude"].with_help(
        "no calls of these processes, filtered in the kernel; at most 64"
    )
    summary: bool = SUMMARY
    by: By = summary_key(
        By,
        "the key of the summary: syscall (default), process, thread, error or cgroup",
        By.SYSCALL,
    )
    hist: NameList | None = option(
        "NAME",
        one_call,
        "print a histogram of the time that this call takes",
        default=None,
        excludes=dict.fromkeys(
            ("by", "name", "sort", "rows"),
            "--hist and {other} conflict: --hist is of one call",
        ),
        needs=("summary", True, "--hist needs --summary"),
    )
    name: NameList | None = NAME
    comm: bytes | None = COMM
    uid: int | None = UID
    cgroup: str | None = CGROUP
    follow: bool = FOLLOW
    failed: bool = FAILED
    error: frozenset[int] = ERROR
    min: float = MIN
    buffer_pages: int | None = ToolOptions.declared["buffer_pages"].with_help(
        "size of the ring buffer in memory pages, a power of two (default: 8 MiB)"
    )
    string_size: int = option(
        "N",
        string_size,
        "show at most N bytes of a buffer (default: 32); paths are whole",
        default=32,
        excludes={"summary": NOT_OF_TABLES},
    )
    timestamps: Timestamps = option(
        "KIND",
        choice(Timestamps),
        "in front of a line: time (default), ns (of CLOCK_MONOTONIC), or none",
        default=Timestamps.TIME,
        excludes={"summary": NOT_OF_TABLES},
    )
    output: str | None = option(
        "FILE",
        file_name,
        "write the lines to FILE; - is stdout, and COMMAND's stdout goes to stderr then",
        default=None,
        excludes={"summary": NOT_OF_TABLES},
    )
    interval: float | None = ToolOptions.declared["interval"].with_help(
        "print a table of each interval, as in 2.5 (default: every second, of the whole run)",
        needs=("summary", True, "--interval needs --summary"),
    )
    rows: int | None = ToolOptions.declared["rows"].with_help(
        "with --summary: print at most N rows per table",
        needs=("summary", True, "--rows needs --summary"),
    )
    sort: str | None = ToolOptions.declared["sort"].with_help(
        "with --summary: sort by this column, largest number first (default: total)",
        needs=("summary", True, "--sort needs --summary"),
    )
    count: int | None = option(
        "N", integer("a number of lines", 100), "stop after N lines, or N tables", default=None
    )
    include_self: bool = ToolOptions.declared["include_self"].with_help("also tuxscope's own calls")
    verifier_log: bool = ToolOptions.declared["verifier_log"].with_help(
        "if the kernel refuses a program, print the whole verifier log"
    )
    command: tuple[str, ...] = ToolOptions.declared["command"].with_help(
        "start COMMAND as the user who ran sudo and trace its calls; exit when it exits, with its "
        "status; it keeps stdout, and the lines go to stderr or FILE. With --summary its stdout "
        "goes to stderr"
    )

    def chosen(self, cgroup: tuple[int, int] | None) -> Chosen:
        """Return the filter that the programs apply, a Chosen; ``cgroup`` is a pair of ID and
        depth, as the kernel identifies --cgroup, or None."""
        names = self.hist or self.name
        return Chosen(
            by=self.by,
            comm=self.comm,
            uid=self.uid,
            cgroup=cgroup,
            numbers=names.numbers if names else None,
            all_but=names.all_but if names else False,
            failed=self.failed,
            errors=self.error,
            least_ns=round(self.min * 1e9),
            follow=self.follow,
            from_exec=bool(self.command),
        )
