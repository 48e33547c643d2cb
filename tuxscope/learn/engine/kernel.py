"""Loads a student's page into the kernel, and runs processes whose calls it counts exactly."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from typing import Any, Self

from tuxscope.asm import Array, Hash, Tracepoint
from tuxscope.asm.maps import StreamMap
from tuxscope.errors import TuxscopeError
from tuxscope.learn.engine.interpreter import context_of
from tuxscope.learn.engine.mistake import Mistake
from tuxscope.learn.engine.submission import Submission
from tuxscope.loader.attach import Link
from tuxscope.loader.collection import Collection
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.loader.maps import LoadedMap
from tuxscope.loader.perf_reader import PerfReader
from tuxscope.loader.readers import decoded_by, reader_of
from tuxscope.loader.ringbuf_reader import RingBufReader
from tuxscope.record import Record
from tuxscope.run.identity import pid_namespace
from tuxscope.run.page_map import shown_map

WORKER = os.path.join(os.path.dirname(__file__), "worker.py")
ANSWER_LIMIT = 20.0  # seconds to wait for a worker's answer


class WorkerError(TuxscopeError):
    """An error, a TuxscopeError, for a worker process that failed."""


class Kernel:
    """The loaded programs of the page of ``submission``, a Submission; a context manager that
    unloads them. ``pid`` is that of the page's filter, an int, or None.

    Attributes:
        missed: an int, a property.
    """

    def __init__(self, submission: Submission, pid: int | None = None) -> None:
        """Load the programs of ``submission``, a Submission, with ``pid``, an int, for that process
        alone; None for all. Raises TuxscopeError."""
        page = submission.page
        self._stream = page.map if isinstance(page.map, StreamMap) else None
        self._definition = submission.definition
        with ExitStack() as stack:
            programs = submission.programs(pid, pid_namespace(), RunningKernelLayout())
            self._loaded = stack.enter_context(Collection(programs))
            self._reader: PerfReader | RingBufReader | None = None
            if self._stream:
                shown_map(page, self._loaded)
                maps = self._loaded.maps
                self._reader = reader_of(maps, self._stream, pages=None, order_by=None)
                stack.enter_context(self._reader)
            self._held = stack.pop_all()

    def attached(self) -> Link:
        """Return a Link, a context manager: the programs are attached while it is open."""
        return Link(self._loaded)

    def result(self, *arguments: int) -> int:
        """Test-run the first program on a raw tracepoint's ``arguments``, each an int of 64 bits;
        return the low 32 bits of its result, an int.

        Raises OSError if the kernel cannot test-run it (before Linux 5.10).
        """
        return self._loaded.programs[0].test_run(context=context_of(arguments)).retval

    def records(self) -> list[Record]:
        """Return the list of Record sent through the page's map, of all processes. Detach the
        programs first.

        Raises TuxscopeError if events were lost, as the count is wrong then.
        """
        assert self._reader
        assert self._stream
        found = list(map(decoded_by(self._stream), self._reader.drain(final=True)))
        if lost := self._reader.lost():
            raise TuxscopeError(
                f"{lost} events were lost; check again when the machine is less busy"
            )
        return found

    def map(self, description: Array | Hash) -> LoadedMap:
        """Return the LoadedMap of ``description``, an Array or Hash: items(), lookup(), update().
        Raises Mistake if no program uses it."""
        if description not in self._loaded.maps:
            raise Mistake(
                f"a program that uses {description.name}", "no program does", self._definition
            )
        return self._loaded.maps[description]

    @property
    def missed(self) -> int:
        """The number of runs that the kernel skipped, an int, over all processes (recursion
        misses). Linux 7.3 preempts programs, and skips a second run on the same CPU
        (docs/kernels.md)."""
        return self._loaded.recursion_misses

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()


def has_structs() -> bool:
    """Return whether the running kernel has BTF, which has the members of its structs."""
    return RunningKernelLayout().has_structs


def has_tracepoint(category: str, name: str) -> bool:
    """Return whether the running kernel has the tracepoint ``name`` of ``category``, both str."""
    return RunningKernelLayout().has(Tracepoint(category, name))


class Worker:
    """A child process named ``comm``, a str, that makes system calls on request; a context manager
    that ends it.

    Attributes:
        comm: its name, a str.
        pid: its process ID, an int.
    """

    def __init__(self, comm: str) -> None:
        """Start it with the name ``comm``, a str, and wait until it is ready. From here on it calls
        read() and write() only on request. Raises WorkerError."""
        self.comm = comm
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(ANSWER_LIMIT)
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
        """Have it call write() with ``fd``, an int, and ``data``, bytes, ``times`` times, an int,
        and wait until it has."""
        self._do("write", fd, data.decode("latin-1"), times)

    def read(self, fd: int, times: int = 1, size: int = 1) -> None:
        """Have it call read() with ``fd`` for ``size`` bytes ``times`` times, all int, and wait
        until it has."""
        self._do("read", fd, size, times)

    def read_slowly(self, fd: int, times: int, seconds: float) -> None:
        """Have it make ``times`` calls of read() with ``fd``, both int, that fail after
        ``seconds``, a float, at the earliest."""
        self._do("read_slowly", fd, seconds, times)

    def write_slowly(self, fd: int, times: int, seconds: float) -> None:
        """Have it make ``times`` calls of write() with ``fd``, both int, that fail after
        ``seconds``, a float, at the earliest."""
        self._do("write_slowly", fd, seconds, times)

    def open(self, path: str, times: int = 1) -> None:
        """Have it make ``times`` calls of openat(path), and close what it has opened."""
        self._do("open", 0, path, times)

    def open_as(self, fd: int, path: str, flags: int) -> None:
        """Have it open ``path``, a str, with the ``flags`` of open(2), an int, as descriptor
        ``fd``, an int, which stays open. It creates the file if there is none."""
        self._do("open_as", fd, path, flags)

    def read_file(self, fd: int, size: int, times: int = 1) -> None:
        """Have it call read() with ``fd``, as it is, for ``size`` bytes ``times`` times, all int.
        The calls may fail."""
        self._do("read_as_it_is", fd, size, times)

    def write_file(self, fd: int, text: str, times: int = 1) -> None:
        """Have it call write() with ``fd``, an int, as it is, and ``text``, a str, ``times`` times,
        an int. The calls may fail."""
        self._do("write_as_it_is", fd, text, times)

    def open_untouched(self, path: str, times: int = 1) -> None:
        """Have it make ``times`` calls of openat(path), with the path on a page of its memory that
        it has not accessed before, and close what it has opened."""
        self._do("open_untouched", 0, path, times)

    def execute(self, path: str, times: int = 1) -> None:
        """Have it make ``times`` calls of execve(path), which must fail."""
        self._do("execute", 0, path, times)

    def _do(self, *message: Any) -> None:
        self._socket.send(json.dumps(message).encode())
        self._answer()

    def _answer(self) -> None:
        try:
            answer = self._socket.recv(1)
        except OSError as error:
            raise WorkerError(f"a worker process of the grader does not answer: {error}") from error
        if not answer:
            raise WorkerError("a worker process of the grader ended unexpectedly")

    def close(self) -> None:
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
