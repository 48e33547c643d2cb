"""Measures taken in turns, again and again, until there are enough or the time is over."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from peers.building import BenchError
from peers.figures import Values
from peers.processes import Watcher

R = TypeVar("R", bound=Watcher)
Turn = Callable[[], Iterator[str]]  # yields the name of each that it is done with


@dataclass
class Rounds(Generic[R]):
    """A dataclass: the values of all readers.

    Attributes:
        readers: those that are there.
        values: of each measure, by reader, one for each run.
        failed: the last failure of each reader, by its name.
        runs: full repetitions.
    """

    readers: tuple[R, ...]
    values: Values = field(default_factory=dict, kw_only=True)
    failed: dict[str, str] = field(default_factory=dict, kw_only=True)
    runs: int = field(default=0, kw_only=True)

    def note(self, measure: str, reader: str, value: float) -> None:
        self.values.setdefault(measure, {}).setdefault(reader, []).append(value)

    def repeat(self, runs: int, limit: float, turns: Sequence[Turn]) -> None:
        """Make all ``turns``, a sequence of Turn, ``runs`` times, an int; after ``limit`` seconds
        no other begins."""
        deadline = time.monotonic() + limit
        for number in range(runs):
            for turn in turns:
                if time.monotonic() > deadline:
                    return
                try:
                    for done in turn():
                        progress(f"run {number + 1}: {turn.__name__}: {done}")
                        if time.monotonic() > deadline:
                            return
                except (BenchError, OSError) as error:  # of what measures all readers at once
                    self.failed[turn.__name__] = str(error)
            self.runs += 1
            # Who is first, and who comes after whom, changes.
            self.readers = self.readers[1:] + self.readers[:1]

    def one_by_one(self, measure: Callable[[R], None], readers: Sequence[R]) -> Iterator[str]:
        """Call ``measure``, a function of a reader, for each of ``readers``, a sequence, and yield
        their names. A failure is noted, and the others go on."""
        for reader in readers:
            try:
                measure(reader)
            except (BenchError, OSError) as error:
                self.failed[reader.name] = str(error) or type(error).__name__
            yield reader.name


def progress(text: str) -> None:
    """Show ``text``, a str, in the one line of a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
