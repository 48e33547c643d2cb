"""Kinds of results of calls that did not fail."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.basic import Descriptor
from tuxscope.programs.syscall.arguments.kind import Kind

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call


class Number(Kind):
    """A Kind: a decimal number, which most calls return."""

    def text(self, call: Call, index: int) -> str:
        return str(call.result)

    def json(self, call: Call, index: int) -> Any:
        return call.result


class AddressResult(Number):
    """A Number: an address, as mmap(2) and brk(2) return it."""

    def text(self, call: Call, index: int) -> str:
        value = call.result & (1 << call.word * 8) - 1
        return f"{value:#x}" if value else "NULL"


class DescriptorResult(Descriptor, Number):
    """A Descriptor, a Number: a new file descriptor, with the path of its file."""

    def json(self, call: Call, index: int) -> Any:
        return Number.json(self, call, index)


KINDS: dict[str, Callable[..., Kind]] = {
    "number": Number,
    "new_address": AddressResult,
    "new_fd": DescriptorResult,
}
