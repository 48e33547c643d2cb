"""What the programs sent, as operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from os.path import join
from stat import S_IMODE
from sys import byteorder

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import names
from tuxscope.calls.decoding import DATA, DURATION, STARTED, EventHead, head_of, parts_of
from tuxscope.calls.events import PLANNED, TIMELESS, CallHead, EventKind, Plan
from tuxscope.calls.plans import plan_of
from tuxscope.files.emitting import MOVES_FILES
from tuxscope.files.paths import FilePath
from tuxscope.lean_typing import Any
from tuxscope.programs.fileio.operation import (
    NO_RESULT,
    UNKNOWN,
    Permissions,
    open_flags,
    protection,
)
from tuxscope.programs.fileio.operations import (
    OPS,
    FileCall,
    Offset,
    Target,
    file_call,
    target_reads,
)

AT_REMOVEDIR = 0x200
NUMBERS = {op: number for number, op in enumerate(OPS)}
# Where files are made when they are read, as their paths say.
VIEWS = (b"/proc/", b"/sys/")
LARGEST_ERRNO = 4095
CACHED = 65536  # operations without their times
WORD = 1 << 64
Row = tuple[Any, ...]  # the values of a FileOperation


def plans(architecture: Architecture) -> Iterator[tuple[int, Plan]]:
    """Yield the plans of the calls of ``architecture``, an Architecture: pairs of the index in
    PLANS, an int, and a Plan."""
    for abi in (architecture.native, architecture.compat):
        for number, name in names(abi).items():
            call = file_call(name, abi)
            if call and number < PLANNED:
                moves = name in MOVES_FILES
                plan = plan_of(call.reads, 0, moves=moves, wanted_when=call.wanted_when)
                yield number + PLANNED * (abi is architecture.compat), plan


class Operations:
    """Makes operations of what the programs sent, on ``architecture``, an Architecture.

    ``path``, called with the id of a file, an int, returns its FilePath, or None. ``all_files``, a
    bool, is whether files of /proc and /sys are operations, too.
    """

    def __init__(
        self,
        architecture: Architecture,
        path: Callable[[int], FilePath | None],
        all_files: bool = False,
    ) -> None:
        self._architecture = architecture
        self._path = path
        self._all_files = all_files
        self._calls: dict[tuple[int, int], FileCall | None] = {}  # by compat and number
        # What is the same in many operations: all but the times, by the data of their records.
        self._known: dict[bytes, Row | None] = {}

    def rows(self, columns: list[list[Any]]) -> list[Row]:
        """Return the operations in ``columns``, lists that are the columns of a CallEvent, as a
        list of tuples, the values of a FileOperation."""
        known = self._known
        if len(known) >= CACHED:
            known.clear()
        made = []
        for started, duration, data in zip(
            columns[STARTED], columns[DURATION], columns[DATA], strict=True
        ):
            if data in known:
                rest = known[data]
            else:
                rest = known[data] = self._row(data)
            if rest:
                seen = started and duration < TIMELESS
                made.append((started or duration, duration if seen else UNKNOWN, *rest))
        return made

    def _call(self, head: EventHead) -> FileCall | None:
        key = head.compat, head.nr
        if key not in self._calls:
            abi = self._architecture.abi(bool(head.compat), head.nr)
            self._calls[key] = file_call(names(abi).get(head.nr, ""), abi)
        return self._calls[key]

    def _row(self, data: bytes) -> Row | None:
        """An operation without its times; None for what has no line."""
        head = head_of(data)
        call = self._call(head)
        if call is None or head.what not in (EventKind.CALL, EventKind.UNFINISHED):
            return None
        parts = {read: held for read, _, _, held in parts_of(data, CallHead.size)}
        owner = word(parts.get(0)) or 0
        at = 1
        path, file = self._file(call.target, parts, at)
        at += len(target_reads(call.target))
        to = b""
        if call.to:
            to, _ = self._file(call.to, parts, at)
            at += len(target_reads(call.to))
        if call.op == "mmap" and file is None:
            return None  # of memory
        if file is None and not self._all_files and path.startswith(VIEWS):
            return None
        ret = signed(head.result, 32 if head.compat else 64)
        if head.what == EventKind.UNFINISHED:
            ret = NO_RESULT
        moved = ret if call.moves and ret >= 0 else UNKNOWN
        error = -ret if -LARGEST_ERRNO <= ret < 0 else 0
        arguments = head.arguments
        op, flags = self._named(call, head)
        return (
            moved,
            offset(call, head, parts, at, moved),
            file.ino if file else 0,
            ret,
            UNKNOWN if call.length is None else arguments[call.length],
            head.pid,
            head.tid,
            owner >> 32,
            owner & 0xFFFFFFFF,
            file.dev if file else 0,
            permissions(call, arguments),
            error,
            NUMBERS[op],
            head.comm,
            flags.encode(),
            path,
            to,
        )

    def _file(
        self, target: Target, parts: Mapping[int, bytes], at: int
    ) -> tuple[bytes, FilePath | None]:
        """The path of a target whose reads begin at a number, and its file, where that is known."""
        if target.descriptor is not None:
            number = word(parts.get(at))
            at += 1
            if number is not None:
                file = self._path(number)
                return (file.inside if file else b""), file
        if target.path is None:
            return b"", None
        if target.literal:
            return parts.get(at, b""), None
        directory = word(parts.get(at))
        base = self._path(directory) if directory is not None else None
        name = parts.get(at + 1, b"")
        if not base:
            return name, None
        empty = target.directory is not None  # AT_EMPTY_PATH
        return (join(base.inside, name) if name else base.inside * empty), None

    def _named(self, call: FileCall, head: EventHead) -> tuple[str, str]:
        """The operation of a call, and its flags as text."""
        if call.flags is None:
            return call.op, "O_WRONLY|O_CREAT|O_TRUNC" if call.op == "open" else ""
        value = head.arguments[call.flags]
        match call.op:
            case "open":
                return call.op, open_flags(value)
            case "mmap":
                return call.op, protection(value)
            case "unlink" if value & AT_REMOVEDIR:
                return "rmdir", ""
        return call.op, f"{value:#x}" if value else ""


def word(part: bytes | None) -> int | None:
    """Return the number in ``part``, 8 bytes; None for a part that is not there."""
    return int.from_bytes(part, byteorder) if part and len(part) == 8 else None


def signed(value: int, width: int) -> int:
    """Return the lowest ``width`` bits of ``value``, both int, as a signed int."""
    value &= (1 << width) - 1
    return value - (value >> width - 1 << width)


def permissions(call: FileCall, arguments: tuple[int, ...]) -> int:
    """Return the permissions that ``call``, a FileCall, was given in its ``arguments``, a tuple of
    int; ``Permissions.NOTHING`` if it was given none."""
    if call.mode is None:
        return Permissions.NOTHING
    if call.op == "open" and call.flags is not None:
        makes = arguments[call.flags] & (0o100 | 0o20000000)  # O_CREAT, and the bit of O_TMPFILE
        if not makes:
            return Permissions.NOTHING
    return S_IMODE(arguments[call.mode])


def offset(call: FileCall, head: EventHead, parts: Mapping[int, bytes], at: int, moved: int) -> int:
    """Return where in its file ``call``, a FileCall, began, an int; UNKNOWN if that is not known.

    ``head`` is its EventHead, ``parts`` are by the number of their reads, of which those of the
    offset begin at ``at``, and ``moved`` is how many bytes it moved.
    """
    advance = 0 if moved == UNKNOWN else moved
    if call.offset in (Offset.ARGUMENT, Offset.ARGUMENT_OR_POSITION):
        value = head.arguments[call.offset_argument]
        if head.compat:
            return UNKNOWN  # it is in two arguments, and their order differs
        if call.offset is Offset.ARGUMENT or value != WORD - 1:
            return value
    if call.offset is Offset.POINTED:
        pointed = word(parts.get(at))
        at += 1
        if head.arguments[call.offset_argument]:
            return UNKNOWN if pointed is None else pointed - advance
    position = word(parts.get(at))
    if call.offset is Offset.NONE or position is None:
        return UNKNOWN
    return max(position - advance, 0)


def as_columns(rows: Iterable[Row], count: int) -> list[list[Any]]:
    """Return ``rows``, an iterable of tuples of ``count`` values, as lists of columns."""
    made = [list(each) for each in zip(*rows, strict=True)]
    return made or [[] for _ in range(count)]
