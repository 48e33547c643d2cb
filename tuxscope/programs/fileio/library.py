"""fileio as a library: its programs, assembled for the running kernel."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from tuxscope.abi.architecture import Architecture, this_architecture
from tuxscope.asm.maps import Map
from tuxscope.calls.events import PLANS
from tuxscope.calls.filters import Chosen
from tuxscope.errors import TuxscopeError, shown
from tuxscope.files.known import KNOWN
from tuxscope.files.paths import FilePath, FilePaths
from tuxscope.lean_typing import Any
from tuxscope.loader.decoded import DecodedPrograms
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.loader.span_decoder import Columns
from tuxscope.page.pid_namespace import PidNamespace
from tuxscope.programs.fileio.decoding import Operations, plans
from tuxscope.programs.fileio.operation import FileOperation
from tuxscope.programs.fileio.operations import CHOICES, GROUPS, USUAL, calls_of
from tuxscope.programs.fileio.page import page
from tuxscope.suggest import did_you_mean


def fileio(
    pid: int | None = None,
    namespace: PidNamespace | None = None,
    *,
    op: str | Collection[str] = (),
    failed: bool = False,
    follow: bool = False,
    all_files: bool = False,
) -> DecodedPrograms[FileOperation]:
    """Return the programs of ``tuxscope fileio`` for the running kernel, DecodedPrograms; pass them
    to tuxscope.open.

    It yields a :class:`FileOperation` for each operation on a file. The filters apply in the
    kernel. All but ``pid`` and ``namespace`` are keyword-only:

        pid: only operations of this process, an int, in PID namespace ``namespace`` (None: the
            initial one); None for all.
        op: one or several names of operations, as in ("open", "write"); none for all but stat and
            access.
        failed: a bool, whether only operations that failed are reported.
        follow: a bool, whether children of ``pid`` are traced, too.
        all_files: a bool, whether pipes, sockets, devices and the like are files, too.

    Raises TuxscopeError for an unknown operation, or if a member of a struct is missing.
    """
    names = (op,) if isinstance(op, str) else tuple(op)
    for name in names:
        if name not in CHOICES:
            near = did_you_mean(name, CHOICES)
            raise TuxscopeError(
                f"fileio has no operation {shown(name)}{near or f'; it has {known()}'}"
            )
    ops = frozenset(each for name in names for each in GROUPS.get(name, (name,))) or USUAL
    architecture, layout = this_architecture(), RunningKernelLayout()
    chosen = Chosen(numbers=calls_of(ops, architecture), failed=failed, follow=follow)
    made = page(chosen, architecture, all_files).program(
        pid=pid, namespace=namespace, layout=layout
    )

    programs = made if isinstance(made, tuple) else (made,)
    return DecodedPrograms(programs, partial(FileOperations, architecture, all_files))


class FileOperations:
    """A BatchDecoder that makes FileOperations, on ``architecture``, an Architecture; ``all_files``
    is a bool, as in :func:`fileio`, ``maps`` are the loaded maps, a mapping by Map."""

    def __init__(
        self, architecture: Architecture, all_files: bool, maps: Mapping[Map, Any]
    ) -> None:
        for index, plan in plans(architecture):
            maps[PLANS].update(index, plan)
        self._paths = FilePaths(maps) if KNOWN in maps else None
        every = all_files or self._paths is None
        self._operations = Operations(architecture, self._path, every)

    def records(self, columns: Columns) -> list[FileOperation]:
        """Return the FileOperations, a list, of a batch, Columns, ``columns``."""
        return [FileOperation.decode(row) for row in self._operations.rows(columns)]

    def finish(self) -> None:
        """Take the paths that wait in the kernel. Raises MapError."""
        if self._paths:
            self._paths.finish()

    def _path(self, id: int) -> FilePath | None:
        return self._paths[id] if self._paths else None


def known() -> str:
    """Return the names of all operations, a str."""
    return ", ".join(CHOICES)
