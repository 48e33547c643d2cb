"""What all commands are."""

from __future__ import annotations

from collections.abc import Callable

from tuxscope.options import Options


class Job:
    """What a command will do, once Fire has accepted all arguments.

    ``verifier_log`` tells whether --verifier-log was given; None if the command has no such option.
    """

    __slots__ = ("_run", "_verifier_log")

    def __init__(self, run: Callable[[], int], verifier_log: bool | None = None) -> None:
        self._run = run
        self._verifier_log = verifier_log


class Command:
    """A command of the command line: its ``run`` takes the options, which go together, and returns
    a Job.

    Attributes:
        name: what the user types.
        help: what --help prints, with ``{options}`` where the options are to be; no docstring, as
            python -OO leaves those out.
        options: the class that declares its options.
        shows: the kind of page that it shows, where that is always the same: its help tells of no
            options for other kinds.
    """

    name: str
    help: str
    options: type[Options]
    shows = ""

    run: Callable[..., Job]

    def stray(self, word: str) -> str:
        """What may have been meant by a word too many."""
        return "options begin with --"
