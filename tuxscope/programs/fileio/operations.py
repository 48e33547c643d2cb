"""The system calls that are operations on files: what each is called, and what its arguments are.

A call that is to be shown is a line of CALLS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum, IntFlag
from types import MappingProxyType

from tuxscope.abi.architecture import Abi, Architecture
from tuxscope.abi.names import names
from tuxscope.calls.events import PLANNED
from tuxscope.calls.reads import RESULT, Read, ReadKind, When
from tuxscope.lean_dataclasses import dataclass

LONGEST_PATH = 4096  # bytes, PATH_MAX


class Offset(IntEnum):
    """An IntEnum: where an operation's offset is from.

    Attributes:
        NONE: it has none.
        POSITION: where the open file is after the call, less what was moved.
        ARGUMENT: an argument.
        ARGUMENT_OR_POSITION: so, too; where that is -1, as for POSITION.
        POINTED: the number that an argument is the address of, after the call, less what was moved;
            where that is NULL, as for POSITION.
    """

    NONE = 0
    POSITION = 1
    ARGUMENT = 2
    ARGUMENT_OR_POSITION = 3
    POINTED = 4


class Moves(IntFlag):
    """An IntFlag: whether the result is a number of bytes that were moved. Members: NOTHING = 0,
    READ = 1, WRITTEN = 2."""

    NOTHING = 0
    READ = 1
    WRITTEN = 2


@dataclass(frozen=True, slots=True)
class Target:
    """A frozen dataclass: a file that a call names.

    Attributes:
        descriptor: the index of the argument with its file descriptor, an int; RESULT for the one
            that the call returns; None if there is none.
        path: the index of the argument with its path, an int, or None.
        directory: the index of the argument with the descriptor of the directory that the path
            begins in, an int; None for the working directory.
        literal: a bool, whether the path is text that the call stores as it is.
    """

    descriptor: int | None = None
    path: int | None = None
    directory: int | None = None
    literal: bool = False


@dataclass(frozen=True, slots=True)
class FileCall:
    """A frozen dataclass: a system call that is an operation on files.

    Attributes:
        op: the operation's name, a str.
        target: a Target, the file.
        to: a Target or None: the other file, as of rename and sendfile.
        moves: a Moves.
        offset: an Offset, with ``offset_argument``, the index of its argument, an int.
        flags, mode, length: each the index of an argument, an int or None: flags, as ``op`` has
            them, permissions, and a new length.
        at_entry: a bool, whether the file is looked up before the call, as there is none after it.
    """

    op: str
    target: Target
    to: Target | None = None
    moves: Moves = Moves.NOTHING
    offset: Offset = Offset.NONE
    offset_argument: int = 0
    flags: int | None = None
    mode: int | None = None
    length: int | None = None
    at_entry: bool = False

    @property
    def wanted_when(self) -> When:
        """How it ends where a path alone tells its file, a When: open has a descriptor, too, if it
        succeeds."""
        if self.target.path is None:
            return When.EXIT
        return When.FAILURE if self.target.descriptor == RESULT else When.SUCCESS | When.FAILURE

    @property
    def reads(self) -> tuple[Read, ...]:
        """What the kernel's side reads, a tuple of Read; see ``Operations`` for their order."""
        found = [Read(ReadKind.OWNER, 0)]
        for each in (self.target, self.to):
            if each:
                found += target_reads(each, self.at_entry)
        if self.offset is Offset.POINTED:
            found.append(Read(ReadKind.BYTES, self.offset_argument, size=8, most=8))
        if self.offset not in (Offset.NONE, Offset.ARGUMENT):
            found.append(Read(ReadKind.POSITION, self.target.descriptor or 0))
        return tuple(found)


def target_reads(target: Target, at_entry: bool = False) -> list[Read]:
    """Return the Reads of ``target``, a Target, as a list: its file, and directory and path;
    ``at_entry``, a bool, is as in FileCall."""
    found = []
    when = When.EXIT
    if target.descriptor is not None:
        when = When.ENTRY if at_entry else When.EXIT
        if target.path is not None:
            when = When.SUCCESS
        found.append(Read(ReadKind.FILE, target.descriptor, when=when))
    if target.path is not None:
        when = When.EXIT if target.descriptor is None else When.FAILURE
        if not target.literal:
            kind = ReadKind.DIRECTORY if target.directory is None else ReadKind.FILE
            found.append(Read(kind, target.directory or 0, when=when))
        found.append(Read(ReadKind.STRING, target.path, most=LONGEST_PATH, when=when))
    return found


