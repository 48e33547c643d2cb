"""The one base of every error that tuxscope raises on purpose."""


class TuxscopeError(Exception):
    """Something a user can meet and mend.

    ``str(error)`` is one line: what failed, why, and what to type next. The command prints
    that line on stderr and exits with ``exit_status``; a library user catches the class.
    """

    exit_status = 1


class UsageError(TuxscopeError):
    """The command line cannot be accepted; nothing was started."""

    exit_status = 2
