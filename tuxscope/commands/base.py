"""What all commands are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tuxscope.lean_fire import FireError


class Job:
    """What a command will do, once Fire has accepted all arguments."""

    __slots__ = ("_run",)

    def __init__(self, run: Callable[[], int]) -> None:
        self._run = run


class Subcommand:
    """A command of the command line: its ``run`` takes the options and returns a Job.

    Fire calls ``run``.

    Attributes:
        help: what --help prints; no docstring, as python -OO leaves those out.
        flags: what is typed for a parameter whose name Python keeps for itself.
        words: what stood after ``--``, which Fire never sees; None without a ``--``.
    """

    name: str
    help: str
    traces_a_command = False
    flags: Mapping[str, str] = MappingProxyType({})

    def __init__(self, words: Sequence[str] | None) -> None:
        if words is not None and not self.traces_a_command:
            raise FireError("it traces no command; leave out -- and what follows")
        self.words = words

    run: Callable[..., Job]

    def stray(self, word: str) -> str:
        """What may have been meant by a word too many."""
        return "options begin with --"