def fd(argument: int) -> Target:
    """Return the Target of descriptor ``argument``, the index of an argument."""
    return Target(descriptor=argument)


def path(argument: int, directory: int | None = None) -> Target:
    """Return the Target of the path ``argument``, which begins in ``directory``; both are indexes
    of arguments, ``directory`` may be None."""
    return Target(path=argument, directory=directory)


def opened(argument: int, directory: int | None = None) -> Target:
    """Return the Target of a path, which the call opens; ``argument`` and ``directory`` are as for
    :func:`path`."""
    return Target(RESULT, argument, directory)


READ, WRITTEN, BOTH = Moves.READ, Moves.WRITTEN, Moves.READ | Moves.WRITTEN
POSITION, ARGUMENT, POINTED = Offset.POSITION, Offset.ARGUMENT, Offset.POINTED
EITHER = Offset.ARGUMENT_OR_POSITION

CALLS: Mapping[str, FileCall] = MappingProxyType({
    "open": FileCall("open", opened(0), flags=1, mode=2),
    "openat": FileCall("open", opened(1, 0), flags=2, mode=3),
    "openat2": FileCall("open", opened(1, 0)),
    "creat": FileCall("open", opened(0), mode=1),
    "open_by_handle_at": FileCall("open", fd(RESULT), flags=2),
    "close": FileCall("close", fd(0), at_entry=True),
    "read": FileCall("read", fd(0), moves=READ, offset=POSITION),
    "readv": FileCall("readv", fd(0), moves=READ, offset=POSITION),
    "pread64": FileCall("pread", fd(0), moves=READ, offset=ARGUMENT, offset_argument=3),
    "preadv": FileCall("preadv", fd(0), moves=READ, offset=ARGUMENT, offset_argument=3),
    "preadv2": FileCall("preadv", fd(0), moves=READ, offset=EITHER, offset_argument=3),
    "write": FileCall("write", fd(0), moves=WRITTEN, offset=POSITION),
    "writev": FileCall("writev", fd(0), moves=WRITTEN, offset=POSITION),
    "pwrite64": FileCall("pwrite", fd(0), moves=WRITTEN, offset=ARGUMENT, offset_argument=3),
    "pwritev": FileCall("pwritev", fd(0), moves=WRITTEN, offset=ARGUMENT, offset_argument=3),
    "pwritev2": FileCall("pwritev", fd(0), moves=WRITTEN, offset=EITHER, offset_argument=3),
    "sendfile": FileCall(
        "sendfile", fd(1), fd(0), moves=BOTH, offset=POINTED, offset_argument=2
    ),
    "sendfile64": FileCall(
        "sendfile", fd(1), fd(0), moves=BOTH, offset=POINTED, offset_argument=2
    ),
    "splice": FileCall("splice", fd(0), fd(2), moves=BOTH, offset=POINTED, offset_argument=1),
    "copy_file_range": FileCall(
        "copy_file_range", fd(0), fd(2), moves=BOTH, offset=POINTED, offset_argument=1
    ),
    "fsync": FileCall("fsync", fd(0)),
    "fdatasync": FileCall("fdatasync", fd(0)),
    "sync_file_range": FileCall("sync_file_range", fd(0), offset=ARGUMENT, offset_argument=1),
    "truncate": FileCall("truncate", path(0), length=1),
    "ftruncate": FileCall("truncate", fd(0), length=1),
    "truncate64": FileCall("truncate", path(0)),
    "ftruncate64": FileCall("truncate", fd(0)),
    "fallocate": FileCall("fallocate", fd(0), offset=ARGUMENT, offset_argument=2, length=3),
    "rename": FileCall("rename", path(0), path(1)),
    "renameat": FileCall("rename", path(1, 0), path(3, 2)),
    "renameat2": FileCall("rename", path(1, 0), path(3, 2)),
    "unlink": FileCall("unlink", path(0)),
    "unlinkat": FileCall("unlink", path(1, 0), flags=2),
    "mkdir": FileCall("mkdir", path(0), mode=1),
    "mkdirat": FileCall("mkdir", path(1, 0), mode=2),
    "rmdir": FileCall("rmdir", path(0)),
    "link": FileCall("link", path(0), path(1)),
    "linkat": FileCall("link", path(1, 0), path(3, 2)),
    "symlink": FileCall("symlink", Target(path=0, literal=True), path(1)),
    "symlinkat": FileCall("symlink", Target(path=0, literal=True), path(2, 1)),
    "chmod": FileCall("chmod", path(0), mode=1),
    "fchmod": FileCall("chmod", fd(0), mode=1),
    "fchmodat": FileCall("chmod", path(1, 0), mode=2),
    "fchmodat2": FileCall("chmod", path(1, 0), mode=2),
    "mmap": FileCall("mmap", fd(4), flags=2, offset=ARGUMENT, offset_argument=5, length=1),
    "mmap2": FileCall("mmap", fd(4), flags=2, length=1),
    "stat": FileCall("stat", path(0)),
    "lstat": FileCall("stat", path(0)),
    "newfstatat": FileCall("stat", path(1, 0)),
    "fstatat64": FileCall("stat", path(1, 0)),
    "statx": FileCall("stat", path(1, 0)),
    "fstat": FileCall("stat", fd(0)),
    "stat64": FileCall("stat", path(0)),
    "lstat64": FileCall("stat", path(0)),
    "fstat64": FileCall("stat", fd(0)),
    "access": FileCall("access", path(0)),
    "faccessat": FileCall("access", path(1, 0)),
    "faccessat2": FileCall("access", path(1, 0)),
})  # fmt: skip

