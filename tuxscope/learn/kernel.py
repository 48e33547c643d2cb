"""A student's page on the running kernel, and processes for it to see: exact to the last call."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from typing import Any, Self

from tuxscope.asm import Array, Hash, PerfEventArray
from tuxscope.errors import TuxscopeError
from tuxscope.learn.mistake import Mistake
from tuxscope.learn.submission import Submission, context_of
from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.record import Record
from tuxscope.run.identity import pid_namespace
from tuxscope.run.page_map import shown_map

WORKER = os.path.join(os.path.dirname(__file__), "worker.py")
PATIENCE = 20.0  # seconds until a worker's answer is not waited for any more


class WorkerError(TuxscopeError):
    """A process that the grader started did not do what it was told."""


class Kernel:
    """A page's programs, loaded; a context manager that leaves nothing behind."""

    def __init__(self, submission: Submission, pid: int | None = None) -> None:
        """Load them, for one process where ``pid`` is given. Raises VerifierError and others."""
        page = submission.page
        self._stream = page.map if isinstance(page.map, PerfEventArray) else None
        self._definition = submission.definition
        with ExitStack() as stack:
            programs = submission.programs(pid, pid_namespace())
            self._loaded = stack.enter_context(Collection(programs))
            self._reader: PerfReader | None = None
            if self._stream:
                ring = shown_map(page, self._loaded)
                self._reader = stack.enter_context(PerfReader(ring))
            self._held = stack.pop_all()

    def attached(self) -> Link:
        """The programs see what happens while this is open."""
        return Link(self._loaded)

    def result(self, *arguments: int) -> int:
        """What the first program returns, its low 32 bits, for a raw tracepoint's arguments.

        Raises OSError where the kernel cannot test-run it (before 5.10).
        """
        return self._loaded.programs[0].test_run(context=context_of(arguments)).retval

    def records(self) -> list[Record]:
        """What was sent through the page's map, by all processes; once they are detached.

        Raises TuxscopeError where some were lost: then nothing can be counted.
        """
        assert self._reader
        assert self._stream
        record = self._stream.record
        found: list[Record] = [record.decode(row) for row in self._reader.drain(final=True)]
        if lost := self._reader.lost():
            raise TuxscopeError(f"{lost} events were lost; check it again when there is less to do")
        return found

    def map(self, description: Array | Hash) -> LoadedMap:
        """A map's entries: items(), lookup(), update(). Raises Mistake where it is not used."""
        if description not in self._loaded.maps:
            raise Mistake(
                f"a program that uses {description.name}", "none of them does", self._definition
            )
        return self._loaded.maps[description]

    @property
    def missed(self) -> int:
        """How many runs the kernel left out, over all processes: Linux 7.3 preempts a program, and
        whoever calls in between on that CPU has none of its own (docs/kernels.md)."""
        return self._loaded.recursion_misses

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()


class Worker:
    """A process of a given name that does what it is told; a context manager that ends it.

    Attributes:
        comm: its name.
    """

    def __init__(self, comm: str) -> None:
        """Start it, and wait until it is ready: from here on it makes no call of its own that
        anybody would count. Raises WorkerError."""
        self.comm = comm
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(PATIENCE)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", WORKER, comm],
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        try:
            self._answer()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        number: int = self._process.pid
        return number

    def write(self, fd: int, times: int = 1, data: bytes = b"hello\n") -> None:
        """Have it call write(fd, data) so often; returns once it has."""
        self._do("write", fd, data.decode("latin-1"), times)

    def read(self, fd: int, times: int = 1, size: int = 1) -> None:
        """Have it call read(fd), for so many bytes, so often."""
        self._do("read", fd, size, times)

    def read_slowly(self, fd: int, times: int, seconds: float) -> None:
        """Have it call read(fd) so often, each of which takes at least so long, and fails."""
        self._do("read_slowly", fd, seconds, times)

    def write_slowly(self, fd: int, times: int, seconds: float) -> None:
        """The same with write(fd)."""
        self._do("write_slowly", fd, seconds, times)

    def _do(self, *message: Any) -> None:
        self._socket.send(json.dumps(message).encode())
        self._answer()

    def _answer(self) -> None:
        try:
            answer = self._socket.recv(1)
        except OSError as error:
            raise WorkerError(f"a process of the grader's does not answer: {error}") from error
        if not answer:
            raise WorkerError("a process of the grader's has ended before its time")

    def close(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
