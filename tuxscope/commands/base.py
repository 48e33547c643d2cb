"""Base class of all commands."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.options import Options


class Job:
    """The deferred run of a command: cli.py calls it once all arguments are accepted.

    ``run`` returns the exit status. ``verifier_log`` is the value of --verifier-log, or None if the
    command has no such option.
    """

    __slots__ = ("_run", "_verifier_log")

    def __init__(self, run: Callable[[], int], verifier_log: bool | None = None) -> None:
        self._run = run
        self._verifier_log = verifier_log


class Subcommand:
    """Base class of a command. ``run`` takes the checked options and returns a :class:`Job`.

    Attributes:
        name: the first word of the command line.
        help: the text of ``--help``, with ``{options}`` in place of the list of options. It is no
            docstring, because python -OO removes those.
        options: the class that declares its options.
        page_kind: "stream" or "table" if the command always shows that kind of page. Its help then
            leaves out the options of the other kind. Else empty.
    """

    name: str
    help: str
    options: type[Options]
    page_kind = ""

    run: Callable[..., Job]

    def unexpected_hint(self, word: str) -> str:
        """The hint for an unexpected argument ``word``."""
        return "options begin with --"
