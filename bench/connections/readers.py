"""tuxscope net in its modes, and the scripts that are its peers; and what their output says."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from peers.building import built, tool

SCRIPTS = Path(__file__).parent
WORKLOAD = "connector"
EVENTS = 4  # of a cycle: connect, accept, and two times close
COUNTED = re.compile(rb"^@(connects|accepts|closes)\[(\d+), .*\]: (\d+)$")


@dataclass(frozen=True)
class NetReader:
    """A frozen dataclass: a tool in one of its modes.

    Attributes:
        name: in the tables.
        peer: which program it is.
        filtered: to the events of one process.
        summary: counts, shown each second, instead of lines.
    """

    name: str
    peer: str
    filtered: bool = False
    summary: bool = False

    def command(self, pid: int | None) -> list[str]:
        one = [str(pid)] if self.filtered else []
        if self.peer == "bpftrace":
            script = SCRIPTS / ("summary.bt" if self.summary else "net.bt")
            return [tool("bpftrace"), str(script), *one]
        options = ["--pid", *one] if one else []
        options += ["--summary"] if self.summary else []
        return [built().tuxscope, "net", *options]

    def shows(self, line: bytes) -> bool:
        return WORKLOAD.encode() in line

    def delivered(self, output: bytes, pid: int) -> int:
        """Return the number of events of process ``pid``, an int, in ``output``, bytes: its lines,
        or the counts of its last table."""
        lines, wanted = output.splitlines(), str(pid).encode()
        if not self.summary:
            return sum(line.split(maxsplit=2)[1:2] == [wanted] for line in lines)
        latest: Counter[bytes] = Counter()  # each table replaces the one before it
        for line in lines:
            cells = line.split()
            if cells[:1] == [wanted]:  # PID COMM CONNECTS ACCEPTS FAILED RESETS CLOSES ...
                latest[b"row"] = sum(map(int, cells[2:7]))
            elif (found := COUNTED.match(line)) and found[2] == wanted:
                latest[found[1]] = int(found[3])
        return latest.total()


READERS = (
    NetReader("tuxscope net", "tuxscope"),
    NetReader("tuxscope net --pid", "tuxscope", filtered=True),
    NetReader("tuxscope net --summary", "tuxscope", summary=True),
    NetReader("net.bt", "bpftrace"),
    NetReader("net.bt PID", "bpftrace", filtered=True),
    NetReader("summary.bt", "bpftrace", summary=True),
)
PARTNERS = {ours.name: theirs.name for ours, theirs in zip(READERS, READERS[3:], strict=False)}
