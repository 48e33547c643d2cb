"""Running, stepping, stepping back, breakpoints, calls."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuxscope.asm import (
    Array,
    Assembler,
    Hash,
    Instruction,
    Label,
    ProgArray,
    Program,
    RawTracepoint,
    SchedClassifier,
    helper,
    r0,
    r1,
    r2,
    r3,
    r4,
    r6,
    r10,
)
from tuxscope.asm.forms import FORMS, Const
from tuxscope.asm.isa import Group
from tuxscope.record import u8, u16, u32, u64
from tuxscope.vm import Fault, Machine, Printed, World
from tuxscope.vm.faults import BudgetFault, UninitialisedMemoryFault

COUNTS = Hash("COUNTS", key=u32, value=u64, max_entries=2)
ONE = Array("ONE", value=u64[2], max_entries=1)
PROGRAMS = ProgArray("PROGRAMS", max_entries=2)

Write = Callable[[Assembler], object]


def program(write: Write, name: str = "page") -> Program:
    a = Assembler(name, attach=RawTracepoint())
    write(a)
    return a.program(check=False)


def ending(write: Write) -> Program:
    """A program with an end put to it."""

    def whole(a: Assembler) -> None:
        write(a)
        a.mov(r0, 0)
        a.exit()

    return program(whole)


def countdown(a: Assembler) -> None:
    a.mov(r0, 0)
    a.mov(r1, 5)
    a.label("again")
    a.add(r0, r1)
    a.sub(r1, 1)
    a.jne(r1, 0, "again")
    a.exit()


def everything(a: Assembler) -> None:
    """Calls, a loop with a callback, a map, memory of three kinds."""
    key, total = a.stack(u32), a.stack(u64)
    a.st(key, 7)
    a.st(total, 1)
    a.ld_map(r1, COUNTS)
    a.lea(r2, key)
    a.lea(r3, total)
    a.mov(r4, 0)
    a.call(helper.map_update_elem)
    a.mov(r1, 4)
    a.ld_func(r2, "each")
    a.lea(r3, total)
    a.mov(r4, 0)
    a.call(helper.loop)
    a.call(helper.get_prandom_u32)
    a.call(helper.ktime_get_ns)
    a.ld_map(r1, COUNTS)
    a.lea(r2, key)
    a.call(helper.map_delete_elem)
    a.ldx(r1, total)
    a.call("double")
    a.exit()
    a.function("each")
    a.ldx(r3, u64[r2])
    a.add(r3, r1)
    a.stx(u64[r2], r3)
    a.mov(r0, 0)
    a.exit()
    a.function("double")
    a.mov(r0, r1)
    a.add(r0, r0)
    a.exit()


def test_a_run_returns_r0_and_counts_its_steps() -> None:
    machine = Machine(program(countdown))
    assert machine.run() == 15
    assert machine.steps == 2 + 5 * 3 + 1
    assert machine.run() == 15


def test_arguments_go_into_r1_and_on() -> None:
    def difference(a: Assembler) -> None:
        a.mov(r0, r1)
        a.sub(r0, r2)
        a.exit()

    machine = Machine(program(difference))
    assert machine.run(3, 5) == (1 << 64) - 2
    assert machine.run(-1, 0) == (1 << 64) - 1


def test_without_arguments_r1_is_the_context() -> None:
    def first_word(a: Assembler) -> None:
        a.ldx(r0, u64[r1])
        a.exit()

    machine = Machine(program(first_word), (77).to_bytes(8, "little"), byteorder="little")
    assert machine.run() == 77
    machine.start(context=(78).to_bytes(8, "little"))
    machine.resume()
    assert machine.result == 78


@pytest.mark.parametrize("write", [countdown, everything])
def test_steps_lead_where_a_run_leads(write: Write) -> None:
    machine = Machine(program(write))
    result, steps = machine.run(), machine.steps
    machine.start()
    walked = 0
    while not machine.ended:
        step = machine.step()
        walked += 1
        assert step.after.steps == walked
        assert step.after == machine.state
    assert (machine.result, walked) == (result, steps)


@pytest.mark.parametrize("write", [countdown, everything])
def test_stepping_back_undoes_everything(write: Write) -> None:
    machine = Machine(program(write))
    states = [machine.state]
    while not machine.ended:
        states.append(machine.step().after)
    for state in reversed(states[:-1]):
        assert machine.back() == state
        assert machine.state == state
    with pytest.raises(ValueError, match="cannot step back: this is the first"):
        machine.back()


def test_stepping_back_from_the_end_of_a_run_that_was_not_stepped() -> None:
    machine = Machine(program(everything))
    states = [machine.state]
    while not machine.ended:
        states.append(machine.step().after)
    machine = Machine(program(everything))
    assert machine.resume() is False
    assert [machine.back() for _ in states[1:]] == states[-2::-1]


def test_going_on_after_a_step_back_leads_to_the_same_end() -> None:
    machine = Machine(program(everything))
    while not machine.ended:
        machine.step()
    result, end = machine.result, machine.state
    for _ in range(20):
        machine.back()
    assert machine.resume() is False
    assert (machine.result, machine.state) == (result, end)


def test_old_states_are_thinned_out_and_reached_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuxscope.vm.machine.KEPT", 8)
    monkeypatch.setattr("tuxscope.vm.machine.REPLAYED", 3)
    machine = Machine(program(everything))
    states = [machine.state]
    while not machine.ended:
        states.append(machine.step().after)
    assert [machine.back() for _ in states[1:]] == states[-2::-1]


def test_a_state_does_not_change_with_the_machine() -> None:
    machine = Machine(ending(lambda a: a.st(u64[r10 - 8], 5)))
    start = machine.state
    before = dict(start.memory)
    machine.resume()
    assert dict(start.memory) == before
    machine.restore(start)
    assert machine.state == start


def test_a_value_that_was_first_looked_at_can_be_stepped_back_over() -> None:
    def write(a: Assembler) -> None:
        a.ld_map_value(r1, ONE)
        a.ldx(r0, u64[r1 + 8])
        a.exit()

    machine = Machine(program(write))
    machine.step()
    machine.back()
    while not machine.ended:
        machine.step()
    assert machine.result == 0


def test_a_state_before_a_tail_call_is_restored_with_the_others_maps() -> None:
    def other(a: Assembler) -> None:
        key, value = a.stack(u32), a.stack(u64)
        a.st(key, 1)
        a.st(value, 2)
        a.ld_map(r1, COUNTS)
        a.lea(r2, key)
        a.lea(r3, value)
        a.mov(r4, 1)  # BPF_NOEXIST
        a.call(helper.map_update_elem)
        a.exit()

    def first(a: Assembler) -> None:
        a.ld_map(r2, PROGRAMS)
        a.mov(r3, 0)
        a.call(helper.tail_call)
        a.mov(r0, 1)
        a.exit()

    machine = Machine(program(first))
    machine.maps[PROGRAMS].update(0, program(other, "other"))
    start = machine.state
    for _ in range(2):
        while not machine.ended:
            machine.step()
        assert machine.result == 0
        assert dict(machine.maps[COUNTS].items()) == {1: 2}
        machine.restore(start)
        assert dict(machine.maps[COUNTS].items()) == {}


def test_a_program_that_is_tail_called_finds_nothing_on_the_stack() -> None:
    def first(a: Assembler) -> None:
        a.st(u64[r10 - 8], 5)
        a.ld_map(r2, PROGRAMS)
        a.mov(r3, 0)
        a.call(helper.tail_call)
        a.mov(r0, 1)
        a.exit()

    def other(a: Assembler) -> None:
        a.ldx(r0, u64[r10 - 8])
        a.exit()

    machine = Machine(program(first))
    machine.maps[PROGRAMS].update(0, program(other, "other"))
    with pytest.raises(UninitialisedMemoryFault):
        machine.run()


def test_output_comes_back_with_its_state() -> None:
    def write(a: Assembler) -> None:
        a.st(u32[r10 - 4], int.from_bytes(b"hi\n\0", sys.byteorder))
        a.lea(r1, r10 - 4)
        a.mov(r2, 4)
        a.call(helper.trace_printk)

    machine = Machine(ending(write))
    while not machine.ended:
        machine.step()
    end = machine.state
    for _ in range(4):
        machine.back()
    assert machine.output == []
    machine.restore(end)
    assert machine.output == [Printed("hi")]
    machine.run()
    with pytest.raises(ValueError, match="use start"):
        machine.back()


def test_a_restored_state_has_no_past_of_another_run() -> None:
    machine = Machine(program(countdown))
    for _ in range(5):
        machine.step()
    there = machine.state
    machine.start(7)
    machine.step()
    machine.restore(there)
    with pytest.raises(ValueError, match="cannot step back"):
        machine.back()
    machine.step()
    assert machine.back() == there


def test_what_no_machine_has_is_refused() -> None:
    with pytest.raises(ValueError, match="cpu must be from 0 to 1, not 2"):
        World(cpu=2, cpus=2)
    machine = Machine(program(countdown))
    with pytest.raises(ValueError, match="the world has 4 CPUs, the machine 2"):
        machine.run(world=World(cpus=4))
    with pytest.raises(ValueError, match="at most five arguments, not 6"):
        machine.run(1, 2, 3, 4, 5, 6)


def test_breakpoints_stop_before_their_slot_each_time() -> None:
    machine = Machine(program(countdown))
    machine.breakpoints = {3}
    stops = []
    while machine.resume():
        assert machine.state.slot == 3
        stops.append(machine.state.registers[1])
    assert stops == [5, 4, 3, 2, 1]
    assert machine.result == 15
    assert machine.run() == 15  # a whole run passes them


def test_a_step_tells_what_changed() -> None:
    def write(a: Assembler) -> None:
        a.mov(r6, 0x1234)
        a.stx(u16[r10 - 6], r6)
        a.stx(u16[r10 - 6], r6)

    machine = Machine(ending(write), byteorder="little")
    assert list(machine.step().registers) == [(6, None, 0x1234)]
    (stored,) = machine.step().stored
    assert (stored.place, stored.before, stored.after) == ("fp-6", b"\0\0", b"\x34\x12")
    again = machine.step()
    (same,) = again.stored  # a store is told of even where it changes nothing
    assert same.before == same.after == b"\x34\x12"
    assert list(again.registers) == []


def test_storing_zeros_for_the_first_time_is_a_change() -> None:
    machine = Machine(ending(lambda a: a.st(u32[r10 - 4], 0)))
    (stored,) = machine.step().stored
    assert (stored.place, stored.after) == ("fp-4", bytes(4))


def test_the_budget_is_exact() -> None:
    assert Machine(program(countdown), budget=18).run() == 15
    machine = Machine(program(countdown), budget=17)
    with pytest.raises(BudgetFault, match="no exit after 17 steps"):
        machine.run()
    assert machine.steps == 17
    assert machine.state.instruction == Instruction(0x95)


def test_a_loop_without_an_end_ends() -> None:
    def forever(a: Assembler) -> None:
        a.mov(r0, 0)
        a.label("again")
        a.ja("again")

    machine = Machine(program(forever), budget=1000)
    with pytest.raises(BudgetFault):
        machine.run()
    assert machine.steps == 1000


def test_may_goto_ends_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuxscope.vm.cpu.MAY_GOTO", 10)

    def loop(a: Assembler) -> None:
        a.mov(r0, 0)
        a.label("again")
        a.may_goto("out")
        a.add(r0, 1)
        a.ja("again")
        a.label("out")
        a.exit()

    assert Machine(program(loop)).run() == 10


def test_each_function_has_a_stack_and_registers_of_its_own() -> None:
    def write(a: Assembler) -> None:
        a.st(u64[r10 - 8], 1)
        a.mov(r6, 6)
        a.call("other")
        a.ldx(r0, u64[r10 - 8])
        a.lsh(r0, 8)
        a.or_(r0, r6)
        a.exit()
        a.function("other")
        a.st(u64[r10 - 8], 2)
        a.mov(r6, 7)
        a.mov(r0, 0)
        a.exit()

    assert Machine(program(write)).run() == 0x106


def test_a_callee_may_write_into_its_callers_stack() -> None:
    def write(a: Assembler) -> None:
        a.st(u64[r10 - 8], 1)
        a.lea(r1, r10 - 8)
        a.call("other")
        a.ldx(r0, u64[r10 - 8])
        a.exit()
        a.function("other")
        a.st(u64[r1 + 0], 9)
        a.exit()

    assert Machine(program(write)).run() == 9


def test_a_tail_call_starts_the_other_program_on_the_same_context() -> None:
    def first(a: Assembler) -> None:
        a.ld_map(r2, PROGRAMS)
        a.mov(r3, 1)
        a.call(helper.tail_call)
        a.mov(r0, 1)
        a.exit()

    def second(a: Assembler) -> None:
        a.ldx(r0, u8[r1 + 3])
        a.exit()

    machine = Machine(program(first), b"\0\0\0\x2a")
    assert machine.run() == 1
    machine.maps[PROGRAMS].update(1, program(second, "other"))
    assert machine.run() == 42
    machine.maps[PROGRAMS].update(1, machine.program)
    assert machine.run() == 1
    assert machine.cpu.tail_calls == 33
    with pytest.raises(OSError, match="PROGRAMS"):
        machine.maps[PROGRAMS].update(2, machine.program)


def test_loads_from_a_packet_are_big_endian_and_end_the_program_past_its_end() -> None:
    load = Instruction(0x28, imm=1)  # r0 = *(u16 *)skb[1]
    indirect = Instruction(0x50, src=7, imm=-1)  # r0 = *(u8 *)skb[r7 - 1]
    middle = (Instruction(0xB7, dst=7, imm=3), indirect, Instruction(0x07, imm=0x100))
    for first, packet, result in (
        ((load,), b"\1\2\3", 0x0203),
        ((load, *middle), b"\1\2\3", 0x103),
        ((load, *middle), b"\1\2", 0),
    ):
        made = Program("p", SchedClassifier(), (*first, Instruction(0x95)), (Label("p", 0),))
        assert Machine(made, world=World(packet=packet)).run() == result


def test_after_a_fault_the_machine_can_step_back_and_start_again() -> None:
    machine = Machine(ending(lambda a: (a.mov(r6, 1), a.mov(r4, r3))))
    with pytest.raises(Fault):
        machine.run()
    assert machine.steps == 1
    machine.start()
    machine.step()
    with pytest.raises(Fault):
        machine.step()
    assert machine.back().slot == 0
    assert machine.step().after.registers[6] == 1


def test_the_end_is_said() -> None:
    machine = Machine(program(countdown))
    with pytest.raises(ValueError, match="has not exited"):
        _ = machine.result
    machine.run()
    with pytest.raises(ValueError, match="has exited"):
        machine.step()
    assert machine.state.instruction is None


def test_every_row_of_the_table_has_a_meaning_or_a_reason() -> None:
    for form in FORMS:
        fixed = {name: rule.value for name, rule in form.rules() if isinstance(rule, Const)}
        row = Instruction(form.opcode, **{"dst": 1, "src": 1, "imm": 1} | fixed)
        assert row.form is form
        machine = Machine(Program("row", RawTracepoint(), (row,), (Label("row", 0),)))
        if form.group is Group.PACKET:  # there is no packet, and so no program any more
            assert machine.run() == 0
            continue
        with pytest.raises(Fault):  # at the latest as there is no exit
            machine.run(1, 2, 3, 4, 5)


@given(st.lists(st.sampled_from(["step", "back", "resume"]), max_size=30))
def test_any_walk_is_on_the_one_path(walk: list[str]) -> None:
    machine = Machine(program(everything))
    states = [machine.state]
    while not machine.ended:
        states.append(machine.step().after)
    machine = Machine(program(everything))
    machine.breakpoints = {22, 30}
    for move in walk:
        if move == "back" and machine.steps:
            machine.back()
        elif move != "back" and not machine.ended:
            machine.step() if move == "step" else machine.resume()
        assert machine.state == states[machine.steps]
