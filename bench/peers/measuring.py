"""The measures: each tool on the same workload, one after the other, again and again."""

from __future__ import annotations

import json
import os
import select
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from peers.building import BenchError, output_of, tool
from peers.figures import UNPROBED
from peers.processes import MILLION, QUIET, READERS, Reader, Running, Writer, Written, timestamp
from peers.rounds import Rounds

PIECES = 3  # what is cheap is measured so often in each run
GRACE = 0.3  # seconds after the last write, in which its line must come


@dataclass(frozen=True)
class Settings:
    """A frozen dataclass: how much is measured.

    Attributes:
        events: of a flood; a tenth for readers that are woken at each.
        runs: repetitions of everything, at most.
        seconds: that a paced stream, or idleness, lasts.
        slow: the number of slow writes.
        slow_rate: of these, a second: 1, or 8 in a quick run.
        limit: seconds after which no further measure begins.
    """

    events: int = 3 * MILLION
    runs: int = 7
    seconds: float = 2.0
    slow: int = 6
    slow_rate: int = 1
    limit: float = 480.0


QUICK = Settings(events=30_000, runs=1, seconds=0.2, slow=2, slow_rate=8, limit=120.0)
FAST = 100_000  # writes a second


@dataclass
class Bench(Rounds[Reader]):
    """A dataclass: all measures.

    Attributes:
        settings: the Settings.
    """

    settings: Settings

    def run(self) -> None:
        """Everything, as often as the settings say and the time allows."""
        self.programs()
        self.repeat(
            self.settings.runs,
            self.settings.limit,
            (self.floods, self.bystanders, self.starts, self.fast, self.slow, self.idle),
        )

    def each(self, measure: Callable[[Reader], None], *, json: bool = False) -> Iterator[str]:
        """Measure one reader after the other with ``measure``, a function of a Reader, and yield
        their names; those of JSON only if ``json``, a bool, keyword-only."""
        chosen = [each for each in self.readers if json or not each.json]
        yield from self.one_by_one(measure, chosen)

    def floods(self) -> Iterator[str]:
        """As many writes as one process can do, and all of them in a file."""
        yield from self.each(self.flood, json=True)

    def flood(self, reader: Reader) -> None:
        count = self.settings.events // (10 if reader.woken_always else 1)
        with Writer() as writer, Running(reader, writer.pid) as running:
            running.wait_until_ready()
            written = writer.write(count)
            running.wait_until_settled()  # bpftrace 0.17 leaves what is in its rings at its end
            used = running.end()
            delivered, lost = reader.delivered(running, written)
        self.note("delivered", reader.name, delivered / count * 100)
        self.note("unaccounted", reader.name, count - delivered - lost)
        self.note("rate", reader.name, written.rate)
        self.note("traced", reader.name, written.cpu / count)
        if delivered:
            self.note("cpu", reader.name, used.cpu / delivered * MILLION)
            self.note("cpu_whole", reader.name, used.whole_cpu / delivered * MILLION)
        self.note("peak", reader.name, used.peak / (1 << 20))

    def bystanders(self) -> Iterator[str]:
        """A process that the filter rejects; and one where there is no reader."""
        count = max(1, self.settings.events // (2 * PIECES))
        with Writer() as bystander:
            bystander.pause()
            for _ in range(PIECES):
                written = bystander.write(count)
                self.note("traced", UNPROBED, written.cpu / count)
                self.note("bystander", UNPROBED, written.cpu / count)
                self.note("rate", UNPROBED, written.rate)
        yield UNPROBED

        def beside(reader: Reader) -> None:
            with Writer() as watched, Writer() as bystander:
                bystander.pause()
                with Running(reader, watched.pid) as running:
                    running.wait_until_ready()
                    watched.pause()
                    for _ in range(PIECES):
                        self.note("bystander", reader.name, bystander.write(count).cpu / count)
                    running.end()

        yield from self.each(beside)

    def starts(self) -> Iterator[str]:
        """From exec to the first line of a writer at 1 kHz."""

        def start(reader: Reader) -> None:
            with Writer() as writer, Running(reader, writer.pid, pipe=True) as running:
                self.note("first_line", reader.name, running.first_event() * 1000)

        for _ in range(PIECES):
            yield from self.each(start)

    def fast(self) -> Iterator[str]:
        """How late lines come at a high rate."""

        def stream(reader: Reader) -> None:
            self.latencies("fast", (reader,), int(FAST * self.settings.seconds), FAST)

        yield from self.each(stream)

    def slow(self) -> Iterator[str]:
        """How late lines come at a low rate: all readers at once, as there is no load."""
        readers = [each for each in self.readers if not each.json]
        self.latencies("slow", readers, self.settings.slow, self.settings.slow_rate)
        yield "all"

    def latencies(self, name: str, readers: Sequence[Reader], count: int, rate: int) -> None:
        with ExitStack() as stack:
            writer = stack.enter_context(Writer())
            running = [
                stack.enter_context(Running(each, writer.pid, pipe=True)) for each in readers
            ]
            for each in running:
                each.first_event()
            arrived, written = collect(running, writer, count, rate)
            for each, chunks in zip(running, arrived, strict=True):
                late = lateness(chunks, each.reader.offset(), written)
                if len(late) > 1:
                    self.note(f"{name}_median", each.reader.name, statistics.median(late))
                    self.note(f"{name}_p99", each.reader.name, late[len(late) * 99 // 100])
                    self.note(f"{name}_worst", each.reader.name, late[-1])
                self.note(f"{name}_delivered", each.reader.name, len(late) / count * 100)

    def idle(self) -> Iterator[str]:
        """CPU of readers that have nothing to read."""
        readers = [each for each in self.readers if not each.json]
        with ExitStack() as stack:
            writer = stack.enter_context(Writer())
            running = [
                stack.enter_context(Running(each, writer.pid, pipe=True)) for each in readers
            ]
            for each in running:
                each.first_event()
            writer.pause()
            time.sleep(GRACE)
            before = [(time.monotonic(), each.cpu()) for each in running]
            time.sleep(self.settings.seconds)
            for each, (time_before, cpu) in zip(running, before, strict=True):
                share = (each.cpu() - cpu) / (time.monotonic() - time_before)
                self.note("idle", each.reader.name, share * 100)
        yield "all"

    def programs(self) -> None:
        """The sizes of the programs in the kernel, without a filter."""

        def size(reader: Reader) -> None:
            with Writer() as writer, Running(reader, None, pipe=True) as running:
                del writer  # something has to be seen
                running.first_event()
                for program in tracepoint_programs(running.pid):
                    self.note("slots", reader.name, program["bytes_xlated"] // 8)
                    self.note("jited", reader.name, program.get("bytes_jited", 0))

        for _ in self.each(size):
            pass


def tracepoint_programs(pid: int) -> list[dict[str, int]]:
    """Return what bpftool reports of the programs that process ``pid``, an int, has at tracepoints:
    a list of dicts."""
    bpftool = tool("bpftool")
    attached = json.loads(output_of(bpftool, "-j", "perf", "show"))
    ids = {each["prog_id"] for each in attached
           if each["pid"] == pid and each["fd_type"] == "tracepoint"}  # fmt: skip
    return [json.loads(output_of(bpftool, "-j", "prog", "show", "id", str(i))) for i in ids]


Chunks = list[tuple[int, bytes]]


def collect(
    running: Sequence[Running], writer: Writer, count: int, rate: int
) -> tuple[list[Chunks], Written]:
    """Have ``writer``, a Writer, write ``count`` times at ``rate`` a second, and read the output of
    each of ``running``, a sequence of Running.

    Returns a pair: a list of what each printed, as pairs of the time in ns and bytes, and the
    Written of the writer. Raises BenchError.
    """
    poll = select.epoll()
    chunks: dict[int, Chunks] = {each.pipe.fileno(): [] for each in running}
    written = None
    try:
        for number in (*chunks, writer.answers.fileno()):
            poll.register(number, select.EPOLLIN)
        writer.tell(count, rate)
        end = time.monotonic() + 2 * count / rate + 10
        while time.monotonic() < end:
            for number, _ in poll.poll(GRACE / 3):
                if number not in chunks:
                    written = writer.answer()
                    end = time.monotonic() + GRACE
                    continue
                data = os.read(number, 1 << 20)
                chunks[number].append((time.monotonic_ns(), data))
                if not data:
                    poll.unregister(number)
    finally:
        poll.close()
    if not written:
        raise BenchError(f"{count} writes at {rate}/s do not end")
    return list(chunks.values()), written


def lateness(chunks: Chunks, offset: int, written: Written) -> list[float]:
    """Return the milliseconds from each event to its line, a sorted list of float.

    ``chunks`` is the output, as pairs of the time in ns and bytes, ``offset`` what to add to its
    timestamps, in ns, and ``written`` the Written of the writer.
    """
    late = []
    length = written.end - written.start + QUIET
    rest = b""
    for arrived, data in chunks:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            at = timestamp(line)
            if at is not None and -QUIET <= at + offset - written.start <= length:
                late.append((arrived - at - offset) / 1e6)
    return sorted(late)


def available(absent: Mapping[str, str]) -> tuple[Reader, ...]:
    return tuple(each for each in READERS if each.peer not in absent)
