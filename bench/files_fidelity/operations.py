"""Operations on files, of strace's lines and of tuxscope fileio's objects."""

from __future__ import annotations

import json
import os.path
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fidelity.lines import Kind, Line

ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|([0-7]{1,3})|(.))", re.DOTALL)
LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}
DESCRIPTOR = re.compile(r"(?:\d+|AT_FDCWD)<(.*)>(?:\(deleted\))?", re.DOTALL)
STRING = re.compile(r'"(.*)"', re.DOTALL)
SPECIAL = re.compile(r"(?!/)|/(?:dev|proc|sys)(?:/|$)")
MOVES = {"read", "write", "pread", "pwrite", "readv", "writev", "preadv", "pwritev", "sendfile"}
MOVES |= {"splice", "copy_file_range"}
NEW = frozenset({"clone", "clone3", "fork", "vfork"})


@dataclass(frozen=True, order=True)
class Operation:
    """A frozen dataclass: what both tools say of an operation.

    Attributes:
        op, path, to, error: a str each.
        moved: an int, bytes; -1 for one that moves none.
    """

    op: str
    path: str
    to: str
    moved: int
    error: str


@dataclass(frozen=True)
class Call:
    """A frozen dataclass: where the files of a call of strace are.

    Attributes:
        op: the operation, a str.
        fd, path, directory: the index of the argument with the descriptor, with the path, and with
            the descriptor of its directory: an int or None each.
        to_fd, to_path, to_directory: those of the other file.
        opens: a bool, whether the result is a descriptor.
        literal: a bool, whether the path is text that is stored.
        empty: the index of the flags that may have AT_EMPTY_PATH, an int or None.
    """

    op: str
    fd: int | None = None
    path: int | None = None
    directory: int | None = None
    to_fd: int | None = None
    to_path: int | None = None
    to_directory: int | None = None
    opens: bool = False
    literal: bool = False
    empty: int | None = None


def on(op: str, *names: str) -> dict[str, Call]:
    """Return the Calls of ``names``, each of which is ``op`` and has the descriptor as its first
    argument, a dict by name."""
    return {name: Call(op, 0) for name in names}


CALLS = {
    "open": Call("open", path=0, opens=True),
    "creat": Call("open", path=0, opens=True),
    "openat": Call("open", path=1, directory=0, opens=True),
    "openat2": Call("open", path=1, directory=0, opens=True),
    **on("close", "close"),
    **on("read", "read"),
    **on("write", "write"),
    **on("readv", "readv"),
    **on("writev", "writev"),
    **on("pread", "pread64"),
    **on("pwrite", "pwrite64"),
    **on("preadv", "preadv", "preadv2"),
    **on("pwritev", "pwritev", "pwritev2"),
    **on("fsync", "fsync"),
    **on("fdatasync", "fdatasync"),
    **on("sync_file_range", "sync_file_range"),
    **on("truncate", "ftruncate"),
    **on("fallocate", "fallocate"),
    **on("chmod", "fchmod"),
    **on("stat", "fstat"),
    "sendfile": Call("sendfile", 1, to_fd=0),
    "splice": Call("splice", 0, to_fd=2),
    "copy_file_range": Call("copy_file_range", 0, to_fd=2),
    "mmap": Call("mmap", 4),
    "truncate": Call("truncate", path=0),
    "rename": Call("rename", path=0, to_path=1),
    "renameat": Call("rename", path=1, directory=0, to_path=3, to_directory=2),
    "renameat2": Call("rename", path=1, directory=0, to_path=3, to_directory=2),
    "unlink": Call("unlink", path=0),
    "unlinkat": Call("unlink", path=1, directory=0),
    "mkdir": Call("mkdir", path=0),
    "mkdirat": Call("mkdir", path=1, directory=0),
    "rmdir": Call("rmdir", path=0),
    "link": Call("link", path=0, to_path=1),
    "linkat": Call("link", path=1, directory=0, to_path=3, to_directory=2, empty=4),
    "symlink": Call("symlink", path=0, to_path=1, literal=True),
    "symlinkat": Call("symlink", path=0, to_path=2, to_directory=1, literal=True),
    "chmod": Call("chmod", path=0),
    "fchmodat": Call("chmod", path=1, directory=0),
    "fchmodat2": Call("chmod", path=1, directory=0, empty=3),
    "stat": Call("stat", path=0),
    "lstat": Call("stat", path=0),
    "newfstatat": Call("stat", path=1, directory=0, empty=3),
    "statx": Call("stat", path=1, directory=0, empty=2),
    "access": Call("access", path=0),
    "faccessat": Call("access", path=1, directory=0),
    "faccessat2": Call("access", path=1, directory=0, empty=3),
}


