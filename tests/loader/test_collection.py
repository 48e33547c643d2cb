"""Several programs that share maps: all are loaded and attached, or none."""

from __future__ import annotations

import os

import pytest

from tuxscope.asm import Array, Assembler, Program, Tracepoint, helper, r0, r1, r2
from tuxscope.loader import Collection, Link, LoadedMap, LoadedProgram, VerifierError, load
from tuxscope.loader import attach as attaching
from tuxscope.loader.attach import AttachError, attach
from tuxscope.loader.maps import MapError
from tuxscope.record import Record, u64
from tuxscope.run.identity import own_pid

pytestmark = pytest.mark.kernel


class Calls(Record):
    entered = u64
    returned = u64


CALLS = Array("CALLS", value=Calls, max_entries=1)
OTHER = Array("OTHER", value=u64, max_entries=1)


def counter(call: str, offset: int) -> Program:
    """A program that counts how often this process gets there."""
    a = Assembler("counter", attach=Tracepoint("syscalls", call))
    a.call(helper.get_current_pid_tgid)
    a.rsh(r0, 32)
    a.jne(r0, own_pid(), "out")
    a.ld_map_value(r1, CALLS, offset)
    a.mov(r2, 1)
    a.atomic_add(u64[r1], r2)
    a.label("out")
    a.mov(r0, 0)
    a.exit()
    return a.program()


def entering() -> Program:
    return counter("sys_enter_getppid", Calls.entered.offset)


def returning() -> Program:
    return counter("sys_exit_getppid", Calls.returned.offset)


def refused() -> Program:
    """A program that uses another map, and that the verifier refuses."""
    a = Assembler("refused", attach=Tracepoint("syscalls", "sys_enter_getppid"))
    a.ld_map_value(r1, OTHER)
    a.ldx(r0, u64[r1 + 8])
    a.exit()
    return a.program(check=False)


def counted(loaded: Collection) -> tuple[int, int]:
    calls = loaded.maps[CALLS].lookup(0)
    return calls.entered, calls.returned


def open_fds() -> set[str]:
    """File descriptors by their target; the one that lists them is a directory in any case."""
    found = set()
    for each in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{each} {os.readlink(f'/proc/self/fd/{each}')}")
        except FileNotFoundError:
            continue
    return found


def test_a_map_that_two_programs_name_is_one() -> None:
    with load((entering(), returning())) as loaded:
        assert isinstance(loaded, Collection)
        assert [each.maps[CALLS] for each in loaded.programs] == [loaded.maps[CALLS]] * 2
        os.getppid()
        with attach(loaded):
            for _ in range(5):
                os.getppid()
            assert counted(loaded) == (5, 5)
        os.getppid()
        assert counted(loaded) == (5, 5)
        assert loaded.recursion_misses == 0


def test_one_program_is_no_collection() -> None:
    with load(entering()) as one, load([entering()]) as several:
        assert isinstance(one, LoadedProgram)
        assert [each.program for each in several.programs] == [one.program]


def test_maps_that_are_given_are_used_and_stay() -> None:
    with LoadedMap(CALLS) as given:
        with load((entering(), returning()), {CALLS: given}) as loaded, Link(loaded):
            os.getppid()
        assert given.lookup(0) == Calls(entered=1, returned=1)


def test_closing_closes_programs_and_maps() -> None:
    before = open_fds()
    loaded = load((entering(), returning()))
    loaded.close()
    loaded.close()
    assert open_fds() == before
    with pytest.raises(MapError, match="closed"):
        loaded.maps[CALLS].lookup(0)


def test_where_one_is_refused_none_is_loaded() -> None:
    before = open_fds()
    with pytest.raises(VerifierError):
        load((entering(), returning(), refused()))
    assert open_fds() == before


def test_where_one_cannot_be_attached_none_is() -> None:
    nowhere = counter("sys_enter_nothing", 0)
    with load((entering(), nowhere)) as loaded:
        before = open_fds()
        with pytest.raises(AttachError):
            attach(loaded)
        assert open_fds() == before
        os.getppid()
        assert counted(loaded) == (0, 0)


def test_detaching_waits_once_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """When none is attached any more: until then, each may begin to run again."""
    seen = []

    def wait() -> None:
        os.getppid()
        seen.append(counted(loaded))

    monkeypatch.setattr(attaching, "wait_for_programs", wait)
    with load((entering(), returning())) as loaded:
        link = attach(loaded)
        os.getppid()
        link.close()
        link.close()
    assert seen == [(1, 1)]


def test_the_log_of_each_is_kept() -> None:
    with load((entering(), returning()), log_level=2) as loaded:
        assert all("R10=fp0" in each.log for each in loaded.programs)
