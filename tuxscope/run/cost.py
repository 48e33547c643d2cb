"""How long the programs take for a call, as the kernel measures it."""

from __future__ import annotations

from types import TracebackType

from tuxscope.lean_typing import Self
from tuxscope.loader import bpf
from tuxscope.loader.collection import Collection
from tuxscope.loader.fd import Fd


class ProgramCost:
    """Measures the time that the programs of ``loaded``, a Collection, take for a call; a context
    manager.

    While it is entered, the kernel's statistics make each run of a program slower by some 50 ns, so
    that is for a moment.

    Attributes:
        ns: the time of a call in the programs before and after it, in nanoseconds, a float; None if
            no call was made, or if the kernel has no such statistics (before Linux 5.8).
    """

    def __init__(self, loaded: Collection) -> None:
        self._pair = loaded.programs[:2]
        self._statistics: Fd | None = None
        self.ns: float | None = None

    def __enter__(self) -> Self:
        try:
            self._statistics = bpf.enable_stats()
        except OSError:
            self._statistics = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._statistics:
            self._statistics.close()
        infos = [each.info() for each in self._pair]
        if all(each.run_cnt for each in infos):
            self.ns = sum(each.run_time_ns / each.run_cnt for each in infos)
