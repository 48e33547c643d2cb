"""What the programs sent, as operations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from os.path import join
from stat import S_IFIFO, S_IFMT, S_IFSOCK
from sys import byteorder

from tuxscope.abi.architecture import Architecture
from tuxscope.abi.names import names
from tuxscope.calls.decoding import DATA, DURATION, STARTED, EventHead, head_of, parts_of
from tuxscope.calls.events import PLANNED, TIMELESS, CallHead, EventKind, Plan
from tuxscope.calls.plans import plan_of
from tuxscope.calls.reads import Status, When
from tuxscope.files.choosing import KINDS
from tuxscope.files.emitting import MOVES_FILES
from tuxscope.files.paths import FilePath
from tuxscope.lean_dataclasses import replace
from tuxscope.lean_typing import Any
from tuxscope.programs.fileio.flags import NO_FLAGS, flags_text
from tuxscope.programs.fileio.operation import NO_RESULT, NUMBERS, UNKNOWN, Permissions, Row
from tuxscope.programs.fileio.operations import (
    OPEN_HOW,
    RMDIR,
    FileCall,
    Offset,
    Target,
    file_call,
    target_reads,
)
from tuxscope.programs.fileio.uring_decoding import uring_row

AT_REMOVEDIR, AT_EMPTY_PATH = 0x200, 0x1000
MAP_FLAGS, MAP_SHARED, MAP_ANONYMOUS = 3, 1, 0x20  # the index of an argument; bits of it
CREAT = 0o1101  # what creat(2) opens with: O_WRONLY|O_CREAT|O_TRUNC
MAKES = 0o100 | 0o20000000  # O_CREAT, and the bit of O_TMPFILE
# Where files are made when they are read, as their paths say.
VIEWS = (b"/proc/", b"/sys/")
PERMISSIONS = 0o7777
LARGEST_ERRNO = 4095
CACHED = 65536  # operations without their times
WORD = 1 << 64


def plans(architecture: Architecture, has_files: bool = True) -> Iterator[tuple[int, Plan]]:
    """Yield the plans of the calls of ``architecture``, an Architecture: pairs of the index in
    PLANS, an int, and a Plan.

    ``has_files``, a bool, is whether the kernel says where files are. If not, what was opened has
    the path that open was given.
    """
    for abi in (architecture.native, architecture.compat):
        for number, name in names(abi).items():
            call = file_call(name, abi)
            if call and number < PLANNED:
                moves = name in MOVES_FILES
                reads = call.reads
                if not has_files:
                    reads = tuple(replace(each, when=each.when & ~When.FAILURE) for each in reads)
                plan = plan_of(reads, 0, moves=moves, wanted_when=call.wanted_when)
                yield number + PLANNED * (abi is architecture.compat), plan


class Operations:
    """Makes operations of what the programs sent, on ``architecture``, an Architecture.

    ``path``, called with the id of a file, an int, returns its FilePath, or None. ``all_files``, a
    bool, is whether files of /proc and /sys are operations, too. ``ops`` are the names of the
    operations that are wanted, a frozenset of str; None for all.
    """

    def __init__(
        self,
        architecture: Architecture,
        path: Callable[[int], FilePath | None],
        all_files: bool = False,
        ops: frozenset[str] | None = None,
    ) -> None:
        self._architecture = architecture
        self._path = path
        self._all_files = all_files
        self._ops = ops
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
        if head.what == EventKind.URING:
            return uring_row(head, self._path)
        call = self._call(head)
        if call is None or head.what not in (EventKind.CALL, EventKind.UNFINISHED):
            return None
        parts = {
            read: held
            for read, status, _, held in parts_of(data, CallHead.size)
            if status is not Status.FAULT
        }
        arguments = head.arguments
        owner = word(parts.get(0)) or 0
        at = 1
        empty = call.empty is not None and bool(arguments[call.empty] & AT_EMPTY_PATH)
        path, file = self._file(call.target, parts, at, empty)
        at += len(target_reads(call.target))
        to = b""
        if call.to:
            to, _ = self._file(call.to, parts, at)
            at += len(target_reads(call.to))
        if call.op == "mmap" and arguments[MAP_FLAGS] & MAP_ANONYMOUS:
            return None  # of memory, whatever its descriptor is
        if not self._all_files and holds_no_data(call, path, file):
            return None
        flags, mode = flags_and_mode(call, arguments, parts, at)
        op = RMDIR if call.op == "unlink" and flags & AT_REMOVEDIR else call.op
        if self._ops is not None and op not in self._ops:
            return None
        ret = result(head)
        if head.what == EventKind.UNFINISHED:
            ret = NO_RESULT
        moved = ret if call.moves and ret >= 0 else UNKNOWN
        error = -ret if -LARGEST_ERRNO <= ret < 0 else 0
        text = flags_text(op, flags)
        if op == "mmap" and arguments[MAP_FLAGS] & MAP_SHARED:
            text += "|MAP_SHARED"
        return (
            moved,
            UNKNOWN if file and is_stream(file) else offset(call, head, parts, at, moved),
            file.ino if file else 0,
            ret,
            length(call, head),
            head.pid,
            head.tid,
            owner >> 32,
            owner & 0xFFFFFFFF,
            file.dev if file else 0,
            mode,
            error,
            NUMBERS[op],
            head.comm,
            text.encode(),
            path,
            to,
        )

    def _file(
        self, target: Target, parts: Mapping[int, bytes], at: int, empty: bool = False
    ) -> tuple[bytes, FilePath | None]:
        """The path of a target whose reads begin at a number, and its file, where that is known;
        ``empty``: AT_EMPTY_PATH."""
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
        if name:
            return (meant(base.inside, name) if base else name), None
        return (base.inside, base) if base and empty else (b"", None)


def meant(directory: bytes, name: bytes) -> bytes:
    """Return the path of ``name``, which begins in ``directory``, both bytes, without ``.`` and
    empty names; a ``..`` stays, as what it leads to depends on symbolic links."""
    whole = join(directory, name)
    if not whole.startswith(b"/"):
        return whole
    names = whole.split(b"/")
    kept = [each for each in names if each not in (b"", b".")]
    return b"/" + b"/".join(kept) + b"/" * (bool(kept) and not names[-1])


def holds_no_data(call: FileCall, path: bytes, file: FilePath | None) -> bool:
    """Return whether ``file``, a FilePath or None, with ``path``, bytes, is shown with --all alone.
    The kernel's side has decided that if ``call``, a FileCall, has a descriptor."""
    if file and call.target.descriptor is not None:
        return False
    of_no_kind = file and S_IFMT(file.mode) not in KINDS
    return bool(of_no_kind) or path.startswith(VIEWS)


