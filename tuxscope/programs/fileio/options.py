"""The options of ``tuxscope fileio``: those of all tools, of calls, and which files."""

from __future__ import annotations

from tuxscope.abi.architecture import this_architecture
from tuxscope.calls.filters import Chosen
from tuxscope.calls.records import By
from tuxscope.errors import UsageError
from tuxscope.options import option, switch
from tuxscope.options.calls import CGROUP, COMM, ERROR, FAILED, FOLLOW, MIN, UID
from tuxscope.options.parsers import given, integer
from tuxscope.options.tool import EXISTING, SUMMARY, ToolOptions, summary_key
from tuxscope.programs.fileio.keys import FileBy
from tuxscope.programs.fileio.operations import (
    CHOICES,
    GROUPS,
    LONGEST_PATH,
    MOVING,
    USUAL,
    calls_of,
)
from tuxscope.suggest import did_you_mean


def operations(flag: str, text: str) -> frozenset[str]:
    """Return the operations that ``text``, names of them separated by commas, stands for, a
    frozenset of str. Raises UsageError that names ``flag``."""
    if text == "True":
        raise UsageError(f"{flag} takes names of operations, as in {flag} open,write, not nothing")
    found: set[str] = set()
    for each in text.split(",", len(CHOICES)):
        if each not in CHOICES:
            near = did_you_mean(each, CHOICES)
            hint = near or f"; there are {', '.join(CHOICES)}"
            raise UsageError(f"{flag}: there is no operation {given(each)}{hint}")
        found |= GROUPS.get(each, frozenset({each}))
    return frozenset(found)


def pattern(flag: str, text: str) -> str:
    """Return ``text``, a pattern of paths. Raises UsageError that names ``flag``."""
    if text in ("True", ""):
        raise UsageError(f"{flag} takes a path or a pattern, as in {flag} '*.log', not nothing")
    if len(text) > LONGEST_PATH:
        raise UsageError(f"{flag} takes at most {LONGEST_PATH} characters, not {len(text)}")
    return text


OF_CALLS = "{other} and --disk conflict: {other} is about system calls"


class FileioOptions(ToolOptions, after="exclude"):
    """Options of ``tuxscope fileio``; a ToolOptions class, with those of ToolOptions.

    Attributes:
        comm: bytes or None.
        uid: an int or None.
        cgroup, path: each a str or None.
        existing, summary, disk, follow, failed, all: each a bool.
        tables: a bool, a property.
        error: a frozenset of int.
        min: a float.
        op: a frozenset of str.
        by: a FileBy.
    """

    simulate: bool = False
    seed: int | None = None
    unordered: bool = False

    pid: int | None = ToolOptions.declared["pid"].with_help(
        "only operations of process PID, filtered in the kernel; stop when it exits"
    )
    exclude: tuple[int, ...] = ToolOptions.declared["exclude"].with_help(
        "no operations of these processes, filtered in the kernel; at most 64"
    )
    existing: bool = EXISTING.with_help("first print the files that are open already, as lsof does")
    summary: bool = SUMMARY
    by: FileBy = summary_key(
        FileBy, "the key of the summary: file (default), process, directory or mount", FileBy.FILE
    )
    disk: bool = switch(
        "what reaches the devices, by file and by the process that dirtied its pages: print a "
        "table every second",
        default=False,
        excludes=dict.fromkeys(
            ("existing", "summary", "by", "op", "path", "all", "comm", "uid", "cgroup", "follow",
             "failed", "error", "min", "buffer_pages", "strict", "lost_records"),
            OF_CALLS,
        ),
    )  # fmt: skip
    op: frozenset[str] = option(
        "LIST",
        operations,
        "only these operations: open,rename; read and write are all kinds of them; stat and "
        "access are shown only if they are in LIST",
        default=USUAL,
    )
    path: str | None = option(
        "PATTERN",
        pattern,
        "only this file, or files below this directory; or files whose path is like '/srv/*.db', "
        "or whose name is like '*.log'",
        default=None,
    )
    all: bool = switch(
        "also pipes, sockets, devices, and files of /proc and the like (default: regular files "
        "and directories)",
        default=False,
    )
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
    interval: float | None = ToolOptions.declared["interval"].with_help(
        "print a table of each interval, as in 2.5 (default: every second, of the whole run)",
        needs=("tables", True, "--interval needs --summary or --disk"),
    )
    rows: int | None = ToolOptions.declared["rows"].with_help(
        "with --summary or --disk: print at most N rows per table",
        needs=("tables", True, "--rows needs --summary or --disk"),
    )
    sort: str | None = ToolOptions.declared["sort"].with_help(
        "with --summary or --disk: sort by this column, largest number first (default: bytes)",
        needs=("tables", True, "--sort needs --summary or --disk"),
    )
    count: int | None = option(
        "N", integer("a number of lines", 100), "stop after N lines, or N tables", default=None
    )
    include_self: bool = ToolOptions.declared["include_self"].with_help(
        "also tuxscope's own operations"
    )
    command: tuple[str, ...] = ToolOptions.declared["command"].with_help(
        "start COMMAND as the user who ran sudo and trace its operations; exit when it exits, with "
        "its status; its stdout goes to stderr"
    )

    def check(self) -> None:
        super().check()
        if self.summary and not self.op & MOVING:
            raise UsageError(
                "--summary counts operations that move bytes, and --op names none; "
                "try --op read,write"
            )

    @property
    def tables(self) -> bool:
        """Whether tables are printed, and not lines, a bool."""
        return self.summary or self.disk

    def chosen(self, cgroup: tuple[int, int] | None) -> Chosen:
        """Return the filter that the programs apply, a Chosen; ``cgroup`` is a pair of ID and
        depth, as the kernel identifies --cgroup, or None."""
        return Chosen(
            by=By.THREAD,
            comm=self.comm,
            uid=self.uid,
            cgroup=cgroup,
            numbers=calls_of(self.op & MOVING if self.summary else self.op, this_architecture()),
            failed=self.failed,
            errors=self.error,
            least_ns=round(self.min * 1e9),
            follow=self.follow,
            from_exec=bool(self.command),
        )
