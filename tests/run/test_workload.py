"""Synthetic system calls: what a program sees of a call at its entry and at its exit."""

from __future__ import annotations

import errno
import sys
from itertools import islice

import pytest

from tuxscope.abi.architecture import ARCHITECTURES, X86_64, Architecture
from tuxscope.abi.names import numbers
from tuxscope.abi.registers import recorded, registers
from tuxscope.abi.task import LINUX_6_18
from tuxscope.asm import Assembler, Program, RawTracepoint, Tracepoint, r0
from tuxscope.asm.attach import AttachPoint
from tuxscope.asm.layout import Place
from tuxscope.run.synthetic_structs import register_bytes
from tuxscope.run.workload import (
    BUFFER,
    PATHS,
    REGISTERS,
    RETURN,
    WITH_REGISTERS,
    SimulationError,
    SystemCallEvent,
    machine_for,
    prepare,
    system_calls,
    task_of,
)


def on(name: str) -> Program:
    return attached(Tracepoint("syscalls", name))


def attached(attach: AttachPoint) -> Program:
    a = Assembler("traced", attach=attach)
    a.mov(r0, 0)
    a.exit()
    return a.program()


def pairs(name: str, count: int) -> list[tuple[SystemCallEvent, SystemCallEvent]]:
    """The entries of a call, each with its exit."""
    programs = on(f"sys_enter_{name}"), on(f"sys_exit_{name}")
    events = list(islice(system_calls(programs, 7), 2 * count))
    return list(zip(events[::2], events[1::2], strict=True))


def result_of(leave: SystemCallEvent) -> int:
    result: int = RETURN.unpack(leave.context)[-1]
    return result


def member(data: bytes, place: Place) -> int:
    return int.from_bytes(data[place.offset :][: place.size], sys.byteorder)


def switches(event: SystemCallEvent) -> int:
    return member(event.world.task, LINUX_6_18.member("task_struct", "nvcsw"))


def test_a_path_is_in_memory_at_the_exit() -> None:
    opened = pairs("openat", 200)
    assert {leave.buffer for _, leave in opened} == {*PATHS}
    absent = [enter for enter, _ in opened if not enter.buffer]
    assert 0 < len(absent) < 100
    assert all(enter.buffer in (b"", leave.buffer) for enter, leave in opened)
    errors = {result_of(leave) for _, leave in opened if result_of(leave) < 0}
    assert errors == {-errno.ENOENT, -errno.EACCES}


def test_what_is_written_is_in_memory_at_the_entry() -> None:
    for enter, leave in pairs("write", 50):
        assert enter.buffer == leave.buffer != b""
        assert result_of(leave) > 0


def test_a_call_that_takes_long_sleeps() -> None:
    calls = pairs("read", 200)
    slept = [leave.world.time_ns - enter.world.time_ns for enter, leave in calls
             if switches(leave) == switches(enter) + 1]  # fmt: skip
    awake = [leave.world.time_ns - enter.world.time_ns for enter, leave in calls
             if switches(leave) == switches(enter)]  # fmt: skip
    assert len(slept) + len(awake) == 200
    assert max(awake) < min(slept)


def test_a_machine_is_prepared_for_an_event() -> None:
    (enter, leave), *_ = (each for each in pairs("openat", 200) if not each[0].buffer)
    machine, buffer = machine_for([enter.program, leave.program])
    for each in (enter, leave):
        prepare(machine, each, buffer)
        assert machine.program is each.program
        assert buffer.data == each.buffer


def test_a_task_has_both_counts() -> None:
    task = task_of(3, 5)
    assert task.endswith((3).to_bytes(8, sys.byteorder) + (5).to_bytes(8, sys.byteorder))


def test_a_raw_tracepoint_hands_over_the_registers() -> None:
    programs = [attached(RawTracepoint(each)) for each in ("sys_enter", "sys_exit")]
    events = list(islice(system_calls(programs, 7), 200))
    places, known = registers(recorded(X86_64), X86_64), numbers(X86_64.native)
    assert {each.program.attach for each in events[::2]} == {programs[0].attach}
    for enter, leave in zip(events[::2], events[1::2], strict=True):
        address, number = WITH_REGISTERS.unpack(enter.context)
        assert address == REGISTERS
        assert number in known.values()
        for each in (enter, leave):
            assert member(each.registers, places.number) == number
            assert member(each.registers, places.arguments[1]) == BUFFER
        _, result = WITH_REGISTERS.unpack(leave.context)
        assert member(leave.registers, places.result) == result & (1 << 64) - 1
    machine, buffer = machine_for(programs)
    prepare(machine, events[1], buffer)
    region, _ = machine.memory.find(REGISTERS, len(events[1].registers))
    assert region.data == events[1].registers
    assert not region.user


@pytest.mark.parametrize("attach", [RawTracepoint("sched_switch"), RawTracepoint()])
def test_no_other_raw_tracepoint_is_simulated(attach: RawTracepoint) -> None:
    with pytest.raises(SimulationError, match="only system calls can be simulated"):
        system_calls([attached(attach)], 0)


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=lambda each: each.machine)
def test_the_registers_are_where_the_architecture_has_them(architecture: Architecture) -> None:
    layout, values = recorded(architecture), range(11, 17)
    places, test = registers(layout, architecture), architecture.compat_test
    enter, leave = (register_bytes(5, values, each, architecture) for each in (None, -2))
    for data in (enter, leave):
        assert member(data, places.number) & (1 << places.number_bits) - 1 == 5
        assert [member(data, each) for each in places.arguments] == [*values]
        if not test.in_task:
            flags = member(data, layout.member("pt_regs", test.path))
            assert bool(flags & test.mask) is not test.when_set
    assert member(leave, places.result) == (1 << 64) - 2
