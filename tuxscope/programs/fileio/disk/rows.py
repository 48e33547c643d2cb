"""The table of fileio --disk: its rows, and how each column shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tuxscope.asm import Hash
from tuxscope.files.paths import FilePath
from tuxscope.lean_dataclasses import dataclass, field
from tuxscope.output.columns import AnyColumn, Column
from tuxscope.output.durations import Duration
from tuxscope.output.lines import Style
from tuxscope.output.row import Row
from tuxscope.output.visible import as_text
from tuxscope.page.page import Page
from tuxscope.programs.fileio.disk.places import Places, device_numbers
from tuxscope.programs.fileio.disk.records import Moved, RowKey, Writer, WriterKey
from tuxscope.record import Record, char, u64
from tuxscope.record.values import Optional

UNKNOWN = (1 << 64) - 1
OTHERS = "(other)"  # what had no room for a row of its own
# The bytes that system calls read and wrote of a file, by (device, inode): the device as the kernel
# has it, major << 20 | minor.
Asked = Mapping[tuple[int, int], tuple[int, int]]
Entry = tuple[Record, Record]


class DiskRow(Record):
    """A Record, the key of a row.

    Attributes:
        path, dev, writers: u64 each, the row's number, for what is no field: see Details.
        pid: an int or None.
        comm, kind: a str each.
    """

    path = u64
    dev = u64
    writers = u64
    pid = Optional(u64, UNKNOWN)
    comm = char[16]
    kind = char[16]


class DiskLine(Record):
    """A Record: the numbers of a row.

    Attributes:
        device_read_bytes, device_written_bytes: u64 each.
        read_bytes, written_bytes: an int or None each, of system calls.
        requests, moved_bytes: u64 each.
        avg_ns, max_ns: an int or None each.
    """

    device_read_bytes = u64
    device_written_bytes = u64
    read_bytes = Optional(u64, UNKNOWN)
    written_bytes = Optional(u64, UNKNOWN)
    requests = u64
    avg_ns = Optional(u64, UNKNOWN)
    max_ns = Optional(u64, UNKNOWN)
    moved_bytes = u64  # read and written


@dataclass(frozen=True, slots=True)
class Details:
    """A frozen dataclass: what a row shows that is no field of a record.

    Attributes:
        path: a str or None.
        dev: a str, ``major:minor``.
        device: a str, the device's name.
        writers: a list of dicts with pid, comm and pages: who dirtied the file, the process with
            most pages first.
    """

    path: str | None
    dev: str
    device: str
    writers: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Detail(Column):
    """A Column of a table, a frozen dataclass: an attribute of the Details of a row.

    Attributes:
        heading: a str, its title in text, or empty for the field's name.
        json: a str, the attribute in JSON.
        text: a str, the attribute in text.
        details: a mapping of int, the row's number, to Details.
    """

    heading: str = ""
    json: str = ""
    text: str = ""
    details: Mapping[int, Details] = field(default=MappingProxyType({}), compare=False)

    @property
    def title(self) -> str:
        return self.heading or self.field.name.upper()

    @property
    def is_number(self) -> bool:
        return False

    def table_value(self, row: Row) -> Any:
        return getattr(self.details[row.values[self.field]], self.json)

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        return [as_text(getattr(self.details[row.values[self.field]], self.text)) for row in rows]


@dataclass(frozen=True, slots=True)
class Headed(Column):
    """A Column, a frozen dataclass, with a title of its own: ``heading``, a str."""

    heading: str = ""

    @property
    def title(self) -> str:
        return self.heading


def columns(style: Style, details: Mapping[int, Details]) -> tuple[AnyColumn, ...]:
    """Return the columns, a tuple, in the format ``style``, a Style; ``details`` is a mapping of
    row number to Details."""
    path = Detail(DiskRow.path, 0, json="path", text="path", details=details, rank=1)
    who = (Column(DiskRow.pid, 7, rank=2), Column(DiskRow.comm, 15, rank=3))
    device = Detail(
        DiskRow.dev, 8, heading="DEVICE", json="dev", text="device", details=details, rank=7
    )
    kind = Column(DiskRow.kind, 8, rank=6)
    calls = (Column(DiskLine.read_bytes, 12, rank=8), Column(DiskLine.written_bytes, 13, rank=9))
    moved = (
        Headed(DiskLine.device_read_bytes, 12, heading="DEV_READ", rank=5),
        Headed(DiskLine.device_written_bytes, 12, heading="DEV_WRITTEN", rank=4),
    )
    if style is Style.JSON:
        writers = Detail(DiskRow.writers, 0, json="writers", text="writers", details=details)
        times = (Column(DiskLine.requests), Column(DiskLine.avg_ns), Column(DiskLine.max_ns))
        return (path, *who, writers, device, kind, *moved, *calls, *times)
    shown = (Duration(DiskLine.avg_ns, 8, rank=10), Duration(DiskLine.max_ns, 8, rank=11))
    return (*who, device, kind, *calls, *moved, *shown, path)


def view(page: Page, style: Style, details: Mapping[int, Details]) -> Page:
    """Return the Page of the table that is shown of what ``page``, the Page of the kernel side,
    counts; ``style`` and ``details`` are as for columns()."""
    table = Hash("TABLE", key=DiskRow, value=DiskLine, max_entries=1)
    return Page(page.program, table, columns(style, details), order_by=DiskLine.moved_bytes)


def since(now: Moved, before: Moved | None) -> Moved:
    """Return the Moved of the time after ``before``, an earlier Moved of the row of ``now``, or
    None. The longest time stays that of the whole run, unless it is new."""
    if before is None:
        return now
    counted = ("read_bytes", "written_bytes", "requests", "total_ns")
    grown = {name: getattr(now, name) - getattr(before, name) for name in counted}
    return Moved(path=now.path, comm=now.comm, max_ns=now.max_ns, **grown)


def writers_by_file(entries: Iterable[tuple[WriterKey, Writer]]) -> dict[bytes, list[Any]]:
    """Return who dirtied each file: a dict of lists of dicts with pid, comm and pages, by the
    file's Identity as bytes; ``entries`` is an iterable of pairs, WriterKey and Writer."""
    found: dict[bytes, list[Any]] = {}
    for key, value in entries:
        each = {"pid": key.pid or None, "comm": value.comm, "pages": value.pages}
        file: Any = key.file
        found.setdefault(bytes(file), []).append(each)
    for several in found.values():
        several.sort(key=lambda each: (-each["pages"], each["pid"] or 0))
    return found


