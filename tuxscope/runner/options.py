"""What a user can ask of a page's run."""

from __future__ import annotations

from tuxscope.lean_dataclasses import dataclass
from tuxscope.output.lines import Style


@dataclass(frozen=True)
class Options:
    """The options of ``tuxscope hello`` and of all tools like it.

    Attributes:
        pid: trace this process alone, and end with it.
        style: of the lines.
        duration: end after so many seconds.
        count: end after so many records, or tables.
        include_self: show our own writes, too.
        buffer_pages: of each CPU's ring, a power of two.
        command: start this, trace it alone, and end with it.
        whole_log: if the verifier refuses the program, keep all that it says.
        unordered: print each CPU's records as they come, whatever their time.
        strict: end with status 3 if anything was lost.
        lost_records: print an object for losses, too; with Style.JSON.
        interval: seconds from one table to the next.
    """

    pid: int | None = None
    style: Style = Style.TEXT
    duration: float | None = None
    count: int | None = None
    include_self: bool = False
    buffer_pages: int | None = None
    command: tuple[str, ...] = ()
    whole_log: bool = False
    unordered: bool = False
    strict: bool = False
    lost_records: bool = False
    interval: float | None = None
