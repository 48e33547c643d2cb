"""Starts commands and writers, and ends what a test leaves running."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pace import LIMIT
from waiting import wait_until

from e2e.callers import Caller, in_call
from e2e.files_traced import FilesTraced
from e2e.harness import Tuxscope, Writer, end
from e2e.tcp import Peer, Watched
from e2e.traced import Traced
from tuxscope.loader.layout import RunningKernelLayout
from tuxscope.programs.net.sockets import Namespace


@pytest.fixture
def tuxscope() -> Iterator[Any]:
    """Starts the command: ``tuxscope("hello", "--pid", "1")``; ends what is left."""
    started: list[Tuxscope] = []

    def start(*arguments: object, **options: Any) -> Tuxscope:
        started.append(Tuxscope([str(each) for each in arguments], **options))
        return started[-1]

    yield start
    for each in started:
        each.end()


@pytest.fixture
def writer() -> Iterator[Any]:
    """Starts writers: ``writer(count, rate)``; ends what is left."""
    started: list[Writer] = []

    def start(*arguments: Any, **options: Any) -> Writer:
        started.append(Writer(*arguments, **options))
        return started[-1]

    yield start
    for each in started:
        end(each.process)


@pytest.fixture
def caller() -> Iterator[Any]:
    """Starts callers; ends what is left."""
    started: list[Caller] = []

    def start(what: str, argument: object = None, **options: Any) -> Caller:
        started.append(Caller(what, argument, **options))
        return started[-1]

    yield start
    for each in started:
        end(each.process)


@pytest.fixture
def stream(tuxscope: Any) -> Any:
    """Starts ``tuxscope syscall``, and waits until it is attached, and waits for records."""

    def start(*arguments: object, **options: Any) -> Tuxscope:
        run: Tuxscope = tuxscope("syscall", *arguments, **options)
        some = not {"--name", "--failed", "--error", "--min"}.isdisjoint(arguments)
        run.wait_until_attached(4 + ("--follow" in arguments) + (not some))
        # After that it looks up the calls that are blocked already; then it waits for records.
        wait_until(lambda: "poll" in in_call(run.process.pid), "it to wait for records", LIMIT)
        return run

    return start


@pytest.fixture
def traced(tuxscope: Any, tmp_path: Path) -> Traced:
    """Runs scripts that ``tuxscope syscall`` traces."""
    return Traced(tuxscope, tmp_path)


@pytest.fixture
def files(tuxscope: Any, tmp_path: Path) -> FilesTraced:
    """Runs scripts that ``tuxscope fileio`` traces, on files of the test's directory."""
    return FilesTraced(tuxscope, tmp_path)


@pytest.fixture
def network() -> Iterator[Namespace]:
    """A network namespace with a loopback interface, and a process: that is where it is found."""
    from networks import make_namespace

    with make_namespace() as namespace:
        resident = namespace.run(lambda: subprocess.Popen(["cat"], stdin=subprocess.PIPE))
        yield namespace
        end(resident)


@pytest.fixture
def watch(tuxscope: Any, network: Namespace) -> Any:
    """Starts ``tuxscope net`` for that network."""
    if not RunningKernelLayout().has_structs:
        pytest.skip("this kernel has no BTF: no accepts, bytes and namespaces")
    return lambda *options: Watched(tuxscope, network, *options)


@pytest.fixture
def peer(network: Namespace) -> Iterator[Any]:
    """Starts processes of peer.py; ends what is left."""
    started: list[Peer] = []

    def start(*arguments: object, **options: Any) -> Peer:
        started.append(Peer(network, *arguments, **options))
        return started[-1]

    yield start
    for each in started:
        each.end()
