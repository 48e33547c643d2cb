"""The measures: each reader on the same connections, one after the other, again and again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from peers.figures import UNPROBED
from peers.processes import Running, Writer, reported_lost
from peers.rounds import Rounds

from connections.readers import EVENTS, WORKLOAD, NetReader

HUNDRED_THOUSAND = 100_000
UNTIL_TOLD = 1.25  # seconds until a table has been printed, that is each second


@dataclass(frozen=True)
class Settings:
    """A frozen dataclass: how much is measured.

    Attributes:
        cycles: of a flood.
        runs: repetitions of everything, at most.
        rate: cycles a second of a paced workload.
        paced: the number of its cycles.
        limit: seconds after which no further measure begins.
    """

    cycles: int = 20_000
    runs: int = 5
    rate: int = 2_000
    paced: int = 2_000
    limit: float = 150.0


QUICK = Settings(cycles=500, runs=1, paced=100, limit=60.0)


@dataclass
class Bench(Rounds[NetReader]):
    """A dataclass: all measures.

    Attributes:
        settings: the Settings.
    """

    settings: Settings

    def run(self) -> None:
        """Everything, as often as the settings say and the time allows."""
        self.repeat(self.settings.runs, self.settings.limit, (self.alone, self.traced))

    def alone(self) -> Iterator[str]:
        """With no reader."""
        with Writer(WORKLOAD) as workload:
            workload.pause()
            for _ in range(2):
                cycles = workload.write(self.settings.cycles)
                for measure in ("traced", "bystander"):
                    self.note(measure, UNPROBED, cycles.cpu / cycles.count / 1000)
        yield UNPROBED

    def traced(self) -> Iterator[str]:
        yield from self.one_by_one(self.reader, self.readers)

    def reader(self, reader: NetReader) -> None:
        """One reader: what is paced first, then a flood, then what its filter rejects."""
        with (
            Writer(WORKLOAD) as workload,
            Writer(WORKLOAD) as bystander,
            Running(reader, workload.pid) as running,
        ):
            bystander.pause()
            running.wait_until_ready()
            workload.pause()
            counts = [self.settled(reader, running, workload.pid)]
            workload.write(self.settings.paced, self.settings.rate)
            counts.append(self.settled(reader, running, workload.pid))
            cpu = running.cpu()
            flood = workload.write(self.settings.cycles)
            counts.append(self.settled(reader, running, workload.pid))
            cpu = running.cpu() - cpu
            if reader.filtered:
                other = bystander.write(self.settings.cycles)
                self.note("bystander", reader.name, other.cpu / other.count / 1000)
            self.note("peak", reader.name, running.peak() / (1 << 20))
            running.end()
            # tuxscope tells it on stderr, bpftrace in between
            lost = reported_lost(running.errors.read_bytes()) + reported_lost(
                running.path.read_bytes()
            )
        paced, flooded = counts[1] - counts[0], counts[2] - counts[1]
        expected = (self.settings.paced + self.settings.cycles) * EVENTS
        self.note("traced", reader.name, flood.cpu / flood.count / 1000)
        self.note("rate", reader.name, flood.rate)
        self.note("paced", reader.name, paced / (self.settings.paced * EVENTS) * 100)
        self.note("delivered", reader.name, flooded / (self.settings.cycles * EVENTS) * 100)
        self.note("unaccounted", reader.name, expected - paced - flooded - lost)
        if flooded:
            self.note("cpu", reader.name, cpu / flooded * EVENTS * HUNDRED_THOUSAND)

    @staticmethod
    def settled(reader: NetReader, running: Running, pid: int) -> int:
        """Return the number of events of process ``pid``, an int, that ``reader``, a NetReader, has
        reported, once the output of ``running``, a Running, does not grow any more."""
        if reader.summary:
            time.sleep(UNTIL_TOLD)
        else:
            running.wait_until_settled()
        return reader.delivered(running.path.read_bytes(), pid)
