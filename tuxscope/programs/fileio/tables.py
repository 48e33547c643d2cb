"""``tuxscope fileio --summary`` on the running kernel: the tables of what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tuxscope.abi.architecture import Architecture, this_architecture
from tuxscope.calls.events import PLANNED
from tuxscope.calls.records import ACCOUNT
from tuxscope.errors import TuxscopeError
from tuxscope.files.paths import FilePaths
from tuxscope.lean_typing import Any
from tuxscope.loader.collection import Collection
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.loader.maps import LoadedMap
from tuxscope.options.tool import ToolOptions
from tuxscope.output.sink import LiveSink
from tuxscope.page.page import Page
from tuxscope.programs.fileio import summary
from tuxscope.programs.fileio.operations import MOVING, Moves, moving_calls, opcodes_of
from tuxscope.programs.fileio.options import FileioOptions
from tuxscope.programs.fileio.patterns import matcher
from tuxscope.programs.fileio.rows import OTHERS, Moved, moved, rows, view
from tuxscope.programs.fileio.tallies import MOVEMENTS, OTHER, FileProcess, FileTally, Movement
from tuxscope.programs.fileio.uring_requests import require_uring
from tuxscope.run.cgroups import identify
from tuxscope.run.live import run_page
from tuxscope.run.privilege import require_sudo
from tuxscope.run.table import LiveTables, TableTotals
from tuxscope.run.watch import time_told

COUNTING = {"syscall_exit", "uring_complete"}  # of the page's programs
LOOK = 0.02  # seconds from one look at paths that wait to the next: there is room for 8,192


def run(options: FileioOptions) -> int:
    """Run fileio --summary with ``options``, FileioOptions, until its end; return the exit status.

    Raises TuxscopeError or OSError.
    """
    require_sudo()
    if problem := RunningKernelLayout().without_structs:
        raise TuxscopeError(f"--summary needs files: {problem} (docs/tools/fileio.md)")
    chosen = options.chosen(identify(options.cgroup) if options.cgroup else None)
    if not chosen.numbers:
        require_uring(RunningKernelLayout())
    architecture = this_architecture()
    page = summary.page(chosen, architecture, options.all, opcodes_of(options.op & MOVING))
    shown = partial(FileTables, wanted=options, architecture=architecture)
    return run_page(page, summary.__file__, options, shown)


@dataclass
class FileTableTotals(TableTotals):
    """A TableTotals, a dataclass: what the last line says.

    Attributes:
        calls: an int, how many calls were counted.
        others: an int, how many of them are in no row of their own.
    """

    calls: int = 0
    others: int = 0

    def __str__(self) -> str:
        text = f"{self.calls} reads and writes"
        if self.others:
            text += f", {self.others} of them in {OTHERS.decode()}: too many files, or no path"
        return f"{text}, {self.missed} missed, {time_told(self.seconds, 0)}"


class FileTables(LiveTables):
    """A LiveTables that prints what was read and written of files in the whole run so far; with
    --interval, since the last table.

    ``page``, a Page, ``options``, ToolOptions, ``loaded``, a Collection, and ``sink``, a LiveSink,
    are as for LiveTables. ``wanted`` are the FileioOptions, ``architecture`` an Architecture.
    """

    def __init__(
        self,
        page: Page,
        options: ToolOptions,
        loaded: Collection,
        sink: LiveSink,
        wanted: FileioOptions,
        architecture: Architecture,
    ) -> None:
        self._names: list[bytes] = []  # paths by the numbers that rows have
        shown = view(page, wanted.by, options.format, self._names)
        super().__init__(page, options, loaded, sink, shown)
        self._tables.glance = LOOK
        self._wanted = wanted
        self._paths = FilePaths(loaded.maps)
        self._matches = matcher(wanted.path) if wanted.path else None
        self._whole = FileTableTotals()
        self._earlier: dict[Any, Moved] = {}
        self._mounts: list[bytes] = []
        if MOVEMENTS in loaded.maps:  # if calls are counted, and not io_uring alone
            prepare(loaded.maps[MOVEMENTS], architecture)
        self._map.update(FileProcess.unpack(b"\xff" * FileProcess.size), FileTally())

    @property
    def totals(self) -> FileTableTotals:
        return self._whole

    def _between(self) -> None:
        self._paths.take()

    def finish(self, seconds: float) -> None:
        super().finish(seconds)
        _, account = next(iter(self._loaded.maps[ACCOUNT].items()))
        self._whole.seconds = seconds
        programs = [each.info() for each in self._loaded.programs]
        missed = sum(each.recursion_misses for each in programs if each.name in COUNTING)
        self._whole.missed = account.missed + missed

    def _entries(self) -> Any:
        """The rows of the next table."""
        self._mounts = mount_points()
        entries = self._map.items()
        tallies: dict[Any, Any] = dict(entries)
        self._warning = self._warning or entries.warning
        counts = {key: each for key, value in tallies.items() if (each := moved(value)).calls}
        self._whole.calls = sum(each.calls for each in counts.values())
        self._whole.others = sum(each.calls for key, each in counts.items() if key.ino == OTHER)
        shown = counts
        if self._wanted.interval:
            shown = {
                key: new
                for key, each in counts.items()
                if (new := each.since(self._earlier.get(key, Moved()))).calls
            }
            self._earlier = counts
        if self._matches:
            shown = {
                key: each
                for key, each in shown.items()
                if (file := self._paths[tallies[key].path]) and self._matches(file.inside)
            }
        return rows(
            self._wanted.by, shown, tallies, self._paths.__getitem__, self._mount, self._names
        )

    def _mount(self, path: bytes) -> bytes:
        """Where the file system that has a path is mounted, as this process sees it."""
        inside = (each for each in self._mounts if path == each or path.startswith(each + b"/"))
        return max(inside, key=len, default=b"/")


def prepare(movements: LoadedMap, architecture: Architecture) -> None:
    """Write to ``movements``, the loaded MOVEMENTS, what the calls of ``architecture``, an
    Architecture, move. Raises MapError."""
    for compat, number, call in moving_calls(architecture):
        target, to = call.target.descriptor or 0, call.to.descriptor if call.to else None
        if call.moves is Moves.WRITTEN:
            movement = Movement(written=target + 1)
        else:
            movement = Movement(read=target + 1, written=0 if to is None else to + 1)
        movements.update(number + PLANNED * compat, movement)


def mount_points() -> list[bytes]:
    """Return the mount points that this process sees, but ``/``, a list of bytes."""
    with open("/proc/self/mountinfo", "rb") as lines:
        points = (line.split(b" ")[4] for line in lines)
        return [each.decode("unicode_escape").encode("latin-1") for each in points if each != b"/"]
