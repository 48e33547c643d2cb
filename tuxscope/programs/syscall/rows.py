"""The table of syscall --summary: its rows, and how each column shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from errno import errorcode
from typing import Any

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import syscall_name
from tuxscope.asm import Hash
from tuxscope.calls.records import By
from tuxscope.output.columns import Column
from tuxscope.output.durations import Duration, short_time
from tuxscope.output.lines import Style
from tuxscope.output.row import Row
from tuxscope.page.page import Page
from tuxscope.programs.syscall.counts import Counts
from tuxscope.programs.syscall.in_flight import Blocked
from tuxscope.programs.syscall.tallies import OTHER
from tuxscope.record import Record, RecordType, char, u64
from tuxscope.record.values import Optional

UNKNOWN = (1 << 64) - 1
OTHERS = "(other)"  # what had no room for a row of its own
Entry = tuple[Record, Record]


class CallRow(Record):
    """A Record, the row's key with ``--by syscall``.

    Attributes:
        syscall: a str.
    """

    syscall = char[64]


class ProcessRow(Record):
    """A Record, the row's key with ``--by process``.

    Attributes:
        pid: an int or None.
        comm: a str.
    """

    pid = Optional(u64, UNKNOWN)
    comm = char[16]


class ThreadRow(Record):
    """A Record, the row's key with ``--by thread``.

    Attributes:
        pid, tid: an int or None each.
        comm: a str.
    """

    pid = Optional(u64, UNKNOWN)
    tid = Optional(u64, UNKNOWN)
    comm = char[16]


class ErrorRow(Record):
    """A Record, the row's key with ``--by error``.

    Attributes:
        error: a str.
    """

    error = char[16]


class CgroupRow(Record):
    """A Record, the row's key with ``--by cgroup``.

    Attributes:
        cgroup: a str.
    """

    cgroup = char[1024]


class Line(Record):
    """A Record: the numbers of a row.

    Attributes:
        calls, errors, total_ns, slept_calls, slept_ns, share, in_flight, before: u64 each.
        avg_ns, p50_ns, p99_ns, max_ns, oldest_ns: an int or None each.
    """

    calls = u64
    errors = u64
    total_ns = u64
    avg_ns = Optional(u64, UNKNOWN)
    p50_ns = Optional(u64, UNKNOWN)
    p99_ns = Optional(u64, UNKNOWN)
    max_ns = Optional(u64, UNKNOWN)
    slept_calls = u64
    slept_ns = u64
    share = u64  # of the time of all calls, in hundredths of a percent
    in_flight = u64
    oldest_ns = Optional(u64, UNKNOWN)
    before = u64  # whether the oldest had begun before the start


class Share(Column):
    """A Column for hundredths of a percent: in text as percent."""

    __slots__ = ()

    @property
    def title(self) -> str:
        return "%TIME"

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        return [f"{row.values[self.field] / 100:.2f}" for row in rows]


class Slept(Column):
    """A Column that shows in text how many calls slept, and how long."""

    __slots__ = ()

    @property
    def title(self) -> str:
        return "SLEPT"

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        return [self._text(row.values[self.field], row.values[Line.slept_ns]) for row in rows]

    @staticmethod
    def _text(calls: int, ns: int) -> str:
        return f"{calls} {short_time(ns)}" if calls else "0"


class InFlight(Column):
    """A Column that shows in text how many calls are in flight, and for how long the oldest has
    been."""

    __slots__ = ()

    @property
    def title(self) -> str:
        return "IN FLIGHT"

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        shown = (self.field, Line.oldest_ns, Line.before)
        return [self._text(*(row.values[each] for each in shown)) for row in rows]

    @staticmethod
    def _text(threads: int, ns: int | None, before: int) -> str:
        return f"{threads} {'>' * before}{short_time(ns)}" if threads else "0"


KEYS: dict[By, tuple[RecordType, tuple[Column, ...]]] = {
    By.SYSCALL: (CallRow, (Column(CallRow.syscall, 20, rank=1),)),
    By.PROCESS: (ProcessRow, (Column(ProcessRow.pid, 7, rank=1), Column(ProcessRow.comm, 15))),
    By.THREAD: (
        ThreadRow,
        (
            Column(ThreadRow.pid, 7, rank=2),
            Column(ThreadRow.tid, 7, rank=1),
            Column(ThreadRow.comm, 15),
        ),
    ),
    By.ERROR: (ErrorRow, (Column(ErrorRow.error, 15, rank=1),)),
    By.CGROUP: (CgroupRow, (Column(CgroupRow.cgroup, 40, rank=1),)),
}


def columns(by: By, style: Style, slept: bool) -> tuple[Column, ...]:
    """Return the Columns of the table by ``by``, a By, in the format ``style``, a Style, as a
    tuple; ``slept`` is a bool, whether the kernel tells which calls slept."""
    counts = (Column(Line.calls, 10, rank=2), Column(Line.errors, 8, rank=4))
    times = (Line.total_ns, Line.avg_ns, Line.p50_ns, Line.p99_ns, Line.max_ns)
    ranks = (3, 9, 7, 5, 6)
    shown: tuple[Column, ...]
    if style is Style.JSON:
        more = (Line.slept_calls, Line.slept_ns) if slept else ()
        last = () if by is By.ERROR else (Line.in_flight, Line.oldest_ns)
        shown = tuple(map(Column, (*times, *more, *last)))
    else:
        shown = (
            *(Duration(field, 8, rank=rank) for field, rank in zip(times, ranks, strict=True)),
            *((Slept(Line.slept_calls, 16, rank=8),) if slept else ()),
            Share(Line.share, 6, rank=10),
            *(() if by is By.ERROR else (InFlight(Line.in_flight, 0, rank=3),)),
        )
    return KEYS[by][1] + counts + shown


def view(page: Page, by: By, style: Style, slept: bool) -> Page:
    """Return the Page of the table, by ``by``, a By, that is shown of what ``page``, the Page of
    the kernel side, counts.

    ``style`` is the Style, ``slept`` a bool, whether the kernel tells which calls slept.
    """
    table = Hash("TABLE", key=KEYS[by][0], value=Line, max_entries=1)
    return Page(page.program, table, columns(by, style, slept), order_by=Line.total_ns)


def rows(
    by: By,
    counts: Mapping[Any, Counts],
    blocked: Mapping[Any, Blocked],
    architecture: Architecture,
    cgroups: Mapping[int, str],
) -> list[Entry]:
    """Return a list of the rows of the table by ``by``, a By, each a pair of Records, key and Line:
    all that was counted, and all calls in flight.

    ``counts`` and ``blocked`` are mappings of the map's keys to Counts and to Blocked,
    ``architecture`` is an Architecture, ``cgroups`` a mapping of cgroup ID to path.
    """
    total = sum(each.total_ns for each in counts.values())
    return [
        (shown_key(by, key, architecture, cgroups), line(counts.get(key), blocked.get(key), total))
        for key in {**counts, **blocked}
    ]


def line(counts: Counts | None, blocked: Blocked | None, total: int) -> Line:
    """Return the Line of a row with ``counts``, Counts or None, and ``blocked``, a Blocked or None;
    ``total`` is the time of all calls in ns, an int."""
    counts = counts or Counts()
    return Line(
        calls=counts.calls,
        errors=counts.errors,
        total_ns=counts.total_ns,
        avg_ns=counts.average_ns,
        p50_ns=counts.percentile(50),
        p99_ns=counts.percentile(99),
        max_ns=counts.max_ns if counts.calls else None,
        slept_calls=counts.slept_calls,
        slept_ns=counts.slept_ns,
        share=round(counts.total_ns * 10000 / total) if total else 0,
        in_flight=blocked.threads if blocked else 0,
        oldest_ns=blocked.oldest_ns if blocked else None,
        before=int(blocked.before) if blocked else 0,
    )


def shown_key(by: By, key: Any, architecture: Architecture, cgroups: Mapping[int, str]) -> Record:
    """Return ``key``, of the map by ``by``, a By, as the Record that the table shows;
    ``architecture`` is an Architecture, ``cgroups`` a mapping of cgroup ID to path."""
    match by:
        case By.SYSCALL:
            if key.compat == OTHER:
                return CallRow(syscall=OTHERS)
            return CallRow(syscall=syscall_name(architecture, bool(key.compat), key.nr))
        case By.PROCESS:
            if key.pid == OTHER:
                return ProcessRow(pid=None, comm=OTHERS)
            return ProcessRow(pid=key.pid, comm=key.comm)
        case By.THREAD:
            if key.pid == OTHER:
                return ThreadRow(pid=None, tid=None, comm=OTHERS)
            return ThreadRow(pid=key.pid, tid=key.tid, comm=key.comm)
        case By.ERROR:
            return ErrorRow(error=error_name(key.errno))
        case By.CGROUP:
            if key.cgroup == UNKNOWN:
                return CgroupRow(cgroup=OTHERS)
            return CgroupRow(cgroup=cgroups[key.cgroup][: CgroupRow.cgroup.size - 1])


def error_name(errno: int) -> str:
    """Return the name of ``errno``, an int, as ``ENOENT``; ``errno_999`` for a number that has no
    name, ``-`` for 0."""
    if errno == OTHER:
        return OTHERS
    return errorcode.get(errno, f"errno_{errno}") if errno else "-"
