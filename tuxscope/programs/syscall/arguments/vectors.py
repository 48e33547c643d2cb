"""Kinds of arrays of struct iovec, and what readv(2) and writev(2) move."""

from __future__ import annotations

import struct
from collections.abc import Callable

from tuxscope.calls.reads import Count, Read, ReadKind, Status, When
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.call import Part
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.quote import quoted
from tuxscope.programs.syscall.arguments.structs import address_text, all_bytes

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

VECTOR_SIZE = 16
VECTORS = {8: struct.Struct("=QQ"), 4: struct.Struct("=II")}
MOST_VECTORS = 64


class Vector(Kind):
    """A Kind: an array of struct iovec, with the bytes that each leads to.

    Attributes:
        count: the index of the argument with its length, an int.
        written: whether the call writes the bytes, a bool; its result is how many.
        remote: whether the addresses are another process's, a bool.
    """

    def __init__(self, count: int, written: bool = False, remote: bool = False) -> None:
        self.count = count
        self.written = written
        self.remote = remote

    def reads(self, index: int) -> tuple[Read, ...]:
        count = Count.ARGUMENT + self.count
        most = VECTOR_SIZE * MOST_VECTORS
        array = Read(ReadKind.BYTES, index, size=VECTOR_SIZE, count=count, most=most)
        if self.remote:
            return (array,)
        when = When.SUCCESS if self.written else When.EXIT
        return (array, Read(ReadKind.VECTOR, index, count=count, when=when, buffer=True))

    def text(self, call: Call, index: int) -> str:
        if not call.long(self.count) and call.long(index):
            return "[]"
        data = all_bytes(call, index)
        form = VECTORS[call.word]
        count = call.long(self.count)
        if data is None or count <= 0 or len(data) < form.size:
            return call.address(index)
        parts = {each.element: each for each in call.read(index, 1)}
        texts = []
        left = call.result if self.written and call.finished else 1 << 64
        for element in range(min(count, len(data) // form.size, call.string_size)):
            base, length = form.unpack_from(data, element * form.size)
            moved = max(min(length, left), 0)
            left -= moved
            shown = self._bytes(call, base, moved, parts.get(element))
            texts.append(f"{{iov_base={shown}, iov_len={length}}}")
        return "[" + ", ".join(texts + ["..."] * (len(texts) < count)) + "]"

    def _bytes(self, call: Call, base: int, moved: int, part: Part | None) -> str:
        """Return the ``moved`` bytes of one element as text."""
        if not base or self.remote or (self.written and call.failed):
            return address_text(base)
        if not moved:
            return '""'
        if part is None or part.status is Status.FAULT:
            return address_text(base)
        data = part.data[: min(moved, call.string_size)]
        return quoted(data, len(data) < moved)


KINDS: dict[str, Callable[..., Kind]] = {
    "vector": Vector,
    "vector_out": lambda count: Vector(count, written=True),
    "vector_remote": lambda count: Vector(count, remote=True),
}
