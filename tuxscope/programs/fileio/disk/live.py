"""``tuxscope fileio --disk``: its page on the running kernel, and the tables of what it counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tuxscope.abi.architecture import Architecture, this_architecture
from tuxscope.files.paths import FilePaths
from tuxscope.loader.collection import Collection
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.options.tool import ToolOptions
from tuxscope.output.lines import Style
from tuxscope.output.sink import LiveSink
from tuxscope.page.page import Page
from tuxscope.programs.fileio.disk import page as disk_page
from tuxscope.programs.fileio.disk.layout import NoDiskError
from tuxscope.programs.fileio.disk.places import Places
from tuxscope.programs.fileio.disk.records import (
    DISK_ACCOUNT,
    MOST_FILES,
    WRITERS,
    Identity,
    Kind,
    Moved,
    RowKey,
)
from tuxscope.programs.fileio.disk.rows import (
    UNKNOWN,
    Asked,
    Details,
    rows,
    since,
    view,
    writers_by_file,
)
from tuxscope.programs.fileio.options import FileioOptions
from tuxscope.programs.fileio.tables import LOOK, prepare
from tuxscope.programs.fileio.tallies import FILE_TALLIES, MOVEMENTS, FileProcess, FileTally
from tuxscope.run.live import run_page
from tuxscope.run.privilege import require_sudo
from tuxscope.run.table import LiveTables, TableTotals
from tuxscope.run.watch import time_told

# Two of each dirtied file: the programs that count system calls read it as well.
MOST_PATHS = 2 * MOST_FILES


def run(options: FileioOptions) -> int:
    """Run ``tuxscope fileio --disk`` with ``options``, FileioOptions, until its end; return the
    exit status. Raises TuxscopeError or OSError."""
    require_sudo()
    if problem := RunningKernelLayout().without_structs:
        raise NoDiskError(f"{problem}; --disk follows requests to their files by it")
    architecture = this_architecture()
    page = disk_page.page(architecture)
    shown = partial(DiskTables, architecture=architecture)
    return run_page(page, disk_page.__file__, options, shown)


@dataclass
class DiskTotals(TableTotals):
    """A TableTotals, a dataclass: the numbers of the last line; ``str()`` of it is that line.

    Attributes:
        read_bytes, written_bytes: each an int, of all finished requests.
        others: an int, how often the table had no room for a row.
        nameless: an int, how often a file's path or writer could not be kept.
    """

    read_bytes: int = 0
    written_bytes: int = 0
    others: int = 0
    nameless: int = 0

    def __str__(self) -> str:
        parts = [
            f"{self.rows} rows",
            f"{self.read_bytes} bytes read from devices",
            f"{self.written_bytes} written",
        ]
        if self.others:
            parts.append(f"no room for a row {self.others} times")
        if self.nameless:
            parts.append(f"no room for a path or writer {self.nameless} times")
        return ", ".join([*parts, time_told(self.seconds, self.missed)])


class DiskTables(LiveTables):
    """A LiveTables that prints tables of the whole run so far; with --interval, of what was moved
    since the last table.

    ``page``, a Page, ``options``, ToolOptions, ``loaded``, a Collection, and ``sink``, a LiveSink,
    are as for LiveTables. ``architecture`` is the machine's, an Architecture.
    """

    def __init__(
        self,
        page: Page,
        options: ToolOptions,
        loaded: Collection,
        sink: LiveSink,
        architecture: Architecture,
    ) -> None:
        self._details: dict[int, Details] = {}
        shown = view(page, options.format, self._details)
        super().__init__(page, options, loaded, sink, shown)
        self._tables.glance = LOOK
        self._map.update(*row_of_others())
        prepare(loaded.maps[MOVEMENTS], architecture)
        loaded.maps[FILE_TALLIES].update(
            FileProcess.unpack(b"\xff" * FileProcess.size), FileTally()
        )
        self._paths, self._places = FilePaths(loaded.maps, MOST_PATHS), Places()
        self._is_json = options.format is Style.JSON  # which alone shows all writers
        self._since_last = options.interval is not None
        self._earlier: dict[RowKey, Moved] = {}
        self._whole = DiskTotals()

    @property
    def totals(self) -> DiskTotals:
        # Tables count their rows when they are printed.
        self._whole.rows = self._tables.totals.rows
        return self._whole

    def _between(self) -> None:
        self._paths.take()

    def finish(self, seconds: float) -> None:
        super().finish(seconds)
        _, account = next(iter(self._loaded.maps[DISK_ACCOUNT].items()))
        whole = self._whole
        whole.read_bytes, whole.written_bytes = account.read_bytes, account.written_bytes
        whole.others, whole.nameless = account.others, account.nameless
        whole.missed += account.missed

    def _entries(self) -> Any:
        """The rows of the next table."""
        entries = self._map.items()
        moved = dict(entries)
        self._warning = self._warning or entries.warning
        shown = moved
        if self._since_last:
            shown = {key: since(each, self._earlier.get(key)) for key, each in moved.items()}
            self._earlier = moved
        shown = {key: each for key, each in shown.items() if each.read_bytes or each.written_bytes}
        writers = writers_by_file(self._loaded.maps[WRITERS].items()) if self._is_json else {}
        asked = asked_for(self._loaded.maps[FILE_TALLIES].items())
        return rows(shown, writers, self._paths.__getitem__, self._places, asked, self._details)


def asked_for(tallies: Iterable[tuple[Any, Any]]) -> Asked:
    """Return what system calls read and wrote, an Asked; ``tallies`` is an iterable of pairs, of
    FileProcess and FileTally."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for key, each in tallies:
        read, written = found.get((key.dev, key.ino), (0, 0))
        found[key.dev, key.ino] = read + each.read_bytes, written + each.written_bytes
    return found


def row_of_others() -> tuple[RowKey, Moved]:
    """Return the row of all bytes that had no room for a row of their own: a pair of its key, and a
    value with nothing counted."""
    file = Identity(ino=UNKNOWN)
    return RowKey(file=file, kind=Kind.UNKNOWN.name.lower()), Moved()
