"""Base classes of tuxscope's errors, with and without a source line."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence

from tuxscope.lean_typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from tuxscope.source import SourceLine

LONGEST = 120  # characters of a value in an error
ENOTSUPP = 524  # the kernel's own, in no libc
HINTS = {errno.EMFILE: "; try: ulimit -n 4096"}


class Portable:
    """Mixin for exceptions that can be copied and pickled.

    Python makes an exception again by calling its class with ``args``, which are the message
    alone where ``__init__`` takes more. Here it is made without ``__init__``, and given the
    attributes that it had.

    An attribute that cannot be pickled is None in the other process, and one that cannot be deep
    copied is shared: an error that fails on its way takes a multiprocessing pool with it.
    """

    __slots__ = ()

    def __copy__(self) -> Self:
        made: Self = revived(type(self), self._args(), vars(self))
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        from copy import deepcopy

        def copied(value: Any) -> Any:
            try:
                return deepcopy(value, memo)
            except Exception:
                return value

        values = {name: copied(value) for name, value in vars(self).items()}
        made: Self = revived(type(self), tuple(map(copied, self._args())), values)
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        args = [packed(each) or packed(repr(each)) for each in self._args()]
        return unpacked, (type(self), args, {name: packed(v) for name, v in vars(self).items()})

    def _args(self) -> tuple[Any, ...]:
        args: tuple[Any, ...] = getattr(self, "args", ())
        return args


def revived(kind: type[Any], args: tuple[Any, ...], values: Mapping[str, Any]) -> Any:
    """Return an exception of class ``kind`` with ``args``, a tuple, and the attributes ``values``,
    a mapping by name, without calling ``__init__``."""
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(values)
    return error


def packed(value: object) -> bytes | None:
    """Return ``value``, any object, as a pickle, bytes; None if it cannot be pickled."""
    import pickle

    try:
        return pickle.dumps(value)
    except Exception:
        return None


def unpacked(
    kind: type[Any], args: Sequence[bytes | None], values: Mapping[str, bytes | None]
) -> Any:
    """Return a pickled exception of class ``kind`` from its ``args``, a sequence, and attributes
    ``values``, a mapping by name, each pickled or None; one that is None or cannot be unpickled
    here becomes None."""
    import pickle

    def value(data: bytes | None) -> Any:
        try:
            return pickle.loads(data) if data else None
        except Exception:
            return None

    made = {name: value(data) for name, data in values.items()}
    return revived(kind, tuple(map(value, args)), made)


class TuxscopeError(Portable, Exception):
    """A Portable and Exception, base of errors that a user can fix.

    ``str(error)`` is one line: what failed, why, and what to type next. The command prints that
    line on stderr and exits with ``exit_status``; a library user catches the class.

    Attributes:
        exit_status: an int, of the class.
    """

    exit_status = 1


class LocatedError(TuxscopeError):
    """An error, a TuxscopeError: an error at a line that the user wrote: of Python, or of assembly
    text.

    Attributes:
        problem: a str, what is wrong, without the place.
        source: the author's SourceLine; None if it is not known.
        column: an int, where in that line, counted from 1; 0 if it is not known.
        hint: a str, what to type; empty if there is no one thing that helps.
        slot: of the instruction, an int, in 64-bit slots from the program's start; None if the
            error is not about one.
        remarks: a tuple of pairs of str, a property.
    """

    def __init__(
        self,
        problem: str,
        source: SourceLine | None = None,
        column: int = 0,
        hint: str = "",
        slot: int | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.source = source
        self.column = column
        self.hint = hint
        self.slot = slot

    def __str__(self) -> str:
        place = f"{self.source}: " if self.source else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{place}{self.problem}{hint}"

    @property
    def place(self) -> str:
        """The place, ``hello.py:34``, a str; empty if the line is not known."""
        return self.source.place if self.source else ""

    @property
    def remarks(self) -> tuple[tuple[str, str], ...]:
        """What a report shows below the line: a tuple of pairs, label and text. An empty text is
        left out."""
        return (("hint", self.hint),)


class UsageError(TuxscopeError):
    """An error, a TuxscopeError: the command line is invalid; nothing was started."""

    exit_status = 2


class ArgumentTypeError(TuxscopeError, TypeError):
    """An error, a TuxscopeError and TypeError: an argument has the wrong type: ``function``, a
    name, takes ``takes``, a str, not ``given``, the argument; ``hint``, a str, is what to type."""

    def __init__(self, function: str, takes: str, given: object, hint: str) -> None:
        what = with_article(type(given).__name__)
        if given is None:
            what = "None"
        elif isinstance(given, type):
            what = f"the class {given.__name__}"
        super().__init__(f"{function} takes {takes}, not {what}; {hint}")


def with_article(noun: str) -> str:
    """Return ``noun``, a str, with its article: ``an Assembler``, ``a Page``."""
    return f"{'an' if noun[:1] in 'AEIOaeio' else 'a'} {noun}"


def shown(value: object) -> str:
    """Return the ``repr`` of ``value``, any object, for an error: a line of 120 characters at most,
    whatever the value is."""
    if isinstance(value, int) and value.bit_length() > 256:
        return f"a number of {value.bit_length()} bits"
    try:
        text = repr(value).replace("\n", " ")
    except Exception:  # of its own, or Python's for a number of too many digits inside of it
        return f"<{type(value).__name__}>"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def strerror(error: OSError) -> str:
    """Return what the kernel said in ``error``, an OSError, with its name: ``Operation not
    permitted (EPERM)``.

    Where one thing always helps, it ends with what to type.
    """
    number = error.errno or 0
    if number == ENOTSUPP:
        return "Operation not supported (ENOTSUPP)"
    return f"{os.strerror(number)} ({errno.errorcode.get(number, number)}){HINTS.get(number, '')}"
