"""Lines of strace, and of ``tuxscope syscall``, taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

LONGEST = 1 << 16  # characters of a line that are looked at
UNFINISHED = " <unfinished ...>"
NEVER_RETURNED = re.compile(r" <unfinished \.\.\.>\) *= \?$")
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>")
STRACE = re.compile(r"(\d+) +(.*)", re.DOTALL)
TUXSCOPE = re.compile(
    r"(?:(?:\d\d:\d\d:\d\d\.\d+|\d+) )?(?P<comm>.{0,64}?)\[(?P<tid>\d+)\] "
    r"(?P<rest>(?:[a-z_]\w*(?:@\w+)?\(|--- |\+\+\+ ).*)",
    re.DOTALL,
)
TIME_OF_CALL = re.compile(r" <\d+\.\d+>$")
CALL = re.compile(r"([a-z_]\w*)(?:@\w+)?\(")
RESULT = re.compile(r" *= ")
ERROR = re.compile(r"-1 (E[A-Z0-9]+)\b|\? (ERESTART\w+)")
PAIRS = {"(": ")", "[": "]", "{": "}"}
FD_BEFORE = re.compile(r"[\dD]<(?!<)")  # of 3</path> and AT_FDCWD</path>, not of 1<<CAP_CHOWN


class Kind(Enum):
    """An enum: what a line shows. Members: CALL = "call", SIGNAL = "signal", END = "end of a
    thread"."""

    CALL = "call"
    SIGNAL = "signal"
    END = "end of a thread"


@dataclass(frozen=True)
class Line:
    """A frozen dataclass: a call, a signal or the end of a thread.

    Attributes:
        tid: the thread's ID, an int.
        kind: the Kind.
        name: of the call, or of the signal; empty for an end.
        arguments: as they are printed.
        result: what follows ``=``; None for a call that has not returned.
        text: all of it, without time, thread and duration.
    """

    tid: int
    kind: Kind
    name: str
    text: str
    arguments: tuple[str, ...] = ()
    result: str | None = None

    @property
    def number(self) -> str:
        """The result without what explains it: ``3`` of ``3</etc/hosts>``."""
        return re.split(r"[< ]", self.result or "?", maxsplit=1)[0]

    @property
    def error(self) -> str | None:
        """ENOENT of ``-1 ENOENT (No such file or directory)``."""
        found = ERROR.match(self.result or "")
        return (found[1] or found[2]) if found else None


def skip_string(text: str, at: int) -> int:
    """Return the index after the string in ``text``, a str, that begins at index ``at``."""
    at += 1
    while at < len(text) and text[at] != '"':
        at += 1 + (text[at] == "\\")
    return at + 1


def skip_path(text: str, at: int) -> int:
    """Return the index after the ``<path>`` of an fd in ``text``, a str, that begins at index
    ``at``; strace escapes < and > in it. The ``->`` of a socket's addresses is no end."""
    inner = 0
    for index in range(at, len(text)):
        if text[index] == "<":
            inner += 1
        elif text[index] == ">" and text[index - 1] != "-":
            inner -= 1
            if not inner:
                return index + 1
    return len(text)


def skip_comment(text: str, at: int) -> int:
    """Return the index after the comment in ``text``, a str, that begins at index ``at``."""
    end = text.find("*/", at + 2)
    return len(text) if end < 0 else end + 2


def split(text: str, at: int, close: str = ")") -> tuple[tuple[str, ...], int]:
    """Split ``text``, a str, from index ``at`` to the bracket ``close``, a str, at the commas of
    the outermost level.

    Returns a pair: the parts, a tuple of str, and the index of the closing bracket, or the length
    of the text.
    """
    parts: list[str] = []
    begin = at
    expected: list[str] = []
    while at < len(text):
        character = text[at]
        if character == '"':
            at = skip_string(text, at)
            continue
        if character == "<" and FD_BEFORE.match(text, at - 1):
            at = skip_path(text, at)
            continue
        if text.startswith("/*", at):
            at = skip_comment(text, at)
            continue
        if expected and character == expected[-1]:
            expected.pop()
        elif character in PAIRS:
            expected.append(PAIRS[character])
        elif not expected and character == close:
            break
        elif not expected and character == ",":
            parts.append(text[begin:at].strip())
            begin = at + 1
        at += 1
    last = text[begin:at].strip()
    return (*parts, last) if last or parts else (), min(at, len(text))


def parsed(tid: int, text: str) -> Line | None:
    """Return the Line of thread ``tid``, an int, with a complete ``text``, a str; None if it is not
    a call, a signal or an end."""
    text = text[:LONGEST]
    if text.startswith("--- "):
        name = text[4:].split(" ", 1)[0]
        inner = text[4 + len(name) : -4].strip()
        fields = split(inner, 1, "}")[0] if inner.startswith("{") else (inner,)
        return Line(tid, Kind.SIGNAL, name, text, fields)
    if text.startswith("+++ "):
        return Line(tid, Kind.END, "", text, (text[4:].removesuffix("+++").strip(),))
    call = CALL.match(text)
    if not call:
        return None
    name = call[0][:-1]
    if text.endswith(UNFINISHED):
        arguments, _ = split(text[: -len(UNFINISHED)], call.end())
        return Line(tid, Kind.CALL, name, text, tuple(each for each in arguments if each))
    arguments, end = split(text, call.end())
    equals = RESULT.match(text, end + 1)
    result = text[equals.end() :].strip() if equals else None
    whole = f"{name}({', '.join(arguments)})" + (f" = {result}" if equals else "")
    return Line(tid, Kind.CALL, name, whole, arguments, result)


def strace_lines(text: str) -> Iterator[Line]:
    """Yield the Lines of ``text``, the output of ``strace -f -o``; the parts of a call that others
    interrupted are joined."""
    begun: dict[int, str] = {}
    for line in text.split("\n"):
        found = STRACE.fullmatch(line)
        if not found:
            continue
        tid, rest = int(found[1]), found[2]
        resumed = RESUMED.match(rest)
        if rest.endswith(UNFINISHED) and not resumed:
            begun[tid] = rest.removesuffix(UNFINISHED)
            continue
        if resumed:
            rest = begun.pop(tid, resumed[1] + "(") + rest[resumed.end() :]
            # Of a thread that is killed in the call: "<... wait4 resumed> <unfinished ...>) = ?".
            rest = NEVER_RETURNED.sub(UNFINISHED, rest)
        elif tid in begun and rest.startswith("+++ "):
            unfinished = parsed(tid, begun.pop(tid) + UNFINISHED)
            if unfinished:
                yield unfinished
        if whole := parsed(tid, rest):
            yield whole
    for tid, rest in begun.items():
        if unfinished := parsed(tid, rest + UNFINISHED):
            yield unfinished


def tuxscope_lines(text: str) -> Iterator[Line]:
    """Yield the Lines of ``text``, the output of ``tuxscope syscall``."""
    for line in text.split("\n"):
        found = TUXSCOPE.match(line)
        if not found:
            continue
        rest = TIME_OF_CALL.sub("", found["rest"])
        if whole := parsed(int(found["tid"]), rest):
            yield whole
