"""Base class of all commands."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.options import Options


class Job:
    """The deferred run of a command: cli.py calls it once all arguments are accepted. Calling it
    returns the exit status.

    ``run`` is a callable without parameters that returns the exit status, an int. ``verifier_log``
    is the value of --verifier-log, a bool; None if the command has no such option.
    """

    __slots__ = ("_run", "_verifier_log")

    def __init__(self, run: Callable[[], int], verifier_log: bool | None = None) -> None:
        self._run = run
        self._verifier_log = verifier_log


class Subcommand:
    """Base class of a command.

    Attributes:
        name: a str, the first word of the command line.
        help: a str, the text of ``--help``, with ``{options}`` in place of the list of options. It
            is no docstring, because python -OO removes those.
        options: the subclass of Options that declares its options.
        page_kind: "stream" or "table" if the command always shows that kind of page. Its help then
            leaves out the options of the other kind. Else empty.
        run: a callable, a method that takes the checked options and returns a :class:`Job`.
    """

    name: str
    help: str
    options: type[Options]
    page_kind = ""

    run: Callable[..., Job]

    def unexpected_hint(self, word: str) -> str:
        """Return the hint for an unexpected argument ``word``, a str."""
        return "options begin with --"

    def short_option_hint(self, letter: str, value: str) -> str:
        """Return the hint for an unknown option of one ``letter``, which ``value`` follows, both
        str: the options that users of a similar tool know. Empty if there is none."""
        return ""
