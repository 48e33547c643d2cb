from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from loader.texts import one_line
from tuxscope.asm import (
    Array,
    Assembler,
    Program,
    RawTracepoint,
    SchedClassifier,
    Tracepoint,
    Xdp,
    helper,
    r0,
    r1,
    r2,
)
from tuxscope.asm import AttachPoint as Place
from tuxscope.errors import TuxscopeError
from tuxscope.loader import attach, bpf
from tuxscope.loader.attach import Link
from tuxscope.loader.program import load
from tuxscope.loader.tracefs import TracepointError
from tuxscope.record import u64
from tuxscope.run.identity import own_pid

pytestmark = pytest.mark.kernel

COUNT = Array("COUNT", value=u64, max_entries=1)
GETPPID = Tracepoint("syscalls", "sys_enter_getppid")


def nothing(place: Place) -> Program:
    a = Assembler("nothing", attach=place)
    a.mov(r0, 0)
    a.exit()
    return a.program()


def counter(place: Place) -> Program:
    """A program that counts how often this process gets there."""
    pid = own_pid(None)
    assert pid is not None
    a = Assembler("counter", attach=place)
    a.call(helper.get_current_pid_tgid)
    a.rsh(r0, 32)
    a.jne(r0, pid, "out")
    a.ld_map_value(r1, COUNT)
    a.mov(r2, 1)
    a.atomic_add(u64[r1], r2)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def ask(times: int) -> None:
    for _ in range(times):
        os.getppid()


@pytest.fixture(params=["through a link", "through the event", "without membarrier"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What newer and older kernels offer."""

    def refuse(*_: Any) -> Any:
        raise OSError(errno.EINVAL, "unknown")

    if request.param == "through the event":
        monkeypatch.setattr(bpf, "link_create", refuse)
    elif request.param == "without membarrier":
        monkeypatch.setattr(attach, "syscall", refuse)


@pytest.mark.usefixtures("way")
def test_a_program_runs_as_long_as_it_is_attached() -> None:
    with load(counter(GETPPID)) as program:
        count = program.maps[COUNT]
        ask(3)
        assert count.lookup(0) == 0
        with Link(program):
            ask(1000)
            assert count.lookup(0) == 1000
        ask(3)
        assert count.lookup(0) == 1000
        with Link(program):
            ask(1)
        assert count.lookup(0) == 1001


def test_two_programs_share_a_tracepoint() -> None:
    with load(counter(GETPPID)) as one, load(counter(GETPPID)) as two, Link(one):
        with Link(two):
            ask(5)
        ask(2)
        assert [each.maps[COUNT].lookup(0) for each in (one, two)] == [7, 5]


def test_a_raw_tracepoint_sees_every_system_call() -> None:
    with load(counter(RawTracepoint("sys_enter"))) as program:
        count = program.maps[COUNT]
        with Link(program):
            ask(100)
        counted = count.lookup(0)
        assert counted >= 100
        ask(100)
        assert count.lookup(0) == counted


def test_detaching_twice_is_fine() -> None:
    with load(nothing(GETPPID)) as program:
        link = Link(program)
        link.close()
        link.close()


@pytest.mark.parametrize("place", [SchedClassifier(), Xdp(), RawTracepoint()], ids=str)
def test_what_is_only_test_run_cannot_be_attached(place: Place) -> None:
    with load(nothing(place)) as program, pytest.raises(TuxscopeError) as caught:
        Link(program)
    assert type(place).__name__ in one_line(caught)


@pytest.mark.parametrize(
    "place", [RawTracepoint("sys_entr"), Tracepoint("syscalls", "sys_enter_getpid_")], ids=str
)
def test_an_unknown_tracepoint_is_refused_in_one_line(place: RawTracepoint | Tracepoint) -> None:
    with load(nothing(place)) as program, pytest.raises(TracepointError) as caught:
        Link(program)
    assert place.name in one_line(caught)


def test_other_errors_of_links_are_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise PermissionError(errno.EPERM, "not yours")

    monkeypatch.setattr(bpf, "link_create", refuse)
    with load(nothing(GETPPID)) as program, pytest.raises(PermissionError):
        Link(program)
