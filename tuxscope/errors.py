"""The one base of every error that tuxscope raises on purpose."""

import errno
import os

ENOTSUPP = 524  # the kernel's own, in no libc
HINTS = {errno.EMFILE: "; try: ulimit -n 4096"}


class TuxscopeError(Exception):
    """Something a user can meet and mend.

    ``str(error)`` is one line: what failed, why, and what to type next. The command prints
    that line on stderr and exits with ``exit_status``; a library user catches the class.
    """

    exit_status = 1


class UsageError(TuxscopeError):
    """The command line cannot be accepted; nothing was started."""

    exit_status = 2


class ArgumentTypeError(TuxscopeError, TypeError):
    """An argument of a kind that a function does not take; names what was given, and what to do."""

    def __init__(self, function: str, takes: str, given: object, hint: str) -> None:
        what = with_article(type(given).__name__)
        if given is None:
            what = "None"
        elif isinstance(given, type):
            what = f"the class {given.__name__}"
        super().__init__(f"{function} takes {takes}, not {what}; {hint}")


def with_article(noun: str) -> str:
    """``an Assembler``, ``a Page``."""
    return f"{'an' if noun[:1] in 'AEIOaeio' else 'a'} {noun}"


def strerror(error: OSError) -> str:
    """What the kernel said, with its name: ``Operation not permitted (EPERM)``; and what to type
    where one thing always helps."""
    number = error.errno or 0
    if number == ENOTSUPP:
        return "Operation not supported (ENOTSUPP)"
    return f"{os.strerror(number)} ({errno.errorcode.get(number, number)}){HINTS.get(number, '')}"
