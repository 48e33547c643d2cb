"""Kinds of numbers that have names: bits, or one of several."""

from __future__ import annotations

from collections.abc import Mapping

from tuxscope.lean_typing import TYPE_CHECKING
from tuxscope.programs.syscall.arguments.kind import Kind

if TYPE_CHECKING:
    from tuxscope.programs.syscall.arguments.call import Call


def flag_text(value: int, names: Mapping[int, str], unknown: str, zero: str = "0") -> str:
    """Return ``value``, an int, as text: ``A|B``, with the rest in hexadecimal: ``A|0x40``.

    ``names`` is a mapping of str by bit, or by several bits, the longer ones first. Where no bit
    has a name, the text is ``0x40 /* O_??? */``, with ``unknown``, a str, in the comment. For 0 it
    is the name of 0, or ``zero``, a str.
    """
    if not value:
        return names.get(0, zero)
    found, rest = [], value
    for bits, name in names.items():
        if bits and rest & bits == bits:
            found.append(name)
            rest &= ~bits
    if not found:
        return f"{value:#x} /* {unknown} */"
    if rest:
        found.append(f"{rest:#x}")
    return "|".join(found)


class Flags(Kind):
    """A Kind: a C int of bits with names.

    Attributes:
        names: a mapping of str by bit, or by several bits, the longer ones first.
        unknown: what a comment says where no bit has a name, a str such as ``O_???``.
        zero: the text of 0.
    """

    def __init__(self, names: Mapping[int, str], unknown: str, zero: str = "0") -> None:
        self.names = names
        self.unknown = unknown
        self.zero = zero

    def text(self, call: Call, index: int) -> str:
        return flag_text(call.unsigned(index), self.names, self.unknown, self.zero)


class Choice(Kind):
    """A Kind: a C int that is one of several with names.

    Attributes:
        names: a mapping of str by number.
        unknown: what a comment says where it is another, a str such as ``SEEK_???``.
    """

    def __init__(self, names: Mapping[int, str], unknown: str) -> None:
        self.names = names
        self.unknown = unknown

    def text(self, call: Call, index: int) -> str:
        value = call.unsigned(index)
        return self.names.get(value) or f"{value:#x} /* {self.unknown} */"
