"""What a page describes: everything that makes a tool, and nothing of how it is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tuxscope.asm import PerfEventArray, Program
from tuxscope.asm.maps import StreamMap
from tuxscope.columns import Column
from tuxscope.field_types import Integer
from tuxscope.programs.pid_namespace import PidNamespace
from tuxscope.record import Field, RecordError

USUAL = "PAGE = Page(hello, EVENTS, COLUMNS)"


class ProgramFactory(Protocol):
    """Makes a page's kernel program for what the user asked for."""

    def __call__(
        self, pid: int | None, exclude: int | None, namespace: PidNamespace | None
    ) -> Program:
        """``pid``: trace that process alone. ``exclude``: leave that one out, it is ourselves.
        ``namespace``: in which these are numbers; None for the machine's first."""


@dataclass(frozen=True)
class Page:
    """A tool that streams records.

    Attributes:
        program: makes the kernel program.
        events: the map through which the records come.
        columns: how they are shown.
        order_by: the field by which those of several CPUs are brought into one order: 64 bits of
            nanoseconds, as ktime_get_ns gives them.
    """

    program: ProgramFactory
    events: PerfEventArray
    columns: tuple[Column, ...]
    order_by: Field | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.events, StreamMap):
            raise RecordError(
                f"a page's second part is the map that its events come through; write {USUAL}"
            )
        if isinstance(self.program, Program) or not callable(self.program):
            raise RecordError(
                f"a page has a function that makes its program, uncalled; write {USUAL}"
            )
        columns = self.columns
        if not isinstance(columns, tuple) or not all(isinstance(each, Column) for each in columns):
            raise RecordError(f"a page's columns are a tuple of Column(...); write {USUAL}")
        record = self.events.record
        for column in columns:
            if column.field not in record.fields.values():
                raise RecordError(
                    f"column {column.title} shows a field of another record than "
                    f"{record.__name__}, which comes through {self.events.name}"
                )
        time = self.order_by
        if time is not None and not (
            isinstance(time, Field)
            and isinstance(time.type, Integer)
            and time in record.fields.values()
        ):
            raise RecordError(
                f"a page's order_by is a field of {record.__name__} with the time of "
                "ktime_get_ns, as in order_by=HelloEvent.timestamp_ns"
            )
