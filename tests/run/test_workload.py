"""Synthetic system calls: what a program sees of a call at its entry and at its exit."""

from __future__ import annotations

import errno
import sys
from itertools import islice

from tuxscope.abi.task import LINUX_6_18
from tuxscope.asm import Assembler, Program, Tracepoint, r0
from tuxscope.run.workload import (
    PATHS,
    RETURN,
    SystemCallEvent,
    machine_for,
    prepare,
    system_calls,
    task_of,
)


def on(name: str) -> Program:
    a = Assembler("traced", attach=Tracepoint("syscalls", name))
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


def switches(event: SystemCallEvent) -> int:
    place = LINUX_6_18.member("task_struct", "nvcsw")
    return int.from_bytes(event.world.task[place.offset :][: place.size], sys.byteorder)


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
