"""Symbolic operands: registers, addresses and memory, which have no value during assembly.

Python would run a comparison once, while the program is assembled. So each operator raises an error
at the author's line, which names the instruction to use instead.
"""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.asm.errors import AssemblyError
from tuxscope.asm.source import author_line
from tuxscope.errors import shown
from tuxscope.lean_typing import TYPE_CHECKING, ClassVar, NoReturn

# The assembler's method for each of Python's operators.
METHODS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "%": "mod", "<<": "lsh", ">>": "rsh",
    "&": "and_", "|": "or_", "^": "xor",
}  # fmt: skip


def between(sign: str) -> Callable[[Symbolic, object], NoReturn]:
    """Return the method of Symbolic for ``symbol + other`` and its reverse, if ``sign``, a str, is
    +; the method takes a Symbolic and any object, and raises."""

    def fail(symbol: Symbolic, other: object) -> NoReturn:
        raise symbol._error(symbol._computed(sign, other), author_line())

    return fail


def augmented(sign: str) -> Callable[[Symbolic, object], NoReturn]:
    """Return the method of Symbolic for ``symbol += other``, if ``sign``, a str, is +; the method
    takes a Symbolic and any object, and raises."""

    def fail(symbol: Symbolic, other: object) -> NoReturn:
        raise symbol._error(symbol._changed(sign, other), author_line())

    return fail


def after(sign: str) -> Callable[[Symbolic, object], NoReturn]:
    """Return the method of Symbolic for ``other - symbol``, if ``sign``, a str, is -; the method
    takes a Symbolic and any object, and raises."""

    def fail(symbol: Symbolic, other: object) -> NoReturn:
        number = shown(other)
        raise symbol._error(
            f"{symbol!r} has no value while the program is assembled; to compute {number} {sign} "
            f"{symbol!r} when the program runs, load {number} into a register with a.mov, then use "
            f"a.{METHODS[sign]}(…, {symbol!r})",
            author_line(),
        )

    return fail


def compared(sign: str) -> Callable[[Symbolic, object], NoReturn]:
    """Return the method of Symbolic for ``symbol < other``, if ``sign``, a str, is <; the method
    takes a Symbolic and any object, and raises."""

    def fail(symbol: Symbolic, other: object) -> NoReturn:
        raise symbol._error(symbol._compared(sign, other), author_line())

    return fail


class Symbolic:
    """Base of registers, addresses and places in memory: Python's operators raise ``_error``.

    The methods below return the message of the error.
    """

    __slots__ = ()
    _error: ClassVar[type[AssemblyError]] = AssemblyError

    def _needs_value(self) -> str:
        """The message if Python asks for a value: bool(), range(), len()."""
        raise NotImplementedError

    def _compared(self, sign: str, other: object) -> str:
        """The message for a comparison."""
        return self._needs_value()

    def _changed(self, sign: str, other: object) -> str:
        """The message for an augmented assignment, ``symbol += other``."""
        return self._computed(sign, other)

    def _computed(self, sign: str, other: object) -> str:
        """The message for a binary operator, ``symbol + other``."""
        raise NotImplementedError

    def _subscripted(self, index: object) -> str:
        """The message for ``symbol[index]``, and for an assignment to it."""
        raise NotImplementedError

    def _no_value(self, *_: object) -> NoReturn:
        raise self._error(self._needs_value(), author_line())

    def _no_item(self, index: object, *_: object) -> NoReturn:
        raise self._error(self._subscripted(index), author_line())

    if not TYPE_CHECKING:  # so that type checkers report these
        __bool__ = _no_value
        __lt__, __le__, __gt__, __ge__ = map(compared, ("<", "<=", ">", ">="))
        __eq__, __ne__ = compared("=="), compared("!=")
        __int__ = __index__ = __float__ = __complex__ = __round__ = __abs__ = __neg__ = __pos__ = (
            __invert__
        ) = _no_value
        __len__ = __iter__ = __contains__ = __call__ = __enter__ = __exit__ = _no_value
        __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __divmod__ = __rdivmod__ = _no_value
        __getitem__ = __setitem__ = __delitem__ = _no_item
        __hash__ = object.__hash__

        __iadd__, __isub__, __imul__ = map(augmented, "+-*")
        __itruediv__ = __ifloordiv__ = augmented("/")
        __imod__, __iand__, __ior__, __ixor__ = map(augmented, "%&|^")
        __ilshift__, __irshift__ = augmented("<<"), augmented(">>")

        __add__ = __radd__ = between("+")
        __sub__, __rsub__ = between("-"), after("-")
        __mul__ = __rmul__ = between("*")
        __truediv__ = __floordiv__ = between("/")
        __rtruediv__ = __rfloordiv__ = after("/")
        __mod__, __rmod__ = between("%"), after("%")
        __lshift__, __rlshift__ = between("<<"), after("<<")
        __rshift__, __rrshift__ = between(">>"), after(">>")
        __and__ = __rand__ = between("&")
        __or__ = __ror__ = between("|")
        __xor__ = __rxor__ = between("^")
