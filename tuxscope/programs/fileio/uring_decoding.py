"""Operations of io_uring, as the programs sent them, as rows."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.calls.account import LARGEST_ERRNO
from tuxscope.calls.decoding import EventHead
from tuxscope.files.paths import FilePath
from tuxscope.programs.fileio.operation import NUMBERS, UNKNOWN, Permissions, Row
from tuxscope.programs.fileio.operations import URING, UringCall
from tuxscope.programs.fileio.uring_sending import UringValue

FSYNC, FALLOCATE = 3, 17
FSYNC_FLAGS = {0: b"", 1: b"IORING_FSYNC_DATASYNC"}


def uring_row(head: EventHead, path: Callable[[int], FilePath | None]) -> Row | None:
    """Return an operation of io_uring, whose EventHead is ``head``, as a Row without its times;
    None for an unknown one. ``path``, called with the id of a file, an int, returns its FilePath,
    or None."""
    call = URING.get(head.nr)
    if call is None:
        return None
    values = head.arguments
    ret = head.result - (head.result >> 63 << 64)
    owner = values[UringValue.OWNER]
    file = path(values[UringValue.FILE])
    return (
        ret if call.moves and ret >= 0 else UNKNOWN,
        began(call, head, ret),
        file.ino if file else 0,
        ret,
        values[UringValue.LENGTH] if head.nr == FALLOCATE else UNKNOWN,
        head.pid,
        head.tid,
        owner >> 32,
        owner & 0xFFFFFFFF,
        file.dev if file else 0,
        Permissions.NOTHING,
        -ret if -LARGEST_ERRNO <= ret < 0 else 0,
        NUMBERS[call.op],
        head.comm,
        flags(head),
        file.inside if file else b"",
        b"",
    )


def began(call: UringCall, head: EventHead, ret: int) -> int:
    """Return where in its file the operation ``call``, a UringCall, began, an int; UNKNOWN if that
    is not known. ``head`` is its EventHead, ``ret`` its result, an int."""
    asked, position = head.arguments[UringValue.OFFSET], head.arguments[UringValue.POSITION]
    if not call.moves:
        return UNKNOWN if head.nr == FSYNC else asked
    if ret < 0 or position == asked:  # a device may leave the position as it is
        return asked  # all ones are UNKNOWN
    # With O_APPEND it is not where it was asked for.
    return max(position - ret, 0)


def flags(head: EventHead) -> bytes:
    """Return the flags of the operation ``head``, an EventHead, as text, bytes."""
    if head.nr != FSYNC:
        return b""
    value = head.arguments[UringValue.FLAGS]
    return FSYNC_FLAGS.get(value, b"%#x" % value)
