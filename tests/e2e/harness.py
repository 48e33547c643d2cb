"""The installed command, run as a user runs it, and processes for it to trace."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leaks import program_of
from pace import LIMIT
from waiting import read_all, read_line, wait_until

TUXSCOPE = str(Path(sysconfig.get_path("scripts"), "tuxscope"))
WRITER = (sys.executable, "-S", str(Path(__file__).with_name("writer.py")))
LAST_LINE = re.compile(
    r"tuxscope: (\d+) events, (\d+) lost, \d+\.\d s(?:, (\d+) missed by recursion)?"
    r"(?:, no room for \d+ paths)?\n"
)


@dataclass(frozen=True)
class Result:
    """What a run of the command left."""

    status: int
    stdout: str
    stderr: str

    @property
    def rows(self) -> list[list[str]]:
        """The lines of text output, split, without the header."""
        return [line.split() for line in self.stdout.splitlines()[1:]]

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The lines of JSON output."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def totals(self) -> tuple[int, int]:
        """Events and lost, of the last line on stderr."""
        return self._last_line[0], self._last_line[1]

    @property
    def missed(self) -> int:
        """What the kernel did not call the program for, of all processes."""
        return self._last_line[2]

    @property
    def _last_line(self) -> list[int]:
        match = LAST_LINE.search(self.stderr)
        assert match, self.stderr
        return [int(number or 0) for number in match.groups()]


class Tuxscope:
    """A running command, whose stdout is read from the start unless ``reading`` is False."""

    def __init__(
        self,
        arguments: Sequence[str],
        prefix: Sequence[str] = (),
        reading: bool = True,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self.process = subprocess.Popen(
            [*prefix, TUXSCOPE, *arguments],
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self._stdout = b""
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read)
        if reading:
            self.read()

    def read(self) -> None:
        """Read stdout from now on."""
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        while piece := os.read(self.process.stdout.fileno(), 1 << 16):
            with self._more:
                self._stdout += piece
                self._more.notify()
        with self._more:
            self._more.notify()

    def wait_for_lines(self, count: int) -> list[str]:
        """The first lines of the output, as soon as there are so many (or no more to come)."""
        return self.wait_for_text(b"\n", count)

    def wait_for_text(self, text: bytes, count: int = 1) -> list[str]:
        """The same, as soon as the output has a text, and so often."""
        with self._more:
            came = self._more.wait_for(
                lambda: self._stdout.count(text) >= count or not self._reader.is_alive(), LIMIT
            )
            assert came, f"waited {LIMIT:.0f} s for {text!r}, {count} times, in {self._stdout!r}"
            return self._stdout.decode().splitlines()

    def wait_until_attached(self, programs: int = 1) -> None:
        """Wait until so many of the process's perf events have a program: with BPF links or
        without."""

        def attached() -> bool:
            assert self.process.poll() is None, "it ended before it attached"
            with contextlib.suppress(FileNotFoundError):
                fds = os.listdir(f"/proc/{self.process.pid}/fd")
                return sum(program_of(self.process.pid, int(fd)) != 0 for fd in fds) >= programs
            return False

        wait_until(attached, f"{programs} perf events with a program", LIMIT, 0.005)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def finish(self) -> Result:
        """Wait for the end; all output."""
        stderr = read_all(self.process.stderr, "the end of tuxscope, and of its stderr")
        self._reader.join(LIMIT)
        status = self.process.wait(LIMIT)
        return Result(status, self._stdout.decode(), stderr.decode())

    def end(self) -> None:
        """Kill it if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        if self._reader.is_alive():
            self._reader.join(LIMIT)
        end(self.process)


class Writer:
    """A process that does an exact number of write() calls once it is told to.

    Where there are several counts, it waits between them to be told again.
    """

    def __init__(self, *counts: int, rate: int = 0, comm: bytes = b"", **options: Any) -> None:
        self.count = sum(counts)
        self.process = subprocess.Popen(
            [*WRITER, ",".join(map(str, counts)), str(rate), comm.hex()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options,
        )  # fmt: skip
        assert read_line(self.process.stdout, "a writer to be ready") == b"r"  # what comes counts

    @property
    def pid(self) -> int:
        return self.process.pid

    def start(self) -> None:
        """Let it write all, and end."""
        assert self.process.stdin
        self.process.stdin.close()

    def write_next(self) -> None:
        """Let it do the next of its counts."""
        assert self.process.stdin
        self.process.stdin.write(b"g")
        self.process.stdin.flush()

    def wait(self) -> None:
        assert self.process.wait(LIMIT) == 0

    def wait_for_writes(self, count: int) -> None:
        """Wait until it has done so many."""

        def written() -> bool:
            io = Path(f"/proc/{self.pid}/io").read_text()
            return int(re.findall(r"syscw: (\d+)", io)[0]) >= count

        wait_until(written, f"{count} writes", LIMIT, 0.005)


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait(LIMIT)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()