def unescaped(text: str) -> str:
    """Return the characters that strace's escapes in ``text`` stand for; U+FFFD for what is no
    UTF-8."""

    def one(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return bytes([int(match[1], 16)])
        if match[2]:
            return bytes([int(match[2], 8) & 0xFF])
        return LETTERS.get(match[3], match[3])

    return ESCAPE.sub(one, text.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")


def of_descriptor(text: str) -> str:
    """Return the path in ``text``, as in ``3</etc/hosts>``; empty for a descriptor without one."""
    found = DESCRIPTOR.fullmatch(text)
    return unescaped(found[1]) if found else ""


def of_string(text: str) -> str | None:
    found = STRING.fullmatch(text)
    return unescaped(found[1]) if found else None


def normal(path: str) -> str:
    """A path without ``.``, empty names, and the mark of a deleted file."""
    path = path.removesuffix(" (deleted)")
    if not path.startswith("/"):
        return path
    return "/" + "/".join(each for each in path.split("/") if each not in ("", "."))


class Directories:
    """The working directories of threads, of which strace says nothing where a call has no
    descriptor of one."""

    def __init__(self, first: str) -> None:
        self._first = first
        self._known: dict[int, str] = {}

    def __getitem__(self, tid: int) -> str:
        return self._known.get(tid, self._first)

    def note(self, line: Line) -> None:
        """Look at ``line``, a Line, whose call may change one."""
        if line.error or line.result is None:
            return
        if line.name == "chdir":
            path = of_string(line.arguments[0])
            if path is not None:
                self._known[line.tid] = os.path.normpath(os.path.join(self[line.tid], path))
        elif line.name == "fchdir":
            self._known[line.tid] = of_descriptor(line.arguments[0])
        elif line.name in NEW and line.number.isdigit():
            self._known[int(line.number)] = self[line.tid]


def of_strace(lines: Iterable[Line], first: str) -> Iterator[Operation]:
    """The operations on files that hold data in strace's lines; the command begins in the directory
    ``first``."""
    directories = Directories(first)
    for line in lines:
        if line.kind is not Kind.CALL:
            continue
        directories.note(line)
        call = CALLS.get(line.name)
        if call and line.result is not None and not (line.error or "").startswith("ERESTART"):
            made = operation(call, line, directories[line.tid])
            if made and holds_data(made):
                yield made


def operation(call: Call, line: Line, directory: str) -> Operation | None:
    given = (*line.arguments, *[""] * 6)
    if call.op == "mmap" and "MAP_ANONYMOUS" in given[3]:
        return None
    op = "rmdir" if line.name == "unlinkat" and "AT_REMOVEDIR" in given[2] else call.op
    empty = call.empty is not None and "AT_EMPTY_PATH" in given[call.empty]
    if call.opens and not line.error:
        path = of_descriptor(line.result or "")
    elif call.fd is not None:
        path = of_descriptor(given[call.fd])
    elif call.literal:
        path = of_string(given[call.path or 0]) or ""
    else:
        path = named(given, call.path or 0, call.directory, directory, empty)
    to = of_descriptor(given[call.to_fd]) if call.to_fd is not None else ""
    if call.to_path is not None:
        to = named(given, call.to_path, call.to_directory, directory)
    moved = int(line.number) if call.op in MOVES and not line.error else -1
    return Operation(
        op, path if call.literal else normal(path), normal(to), moved, line.error or ""
    )


def named(
    given: tuple[str, ...], at: int, base: int | None, directory: str, empty: bool = False
) -> str:
    """Return the path that argument ``at`` of the call with the arguments ``given`` is, in the
    directory that its argument ``base`` is, or ``directory``; empty for an address. ``empty`` is a
    bool: whether an empty path is the directory itself."""
    text = of_string(given[at])
    begin = directory if base is None else of_descriptor(given[base])
    if text:
        return os.path.join(begin, text)
    return begin if text == "" and empty else ""


def of_fileio(text: str, pid: int) -> Iterator[Operation]:
    """Yield the operations in ``text``, the objects of fileio, from the moment on when the gate of
    process ``pid`` opens."""
    found = [json.loads(line) for line in text.splitlines()]
    opened = [
        at
        for at, each in enumerate(found)
        if each["pid"] == pid
        and each["op"] == "access"
        and (each["path"] or "").endswith("/tools/go")
        and not each["error"]
    ]
    for each in found[opened[0] + 1 :]:
        path, to = each["path"] or "", each["to"] or ""
        moved = -1 if each["bytes"] is None else each["bytes"]
        if each["op"] != "symlink":
            path = normal(path)
        made = Operation(each["op"], path, normal(to), moved, each["error"] or "")
        if holds_data(made):
            yield made


def holds_data(made: Operation) -> bool:
    """Return whether one of the files of ``made``, an Operation, is no device, pipe and the like,
    as far as its path tells."""
    if made.op == "symlink":
        return True
    return any(each and not SPECIAL.match(each) for each in (made.path, made.to))
