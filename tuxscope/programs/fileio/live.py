"""``tuxscope fileio``: its pages on the running kernel."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from tuxscope.abi.architecture import Architecture, this_architecture
from tuxscope.calls.events import PLANS
from tuxscope.calls.records import ACCOUNT
from tuxscope.files.known import KNOWN
from tuxscope.files.paths import FilePath, FilePaths
from tuxscope.loader.collection import Collection
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.loader.span_decoder import Columns
from tuxscope.options.tool import ToolOptions
from tuxscope.output.messages import say
from tuxscope.output.sink import LiveSink
from tuxscope.page.page import Page
from tuxscope.programs.fileio import page as stream
from tuxscope.programs.fileio.columns import COLUMNS
from tuxscope.programs.fileio.decoding import Operations, Row, as_columns, plans
from tuxscope.programs.fileio.existing import open_files
from tuxscope.programs.fileio.operation import FileOperation
from tuxscope.programs.fileio.options import FileioOptions
from tuxscope.programs.fileio.patterns import matcher
from tuxscope.run.cgroups import identify
from tuxscope.run.live import run_page
from tuxscope.run.privilege import require_sudo
from tuxscope.run.stream import Renderer, Stream, StreamTotals, first_rows, lines_of

PATH, TO = FileOperation.path.slot, FileOperation.to.slot
VALUES = 1 + TO  # of a FileOperation


def run(options: FileioOptions) -> int:
    """Run fileio with ``options``, FileioOptions, until its end; return the exit status.

    Raises TuxscopeError or OSError.
    """
    require_sudo()
    if problem := RunningKernelLayout().without_structs:
        say(
            f"{problem}: files that were open already have no path, and --all is on "
            "(docs/tools/fileio.md)"
        )
    chosen = options.chosen(identify(options.cgroup) if options.cgroup else None)
    architecture = this_architecture()
    page = stream.page(chosen, architecture, options.all)
    cgroup = chosen.cgroup[0] if chosen.cgroup else None
    shown = partial(FileStream, wanted=options, architecture=architecture, cgroup=cgroup)
    return run_page(page, stream.__file__, options, shown)


@dataclass
class FileTotals(StreamTotals):
    """A StreamTotals, a dataclass: what the last line says.

    Attributes:
        left_out: an int: how many operations --path left out, in user space; None without it.
        pathless: how often a file's path could not be read, an int.
    """

    left_out: int | None = None
    pathless: int = 0

    def __str__(self) -> str:
        text = super().__str__()
        if self.pathless:
            text += f", {self.pathless} files without a path"
        if self.left_out is not None:
            text += f"; --path left out {self.left_out} more, not in the kernel"
        return text


class FileStream(Stream):
    """A Stream that prints a line for each operation on a file.

    ``page``, a Page, ``options``, ToolOptions, ``loaded``, a Collection, and ``sink``, a LiveSink,
    are as for Stream. ``wanted`` are the FileioOptions, ``architecture`` is the machine's
    Architecture, ``cgroup`` the ID of --cgroup, an int, or None.

    Attributes:
        totals: the counts up to now, FileTotals.
    """

    def __init__(
        self,
        page: Page,
        options: ToolOptions,
        loaded: Collection,
        sink: LiveSink,
        wanted: FileioOptions,
        architecture: Architecture,
        cgroup: int | None,
    ) -> None:
        self._wanted, self._cgroup = wanted, cgroup
        self._paths = FilePaths(loaded.maps) if KNOWN in loaded.maps else None
        every = wanted.all or self._paths is None
        self._operations = Operations(architecture, self._path, every)
        self._matches = matcher(wanted.path) if wanted.path else None
        super().__init__(page, options, loaded, sink)
        self.totals: FileTotals = FileTotals(
            counts_lost=self.totals.counts_lost, left_out=0 if wanted.path else None
        )
        known = loaded.maps[PLANS]
        for index, plan in plans(architecture):
            known.update(index, plan)

    def finish(self, seconds: float) -> None:
        super().finish(seconds)
        _, account = next(iter(self._loaded.maps[ACCOUNT].items()))
        self.totals.lost += account.missed
        self.totals.pathless = self._paths.missed if self._paths else 0

    def _begin(self) -> None:
        super()._begin()
        if self._wanted.existing:
            left_out = self._wanted.exclude
            if not self._wanted.include_self:
                left_out += (os.getpid(),)
            rows = list(self._chosen(open_files(self._wanted, left_out, self._cgroup)))
            columns = first_rows(as_columns(rows, VALUES), self._options.count, 0)
            self._write(bytearray(self._format.render(columns)), len(columns[0]))

    def _chosen(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Those that --path means."""
        for each in rows:
            if self._matches is None or self._matches(each[PATH]) or self._matches(each[TO]):
                yield each
            else:
                self.totals.left_out = (self.totals.left_out or 0) + 1

    def _path(self, id: int) -> FilePath | None:
        return self._paths[id] if self._paths else None

    def _lines(self, page: Page, options: ToolOptions, fd: int) -> Renderer:
        return lines_of(options.format, FileOperation, COLUMNS[options.format], fd)

    def _shown(self, columns: Columns) -> Columns:
        return as_columns(self._chosen(self._operations.rows(columns)), VALUES)
