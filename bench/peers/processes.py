"""The writer, and the readers that watch it: started, asked, and ended in any case."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import IO, Protocol, Self

from peers.building import OUTPUT, PLACE, BenchError, built, tool

PATIENCE = 30  # seconds that anything may take to start or end
MILLION = 1_000_000
QUIET = MILLION  # ns around what is written, in which nothing else is; the writer sees to it
LOST = re.compile(rb"(\d+) lost\b|\bLost (\d+) events")
BPFTRACE = """
tracepoint:syscalls:sys_enter_write %s { printf("%%-8d %%-16s %%llu\\n", pid, comm, nsecs); }
interval:s:600 { exit(); }
"""


class Watcher(Protocol):
    """What :class:`Running` runs."""

    @property
    def name(self) -> str:
        """In the tables."""

    def command(self, pid: int | None) -> list[str]:
        """Return the command to run, a list of str, for process ``pid``, an int; None stands
        for all processes."""

    def shows(self, line: bytes) -> bool:
        """Whether a line of its output is an event."""


@dataclass(frozen=True)
class Reader:
    """A frozen dataclass: a tool in one of its modes.

    Attributes:
        name: in the tables.
        peer: which program it is.
        json: whether it prints JSON.
        woken_always: at each event; it is given a tenth of the events, as it takes ten times as
            long over them.
    """

    name: str
    peer: str
    json: bool = False
    woken_always: bool = False

    def command(self, pid: int | None) -> list[str]:
        """Return the command to run, a list of str, for process ``pid``, an int; None stands
        for all processes, without a filter."""
        if self.peer == "bpftrace":
            return [tool("bpftrace"), "-e", BPFTRACE % (f"/pid == {pid}/" if pid else "")]
        options = ["--pid", str(pid)] if pid else []
        if self.peer == "tuxscope":
            options += [] if pid else ["--include-self"]
            options += ["--format", "json"] if self.json else []
            return [built().tuxscope, "hello", *options]
        options += ["--json"] if self.json else []
        options += [] if self.woken_always else ["--watermark"]
        return [str(PLACE / "hello"), *options]

    def shows(self, line: bytes) -> bool:
        return timestamp(line) is not None

    def offset(self) -> int:
        """What to add to its timestamps, in ns, to have CLOCK_MONOTONIC.

        bpftrace's ``nsecs`` is bpf_ktime_get_boot_ns(), which counts the machine's sleep, too.
        """
        if self.peer != "bpftrace":
            return 0
        asked = [
            (time.clock_gettime_ns(time.CLOCK_BOOTTIME), time.monotonic_ns()) for _ in range(9)
        ]
        return min(monotonic - boot for boot, monotonic in asked)

    def delivered(self, running: Running, written: Written) -> tuple[int, int]:
        """Return a pair of int: the number of lines that ``running``, a Running, printed of what
        was ``written``, a Written, and of the events that it reports as lost."""
        offset = self.offset()
        start, end = written.start - offset - QUIET, written.end - offset + QUIET
        count = lost = 0
        with open(running.path, "rb") as file:
            for line in file:
                time_of_it = timestamp(line)
                if time_of_it is None:
                    lost += reported_lost(line)
                elif start <= time_of_it <= end:
                    count += 1
        return count, lost + reported_lost(running.errors.read_bytes())


READERS = (
    Reader("tuxscope", "tuxscope"),
    Reader("tuxscope JSON", "tuxscope", json=True),
    Reader("libbpf watermark", "libbpf"),
    Reader("libbpf watermark JSON", "libbpf", json=True),
    Reader("libbpf default", "libbpf", woken_always=True),
    Reader("bpftrace", "bpftrace", woken_always=True),
)


@dataclass(frozen=True)
class Written:
    """A frozen dataclass: what the writer reports of one command.

    Attributes:
        count: the number of writes.
        start, end: CLOCK_MONOTONIC, in ns.
        cpu: CPU time of it, in ns.
    """

    count: int
    start: int
    end: int
    cpu: int

    @property
    def rate(self) -> float:
        """Writes a second."""
        return self.count / (self.end - self.start) * 1e9


class Writer:
    """bench/writer.c, or a program with the same protocol: it writes at 1 kHz until the first
    request."""

    def __init__(self, program: str = "writer") -> None:
        self.process = subprocess.Popen(
            [str(PLACE / program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self.pid = self.process.pid
        assert self.process.stdout
        self.answers = self.process.stdout

    def tell(self, count: int, rate: int = 0) -> None:
        """Request ``count`` writes at ``rate`` per second (0: unlimited); answer() waits."""
        assert self.process.stdin
        self.process.stdin.write(f"{count} {rate}\n".encode())

    def answer(self, patience: float = 10 * PATIENCE) -> Written:
        """Return the Written of the last request, for which it waits ``patience`` seconds, a float.
        Raises BenchError."""
        if not select.select([self.answers], (), (), patience)[0]:
            raise BenchError("the writer does not end")
        return Written(*map(int, self.answers.readline().split()))

    def write(self, count: int, rate: int = 0) -> Written:
        self.tell(count, rate)
        return self.answer()

    def pause(self) -> None:
        """Write nothing until the next request."""
        self.write(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.__exit__(None, None, None)


def timestamp(line: bytes) -> int | None:
    """The nanoseconds in a line of text or JSON; None where it is no event."""
    number = line.rpartition(b":" if line[:1] == b"{" else b" ")[2].rstrip(b"}\n")
    return int(number) if number.isdigit() and (line[:1] == b"{" or line[:1].isdigit()) else None


@dataclass(frozen=True)
class Ended:
    """A frozen dataclass: what a reader has used, from its first event on.

    Attributes:
        cpu: seconds, user and system.
        whole_cpu: with its start.
        peak: of its resident memory, in bytes.
    """

    cpu: float
    whole_cpu: float
    peak: int


class Running:
    """A reader at work. It is ended by SIGINT in :meth:`end`, or else killed.

    What it prints goes to a file, or to a pipe where one is asked for.
    """

    def __init__(self, reader: Watcher, pid: int | None, *, pipe: bool = False) -> None:
        self.reader = reader
        self.path = OUTPUT / "stdout"
        self.errors = OUTPUT / f"stderr.{reader.name}"
        self.begin = time.monotonic_ns()
        with open(self.errors, "wb") as errors, open(self.path, "wb") as file:
            self.process = subprocess.Popen(
                reader.command(pid),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipe else file,
                stderr=errors,
            )
        self.pid = self.process.pid
        self._cpu_at_start = 0.0

    @property
    def pipe(self) -> IO[bytes]:
        assert self.process.stdout
        return self.process.stdout

    def wait_until_ready(self) -> None:
        """Wait for the first event of its output; raises BenchError if none comes."""
        with open(self.path, "rb") as file:
            deadline = time.monotonic() + PATIENCE
            while not self.reader.shows(file.readline()):
                if file.tell() == os.fstat(file.fileno()).st_size:
                    self._still_there(deadline)
                    time.sleep(0.005)
        self.note_cpu()

    def wait_until_settled(self) -> None:
        """Wait until its file grows no more: for five times as long as any drain interval."""
        size, deadline = -1, time.monotonic() + PATIENCE
        while size != (size := self.path.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.25)

    def first_event(self) -> float:
        """Wait for the first event on the pipe; returns seconds since exec."""
        text = b""
        while not any(self.reader.shows(line) for line in text.split(b"\n")[:-1]):
            ready = select.select([self.pipe], (), (), PATIENCE)[0]
            chunk = os.read(self.pipe.fileno(), 1 << 16) if ready else b""
            if not chunk:
                raise self._failure("shows no event")
            text += chunk
        taken = (time.monotonic_ns() - self.begin) / 1e9
        self.note_cpu()
        return taken

    def _still_there(self, deadline: float) -> None:
        if self.process.poll() is not None or time.monotonic() > deadline:
            raise self._failure("shows no event")

    def _failure(self, what: str) -> BenchError:
        said = self.errors.read_bytes().decode("utf-8", "replace").strip() or "no word on stderr"
        return BenchError(f"{self.reader.name} {what}: {said.splitlines()[-1]}")

    def note_cpu(self) -> None:
        self._cpu_at_start = self.cpu()

    def cpu(self) -> float:
        """Seconds of CPU that it has used, all threads: clock_getcpuclockid(3) in one line."""
        return time.clock_gettime(~self.pid << 3 | 2)

    def peak(self) -> int:
        """Of resident memory, in bytes. (wait4() would tell ours where it is larger.)"""
        with open(f"/proc/{self.pid}/status") as status:
            peaks = [int(line.split()[1]) for line in status if line.startswith("VmHWM:")]
        if not peaks:
            raise self._failure("ended too early")
        return peaks[0] << 10

    def end(self) -> Ended:
        """SIGINT, and wait until all is printed. Raises BenchError where it does not end."""
        peak = self.peak()
        self.process.send_signal(signal.SIGINT)
        pidfd = os.pidfd_open(self.pid)
        try:
            if not select.select([pidfd], (), (), PATIENCE)[0]:
                raise self._failure("does not end")
        finally:
            os.close(pidfd)
        _, status, usage = os.wait4(self.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        whole = usage.ru_utime + usage.ru_stime
        return Ended(whole - self._cpu_at_start, whole, peak)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        self.process.__exit__(None, None, None)
        for path in (self.path, self.errors):
            path.unlink(missing_ok=True)


def reported_lost(text: bytes) -> int:
    """Return how many events the ``text``, bytes of a tool's output, reports as lost."""
    return sum(int(one or other) for one, other in LOST.findall(text))