def rows(
    moved: Mapping[RowKey, Moved],
    writers: Mapping[bytes, list[Any]],
    path_of: Callable[[int], FilePath | None],
    places: Places,
    asked: Asked,
    details: dict[int, Details],
) -> list[Entry]:
    """Return a list of the rows of the table, each a pair of Records, DiskRow and DiskLine; their
    Details go to ``details``, a dict by number.

    ``moved`` is a mapping of RowKey to Moved, ``writers`` what writers_by_file returns, ``path_of``
    a function that returns the FilePath of an ID or None, ``places`` Places, ``asked`` an Asked.
    """
    details.clear()
    places.look({each.path for each in moved.values() if each.path})
    found: list[Entry] = []
    for number, (key, each) in enumerate(moved.items()):
        details[number] = details_of(key, each, writers, path_of, places)
        who = DiskRow(
            path=number,
            dev=number,
            writers=number,
            pid=key.pid or None,
            comm=each.comm,
            kind=key.kind,
        )
        found.append((who, line(key, each, asked)))
    return found


def details_of(
    key: RowKey,
    moved: Moved,
    writers: Mapping[bytes, list[Any]],
    path_of: Callable[[int], FilePath | None],
    places: Places,
) -> Details:
    """Return the Details of the row with ``key``, a RowKey, and ``moved``, a Moved; ``writers``,
    ``path_of`` and ``places`` are as for rows()."""
    file: Any = key.file
    device, ino = file.dev, file.ino
    if ino == UNKNOWN:
        return Details(OTHERS, device_numbers(device), "-", [])
    found = path_of(moved.path) if moved.path else None
    path, numbers = None, device_numbers(device)
    if found:
        seen, numbers = places.of(moved.path, found.outside, device, ino)
        path = seen.decode("utf-8", "replace")
    return Details(path, numbers, places.name(device), writers.get(bytes(file), []))


def line(key: RowKey, moved: Moved, asked: Asked) -> DiskLine:
    """Return the DiskLine of the row with ``key``, a RowKey, and ``moved``, a Moved; ``asked`` is
    an Asked."""
    reads = writes = None
    file: Any = key.file
    if file.ino not in (0, UNKNOWN):
        reads, writes = asked.get((file.dev, file.ino), (0, 0))
    timed = moved.requests
    return DiskLine(
        device_read_bytes=moved.read_bytes,
        device_written_bytes=moved.written_bytes,
        read_bytes=reads,
        written_bytes=writes,
        requests=timed,
        avg_ns=moved.total_ns // timed if timed else None,
        max_ns=moved.max_ns if timed else None,
        moved_bytes=moved.read_bytes + moved.written_bytes,
    )