# There the argument is the address of a struct (old_mmap in the kernel's mm/mmap.c).
WITHOUT_MMAP = frozenset({Abi.S390X, Abi.S390, Abi.IA32})


def file_call(name: str, abi: Abi) -> FileCall | None:
    """Return the FileCall that the system call ``name``, a str, of ``abi``, an Abi, is; None for
    one that is not, and for one whose file is not known."""
    return None if name == "mmap" and abi in WITHOUT_MMAP else CALLS.get(name)


def calls_of(ops: frozenset[str], architecture: Architecture) -> frozenset[tuple[bool, int]]:
    """Return the numbers of the calls that are one of the operations ``ops``, a frozenset of str,
    on ``architecture``, an Architecture, as ``Chosen.numbers`` has them."""
    return frozenset(
        (abi is architecture.compat, number)
        for abi in architecture.abis
        for number, name in names(abi).items()
        if (call := file_call(name, abi)) and call.op in ops
    )


def moving_calls(architecture: Architecture) -> Iterator[tuple[bool, int, FileCall]]:
    """Yield the calls of ``architecture``, an Architecture, that move bytes: triples of whether of
    the 32-bit ABI, a bool, the number, an int, and its FileCall."""
    for abi in (architecture.native, architecture.compat):
        for number, name in names(abi).items():
            if number < PLANNED and (call := file_call(name, abi)) and call.moves:
                yield abi is architecture.compat, number, call


# Operations that are shown only if they are asked for: they outnumber all others.
QUIET = frozenset({"stat", "access"})
# Operations that move bytes.
MOVING = frozenset(each.op for each in CALLS.values() if each.moves)
USUAL = frozenset(each.op for each in CALLS.values()) - QUIET
EXISTING = "existing"  # no operation: the file was open already
# By number, as a record has them.
OPS = (*dict.fromkeys(each.op for each in CALLS.values()), EXISTING)
CHOICES = OPS[:-1]  # without EXISTING
# What a word of --op stands for, besides itself.
GROUPS: Mapping[str, frozenset[str]] = MappingProxyType({
    "read": frozenset({"read", "readv", "pread", "preadv"}),
    "write": frozenset({"write", "writev", "pwrite", "pwritev"}),
    "fsync": frozenset({"fsync", "fdatasync", "sync_file_range"}),
})  # fmt: skip
CAPTURED_KINDS = frozenset({each.what for call in CALLS.values() for each in call.reads})
