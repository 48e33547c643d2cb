"""Kinds of plain numbers and strings."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.calls.reads import AT_FDCWD, RESULT, Count, Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING, Any
from tuxscope.programs.syscall.arguments.kind import Kind
from tuxscope.programs.syscall.arguments.quote import escaped, quoted

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

DELETED = b" (deleted)"


class Signed(Kind):
    """A Kind: a C int, in decimal."""

    def text(self, call: Call, index: int) -> str:
        return str(call.signed(index))

    def json(self, call: Call, index: int) -> int:
        return call.signed(index)


class Unsigned(Signed):
    """A Signed: a C unsigned int, in decimal."""

    def text(self, call: Call, index: int) -> str:
        return str(call.unsigned(index))

    def json(self, call: Call, index: int) -> int:
        return call.unsigned(index)


class Long(Kind):
    """A Kind: a C long, in decimal, as off_t is."""

    def text(self, call: Call, index: int) -> str:
        return str(call.long(index))

    def json(self, call: Call, index: int) -> int:
        return call.long(index)


class Size(Kind):
    """A Kind: a C unsigned long, in decimal, as size_t is."""

    def text(self, call: Call, index: int) -> str:
        return str(self.json(call, index))

    def json(self, call: Call, index: int) -> int:
        return call.long(index) & (1 << call.word * 8) - 1


class Hexadecimal(Kind):
    """A Kind: a number in hexadecimal: ``0x20``, or 0."""

    def text(self, call: Call, index: int) -> str:
        value = call.long(index) & (1 << call.word * 8) - 1
        return f"{value:#x}" if value else "0"

    def json(self, call: Call, index: int) -> int:
        return call.long(index) & (1 << call.word * 8) - 1


class Octal(Kind):
    """A Kind: a number in octal, as permissions are: ``0644``."""

    def text(self, call: Call, index: int) -> str:
        return f"0{call.unsigned(index):o}" if call.unsigned(index) else "000"


def path_text(path: bytes) -> str:
    """Return ``path``, the bytes of a descriptor's file's path, as text: ``</etc/hosts>``,
    ``</tmp/a>(deleted)``."""
    name = path.removesuffix(DELETED)
    more = "<>" if b"<" in name or b">" in name else ""
    return f"<{escaped(name, more)}>" + "(deleted)" * (name != path)


class Descriptor(Kind):
    """A Kind: a file descriptor, with the path of its file: ``3</etc/hosts>``.

    Attributes:
        entry: whether the file is looked up before the call, as after it the descriptor is closed,
            a bool.
    """

    def __init__(self, entry: bool = False) -> None:
        self.entry = entry

    def reads(self, index: int) -> tuple[Read, ...]:
        when = When.ENTRY if self.entry else When.SUCCESS if index == RESULT else When.EXIT
        return (Read(ReadKind.FILE, index, when=when),)

    def text(self, call: Call, index: int) -> str:
        number = self._number(call, index)
        path = call.path_of(index)
        name = "AT_FDCWD" if number == AT_FDCWD else str(number)
        return f"{name}{path_text(path)}" if path else name

    def json(self, call: Call, index: int) -> Any:
        path = call.path_of(index)
        number = self._number(call, index)
        name = "AT_FDCWD" if number == AT_FDCWD else number
        return {"fd": name, "path": path.decode("utf-8", "replace")} if path else {"fd": name}

    def _number(self, call: Call, index: int) -> int:
        return call.result if index == RESULT else call.signed(index)


class String(Kind):
    """A Kind: a string of any length, as paths are.

    Attributes:
        when: a When: whether it is read before or after the call.
    """

    def __init__(self, when: When = When.EXIT) -> None:
        self.when = when

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.STRING, index, when=self.when),)

    def text(self, call: Call, index: int) -> str:
        for each in call.read(index):
            if each.status is not each.status.FAULT:
                return quoted(each.data, each.status is each.status.CUT)
        return call.address(index)

    def json(self, call: Call, index: int) -> Any:
        data = call.data(index)
        return data.decode("utf-8", "replace") if data is not None else call.address(index)


class Buffer(Kind):
    """A Kind: bytes of which ``string_size`` are shown.

    Attributes:
        length: how many there are, an int: a Count, or a Count plus the index of an argument.
        written: whether the call writes them, so that a failed one shows the address, a bool.
    """

    def __init__(self, length: int, written: bool = False) -> None:
        self.length = length
        self.written = written

    def reads(self, index: int) -> tuple[Read, ...]:
        when = When.SUCCESS if self.written else When.EXIT
        return (Read(ReadKind.BYTES, index, count=self.length, when=when, buffer=True),)

    def text(self, call: Call, index: int) -> str:
        for each in call.read(index):
            if each.status is not each.status.FAULT and call.long(index):
                data = each.data[: call.string_size]
                cut = each.status is each.status.CUT or len(data) < len(each.data)
                return quoted(data, cut)
        return call.address(index)

    def json(self, call: Call, index: int) -> Any:
        data = call.data(index)
        return data.decode("utf-8", "replace") if data is not None else call.address(index)


def input_buffer(length: int) -> Buffer:
    """Return the Buffer that a call reads; ``length``, an int, is the index of the argument with
    its size."""
    return Buffer(Count.ARGUMENT + length)


def output_buffer() -> Buffer:
    """Return the Buffer that a call writes; its result is how many bytes."""
    return Buffer(Count.RETURNED, written=True)


# Names for calls.tsv, and what makes a kind of the indexes of arguments.
KINDS: dict[str, Callable[..., Kind]] = {
    "address": Kind,
    "int": Signed,
    "uint": Unsigned,
    "long": Long,
    "size": Size,
    "hex": Hexadecimal,
    "octal": Octal,
    "fd": Descriptor,
    "fd_before": lambda: Descriptor(entry=True),
    "path": String,
    "path_before": lambda: String(When.ENTRY),
    "input": input_buffer,
    "output": output_buffer,
}
