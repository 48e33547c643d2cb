"""The table of fileio --summary: its rows, and how each column shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from os.path import dirname

from tuxscope.asm import Hash
from tuxscope.files.paths import FilePath
from tuxscope.lean_dataclasses import dataclass, field
from tuxscope.lean_typing import Any
from tuxscope.output.columns import Column
from tuxscope.output.durations import UNKNOWN, Duration
from tuxscope.output.lines import Style
from tuxscope.output.row import Row
from tuxscope.output.screen import cut_front
from tuxscope.output.visible import as_text
from tuxscope.page.page import Page
from tuxscope.programs.fileio.keys import FileBy
from tuxscope.programs.fileio.operation import DeviceNumber, OptionalText
from tuxscope.programs.fileio.tallies import OTHER, FileProcess, FileTally
from tuxscope.record import Record, char, u64
from tuxscope.record.values import Optional

OTHERS = b"(other)"  # what had no room for a row of its own, or whose file is not known


class FileRow(Record):
    """A Record, the key of a row; what it is not counted by is None.

    Attributes:
        pid: an int or None.
        ino: an int or None, the inode's number.
        dev: a str or None, the device, as in ``"8:1"``.
        comm: a str or None.
        path: a u64, the number of the path: a record with room for each would be large.
    """

    pid = Optional(u64, UNKNOWN)
    ino = Optional(u64, 0)
    path = u64
    dev = DeviceNumber()
    comm = OptionalText("comm", char[16])


class FileNumbers(Record):
    """A Record: the numbers of a row.

    Attributes:
        reads, writes, read_bytes, written_bytes, bytes: u64 each; bytes are both of these.
        avg_ns, max_ns: an int or None each.
    """

    reads = u64
    writes = u64
    read_bytes = u64
    written_bytes = u64
    bytes = u64
    avg_ns = Optional(u64, UNKNOWN)
    max_ns = Optional(u64, UNKNOWN)


@dataclass(frozen=True)
class Moved:
    """A frozen dataclass: what was read and written.

    Attributes:
        reads, writes, read_bytes, written_bytes, total_ns, max_ns: an int each, as in FileTally.
    """

    reads: int = 0
    writes: int = 0
    read_bytes: int = 0
    written_bytes: int = 0
    total_ns: int = 0
    max_ns: int = 0

    def plus(self, other: Moved) -> Moved:
        """Return a Moved of both, this and ``other``."""
        return Moved(
            self.reads + other.reads,
            self.writes + other.writes,
            self.read_bytes + other.read_bytes,
            self.written_bytes + other.written_bytes,
            self.total_ns + other.total_ns,
            max(self.max_ns, other.max_ns),
        )

    def since(self, before: Moved) -> Moved:
        """Return the Moved of the time since ``before``, an earlier Moved of the same file. The
        longest call is that of the whole run."""
        return Moved(
            self.reads - before.reads,
            self.writes - before.writes,
            self.read_bytes - before.read_bytes,
            self.written_bytes - before.written_bytes,
            self.total_ns - before.total_ns,
            self.max_ns,
        )

    @property
    def calls(self) -> int:
        """The number of calls, an int."""
        return self.reads + self.writes


@dataclass(frozen=True, slots=True)
class PathColumn(Column):
    """A Column of a table, a frozen dataclass: a path by its number in ``paths``, a sequence of
    bytes; the empty one is None. Of one that is too long the end is shown, which has the name."""

    paths: Sequence[bytes] = field(default=(), compare=False)

    @property
    def is_number(self) -> bool:
        return False

    def table_value(self, row: Row) -> Any:
        path = self.paths[row.values[self.field]]
        return path.decode("utf-8", "replace") or None

    def table_texts(self, rows: Sequence[Row]) -> list[str]:
        return [as_text(self.table_value(row)) for row in rows]

    def shortened(self, text: str, width: int) -> str:
        return cut_front(text, width)


def moved(tally: FileTally) -> Moved:
    """Return the Moved of ``tally``, a FileTally."""
    row: Any = tally
    return Moved(row.reads, row.writes, row.read_bytes, row.written_bytes, row.total_ns, row.max_ns)


def columns(by: FileBy, style: Style, paths: list[bytes]) -> tuple[Column, ...]:
    """Return the Columns of the table by ``by``, a FileBy, in the format ``style``, a Style, as a
    tuple; ``paths`` is the list of bytes that rows() fills."""
    key, numbers = FileRow, FileNumbers
    process = (Column(key.pid, 7, rank=2), Column(key.comm, 15, rank=3))
    counts = (
        Column(numbers.reads, 8, rank=4),
        Column(numbers.writes, 8, rank=4),
        Column(numbers.read_bytes, 12, rank=1),
        Column(numbers.written_bytes, 13, rank=1),
        Duration(numbers.avg_ns, 8, rank=5),
        Duration(numbers.max_ns, 8, rank=6),
    )
    if style is Style.JSON:
        return (
            *process,
            PathColumn(key.path, paths=paths),
            Column(key.dev),
            Column(key.ino),
            *counts,
        )
    shown = process if by in (FileBy.FILE, FileBy.PROCESS) else ()
    last = () if by is FileBy.PROCESS else (PathColumn(key.path, 0, paths=paths),)
    return (*shown, *counts, *last)


def view(page: Page, by: FileBy, style: Style, paths: list[bytes]) -> Page:
    """Return the Page of the table, by ``by``, a FileBy, that is shown of what ``page``, the Page
    of the kernel side, counts; ``style`` is the Style, ``paths`` the list that rows() fills."""
    table = Hash("TABLE", key=FileRow, value=FileNumbers, max_entries=1)
    return Page(page.program, table, columns(by, style, paths), order_by=FileNumbers.bytes)


def rows(
    by: FileBy,
    counts: Mapping[Any, Moved],
    tallies: Mapping[Any, Any],
    path: Callable[[int], FilePath | None],
    mount: Callable[[bytes], bytes],
    paths: list[bytes],
) -> list[tuple[Record, Record]]:
    """Return a list of the rows of the table by ``by``, a FileBy: pairs of FileRow and FileNumbers;
    their paths go to ``paths``, a list, which is emptied first.

    ``counts`` is a mapping of FileProcess to Moved, ``tallies`` one to FileTally; ``path``, called
    with a path's id, returns its FilePath or None, ``mount``, called with a path, where the file
    system that has it is mounted.
    """
    found: dict[tuple[Any, ...], Moved] = {}
    for key, each in counts.items():
        row = row_key(by, key, tallies[key], path, mount)
        found[row] = found[row].plus(each) if row in found else each
    paths.clear()
    numbered: dict[bytes, int] = {}
    made: list[tuple[Record, Record]] = []
    for (pid, ino, dev, comm, name), each in found.items():
        number = numbered.setdefault(name, len(numbered))
        if number == len(paths):
            paths.append(name)
        made.append((FileRow.decode((pid, ino, number, dev, comm)), numbers(each)))
    return made


def row_key(
    by: FileBy,
    key: FileProcess,
    tally: FileTally,
    path: Callable[[int], FilePath | None],
    mount: Callable[[bytes], bytes],
) -> tuple[Any, ...]:
    """Return the row, by ``by``, a FileBy, of ``key``, a FileProcess, and its ``tally``, a
    FileTally: a tuple of the raw values of a FileRow, but the path's number, and the path;
    ``path`` and ``mount`` are as for :func:`rows`."""
    of: Any = key
    what: Any = tally
    if of.ino == OTHER:
        return UNKNOWN, 0, 0, b"", OTHERS
    comm = what.comm.encode()
    if by is FileBy.PROCESS:
        return of.pid, 0, 0, comm, b""
    file = path(what.path)
    name = file.inside if file else b""
    match by:
        case FileBy.FILE:
            return of.pid, of.ino, of.dev, comm, name
        case FileBy.DIRECTORY:
            return UNKNOWN, 0, 0, b"", dirname(name)
    return UNKNOWN, 0, of.dev, b"", mount(name)


def numbers(each: Moved) -> FileNumbers:
    """Return ``each``, a Moved, as the FileNumbers of a row."""
    return FileNumbers(
        reads=each.reads,
        writes=each.writes,
        read_bytes=each.read_bytes,
        written_bytes=each.written_bytes,
        bytes=each.read_bytes + each.written_bytes,
        avg_ns=each.total_ns // each.calls if each.calls else None,
        max_ns=each.max_ns if each.calls else None,
    )