def is_stream(file: FilePath) -> bool:
    """Return whether ``file``, a FilePath, has no offsets."""
    return S_IFMT(file.mode) in (S_IFIFO, S_IFSOCK)


def word(part: bytes | None) -> int | None:
    """Return the number in ``part``, 8 bytes; None for a part that is not there."""
    return int.from_bytes(part, byteorder) if part and len(part) == 8 else None


def signed(value: int, width: int) -> int:
    """Return the lowest ``width`` bits of ``value``, both int, as a signed int."""
    value &= (1 << width) - 1
    return value - (value >> width - 1 << width)


def result(head: EventHead) -> int:
    """Return what the call of ``head``, an EventHead, returned, an int: in 32 bits what is no errno
    may be an address."""
    if not head.compat:
        return signed(head.result, 64)
    value = head.result & 0xFFFFFFFF
    return value if value < (1 << 32) - LARGEST_ERRNO else value - (1 << 32)


def flags_and_mode(
    call: FileCall, arguments: tuple[int, ...], parts: Mapping[int, bytes], at: int
) -> tuple[int, int]:
    """Return the flags, and the permissions, or ``Permissions.NOTHING``, both int, that ``call``, a
    FileCall, was given in its ``arguments``, a tuple of int, or in ``parts``: the part ``at`` is
    the struct open_how."""
    mode = None if call.mode is None else arguments[call.mode]
    flags = 0 if call.flags is None else arguments[call.flags] & 0xFFFFFFFF
    if call.how is not None:
        how = parts.get(at, b"")
        if len(how) < OPEN_HOW:
            return NO_FLAGS, Permissions.NOTHING
        flags, mode = word(how[:8]) or 0, word(how[8:16]) or 0
    elif call.op == "open" and call.flags is None:
        flags = CREAT
    if mode is None or (call.op == "open" and not flags & MAKES):
        return flags, Permissions.NOTHING
    return flags, mode & PERMISSIONS


def length(call: FileCall, head: EventHead) -> int:
    """Return the length that ``call``, a FileCall, was given, an int; UNKNOWN if there is none, or
    if it is negative. ``head`` is its EventHead."""
    # In 32 bits an offset in front of it takes two arguments.
    if call.length is None or (head.compat and call.offset is Offset.ARGUMENT):
        return UNKNOWN
    return not_negative(head.arguments[call.length], head.compat)


def not_negative(value: int, compat: int = 0) -> int:
    """Return ``value``, an int; UNKNOWN if it is negative as a signed number of 64 bits, or of 32
    if ``compat``, an int, is not 0."""
    number = signed(value, 32 if compat else 64)
    return UNKNOWN if number < 0 else number


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
            return not_negative(value)
    if call.offset is Offset.POINTED:
        pointed = parts.get(at, b"")
        at += 1
        if head.arguments[call.offset_argument]:
            if len(pointed) < call.pointed_size:
                return UNKNOWN
            return not_negative(int.from_bytes(pointed, byteorder) - advance)
    position = word(parts.get(at))
    if call.offset is Offset.NONE or position is None:
        return UNKNOWN
    return not_negative(position - advance)


def as_columns(rows: Iterable[Row], count: int) -> list[list[Any]]:
    """Return ``rows``, an iterable of tuples of ``count`` values, as lists of columns."""
    made = [list(each) for each in zip(*rows, strict=True)]
    return made or [[] for _ in range(count)]
