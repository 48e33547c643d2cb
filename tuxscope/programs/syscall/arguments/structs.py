"""Structs and arrays in user memory: their layout, and the kinds of what points to them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from tuxscope.calls.reads import Count, Read, ReadKind, When
from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.kind import Kind

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call

Show = Callable[[int], str]


def address_text(value: int) -> str:
    """Return ``value``, an int, as the text of an address: ``0x7ffd1c2a``, or ``NULL``."""
    return f"{value:#x}" if value else "NULL"


def hexadecimal_text(value: int) -> str:
    """Return ``value``, an int, as text in hexadecimal: ``0x20``, or 0."""
    return f"{value:#x}" if value else "0"


def choice_text(value: int, names: dict[int, str], unknown: str) -> str:
    """Return the name of ``value``, an int, in ``names``, a dict of str by int, or
    ``0x63 /* CLOCK_??? */`` with ``unknown``, a str, in the comment."""
    return names.get(value) or f"{hexadecimal_text(value & 0xFFFFFFFF)} /* {unknown} */"


@dataclass(frozen=True, slots=True)
class Member:
    """A frozen dataclass: a member of a struct.

    Attributes:
        name: of the member, a str.
        code: a str as in the module ``struct``, where ``l`` and ``L`` are as wide as the ABI's
            long.
        show: a Show, a callable that makes the text of its value, an int.
    """

    name: str
    code: str
    show: Show = str


@dataclass(frozen=True)
class Layout:
    """A frozen dataclass: the layout of a struct, with C's alignment.

    Attributes:
        members: in order, a tuple: each a Member, or a pair of a name and a Layout.
        rest: whether ``...`` says that the text leaves out members, a bool.
    """

    members: tuple[Member | tuple[str, Layout], ...]
    rest: bool = False

    def text(self, data: bytes, word: int) -> str | None:
        """Return the struct at the start of ``data``, bytes, as text; None if ``data`` is too
        short. ``word`` is the size of a long in bytes, an int."""
        values = self.values(data, word)
        return self.text_of(iter(values)) if values is not None else None

    def values(self, data: bytes, word: int) -> tuple[int, ...] | None:
        """Return the values of all members in order, nested ones too, a tuple of int; None if
        ``data``, bytes, is too short. ``word`` is the size of a long in bytes, an int."""
        form = format_of(self, word)
        return struct.unpack_from(form, data) if len(data) >= struct.calcsize(form) else None

    def size(self, word: int) -> int:
        """Return the size up to the end of the last member, in bytes, an int. ``word`` is the size
        of a long in bytes, an int."""
        return struct.calcsize(format_of(self, word))

    def text_of(self, values: Iterator[int]) -> str:
        """Return the text of the struct with ``values``, an iterator of int, as the method values
        returns them."""
        parts = []
        for each in self.members:
            if isinstance(each, Member):
                parts.append(f"{each.name}={each.show(next(values))}")
            else:
                parts.append(f"{each[0]}={each[1].text_of(values)}")
        return "{" + ", ".join(parts + ["..."] * self.rest) + "}"


def codes(layout: Layout) -> list[str]:
    """Return the codes of all members of ``layout``, a Layout, nested ones too: a list of str."""
    return [
        code
        for each in layout.members
        for code in ([each.code] if isinstance(each, Member) else codes(each[1]))
    ]


@cache
def format_of(layout: Layout, word: int) -> str:
    """Return the format of ``layout``, a Layout, for the module ``struct``, with the padding, a
    str. ``word`` is the size of a long in bytes, an int."""
    longs = {"l": "q", "L": "Q"} if word == 8 else {"l": "i", "L": "I"}
    form, at = "=", 0
    for code in (longs.get(each, each) for each in codes(layout)):
        size = struct.calcsize(f"={code}")
        padding = -at % size
        form += f"{padding}x{code}"
        at += padding + size
    return form


class Pointed(Kind):
    """A Kind: memory of constant size that an argument is the address of.

    Attributes:
        size: in bytes, where a long has 8, an int.
        show: a callable that makes the text of the bytes; None if they are too few. It gets the
            Call, too, for the size of a long, and the other arguments.
        when: a When: whether before or after the call.
    """

    def __init__(
        self, size: int, show: Callable[[bytes, Call], str | None], when: When = When.EXIT
    ) -> None:
        self.size = size
        self.show = show
        self.when = when

    def reads(self, index: int) -> tuple[Read, ...]:
        return (Read(ReadKind.BYTES, index, size=self.size, most=self.size, when=self.when),)

    def text(self, call: Call, index: int) -> str:
        data = call.data(index)
        text = self.show(data, call) if data is not None else None
        return call.address(index) if text is None else text


def pointed(layout: Layout, when: When = When.EXIT) -> Pointed:
    """Return the kind, a Pointed, of an argument that points to a struct with ``layout``, a Layout,
    which is read at ``when``, a When."""
    return Pointed(layout.size(8), lambda data, call: layout.text(data, call.word), when)


def written(layout: Layout) -> Pointed:
    """Return the kind, a Pointed, of an argument that points to a struct with ``layout``, a Layout,
    which the call writes."""
    return pointed(layout, When.SUCCESS)


def number_at(code: str, show: Show = str, when: When = When.SUCCESS) -> Pointed:
    """Return the kind, a Pointed, of an argument that points to one number, which is read at
    ``when``, a When: ``[5]``; ``code``, a str, and ``show``, a callable, are as in a Member."""
    layout = Layout((Member("", code, show),))

    def text(data: bytes, call: Call) -> str | None:
        values = layout.values(data, call.word)
        return f"[{show(values[0])}]" if values else None

    return Pointed(layout.size(8), text, when)


class Array(Kind):
    """A Kind: an array of 32-bit numbers: ``[1, 2, 3]``, of which ``string_size`` are shown.

    Attributes:
        count: how many there are, an int: a Count, or a Count plus the index of an argument.
        when: a When: whether before or after the call.
        code: of an element, a str as in a Member.
        MOST: 64, the most elements shown, of the class.
    """

    MOST = 64

    def __init__(self, count: int, when: When = When.EXIT, code: str = "I") -> None:
        self.count = count
        self.when = when
        self.code = code

    def reads(self, index: int) -> tuple[Read, ...]:
        size = struct.calcsize(f"={self.code}")
        most = size * self.MOST
        return (
            Read(ReadKind.BYTES, index, size=size, count=self.count, most=most, when=self.when),
        )

    def elements(self, call: Call, index: int) -> tuple[int, ...] | None:
        """Return the elements, a tuple of int, that were read of argument ``index``, an int, of
        ``call``, a Call; None if they were not."""
        data = all_bytes(call, index)
        size = struct.calcsize(f"={self.code}")
        whole = len(data) // size if data is not None else 0
        return struct.unpack_from(f"={whole}{self.code}", data) if data is not None else None

    def text(self, call: Call, index: int) -> str:
        elements = self.elements(call, index)
        if elements is None:
            return call.address(index)
        shown = [str(each) for each in elements[: call.string_size]]
        cut = len(shown) < len(elements) or any(
            each.status is each.status.CUT for each in call.read(index)
        )
        return "[" + ", ".join(shown + ["..."] * cut) + "]"


def all_bytes(call: Call, index: int, ordinal: int = 0) -> bytes | None:
    """Return what the read ``ordinal`` of argument ``index``, both int, 0 for the first read, of
    ``call``, a Call, returned: the bytes of all elements in a row. None if it was not made, or
    failed."""
    parts = call.read(index, ordinal)
    if not parts or parts[0].status is parts[0].status.FAULT:
        return None
    return b"".join(each.data for each in parts)


def argument_array(count: int) -> Array:
    """Return the Array that a call reads; ``count``, an int, is the index of the argument with its
    length."""
    return Array(Count.ARGUMENT + count)


def number_of(data: bytes | None, word: int = 4) -> int | None:
    """Return the unsigned number of ``word`` bytes, 4 or 8, at the start of ``data``, bytes or
    None, as an int; None if ``data`` is None or too short."""
    if data is None or len(data) < word:
        return None
    return int(struct.unpack_from("=I" if word == 4 else "=Q", data)[0])
