"""Jumps, calls and returns, and what else depends on the machine: its maps and functions."""

from __future__ import annotations

import errno
import inspect
from typing import TYPE_CHECKING

from tuxscope.asm.helpers import NAMES, helper
from tuxscope.asm.instruction import Instruction
from tuxscope.vm.faults import (
    CallDepthFault,
    HelperFault,
    UnsupportedFault,
)
from tuxscope.vm.helpers import HELPERS, map_at
from tuxscope.vm.maps import Values, VirtualProgArray
from tuxscope.vm.memory import OFFSET, WINDOW
from tuxscope.vm.operations import Branch, Operation, Operations, Registers
from tuxscope.vm.state import Loop

if TYPE_CHECKING:
    from tuxscope.vm.machine import Machine

M64 = (1 << 64) - 1
M32 = (1 << 32) - 1
DEEPEST = 8  # MAX_CALL_FRAMES
MOST_TAIL_CALLS = 33  # MAX_TAIL_CALL_CNT
LONGEST_LOOP = 8 << 20  # BPF_MAX_LOOPS
USED_UP = [None] * 5


class Branches:
    """Makes the branches of one machine."""

    def __init__(self, machine: Machine, operations: Operations) -> None:
        self._machine = machine
        self._operations = operations

    def branch(self, instruction: Instruction, place: int) -> Branch | None:
        """What an instruction does that may go on elsewhere; None for the others."""
        name = instruction.form.name
        near, far = place + 1 + instruction.offset, place + 1 + instruction.imm
        match name:
            case "ja":
                return lambda r: near
            case "gotol":
                return lambda r: far
            case "may_goto":
                return self._may_goto(near, place + 1)
            case "exit":
                return self._exit()
            case "call_local":
                return self._call(far, place + 1)
            case "call" if instruction.imm == helper.tail_call.number:
                return self._tail_call(place + 1)
            case "call" if instruction.imm == helper.loop.number:
                return self._loop(place)
            case "ld_abs" | "ld_ind":
                return self._packet(instruction, place + 1)
        if name.startswith("j"):
            condition = self._operations.condition(instruction)
            following = place + 1
            return lambda r: near if condition(r) else following
        return None

    def _may_goto(self, target: int, following: int) -> Branch:
        machine = self._machine

        def may_goto(r: Registers) -> int:
            if not machine.may_goto_left:
                return target
            machine.may_goto_left -= 1
            return following

        return may_goto

    def _check_depth(self) -> None:
        if len(self._machine.frames) >= DEEPEST:
            raise CallDepthFault(f"a call more than {DEEPEST} functions deep")

    def _function_at(self, place: int) -> str:
        program, slot = self._machine.code.program_at(place)
        return next((each.name for each in program.functions if each.slot == slot), f"f{slot}")

    def _call(self, target: int, following: int) -> Branch:
        machine = self._machine

        def call(r: Registers) -> int:
            self._check_depth()
            machine.enter(self._function_at(target), following)
            r[0] = None
            r[6:10] = USED_UP[:4]
            return target

        return call

    def _exit(self) -> Branch:
        machine = self._machine

        def leave(r: Registers) -> int:
            frame = machine.frames[-1]
            if frame.loop:
                return self._next_iteration(r, frame.loop)
            return machine.leave() if len(machine.frames) > 1 else machine.finish()

        return leave

    def _loop(self, place: int) -> Branch:
        machine = self._machine

        def loop(r: Registers) -> int:
            count, callback, context, flags = (machine.argument(each) for each in range(1, 5))
            if callback >> WINDOW != machine.code_address >> WINDOW:
                raise HelperFault(f"the argument {callback:#x} is no function; a.ld_func loads one")
            if flags or count > LONGEST_LOOP:
                # The verifier puts a loop without flags in line, where r0 is set in 32 bits.
                r[0] = -errno.EINVAL & M64 if flags else -errno.E2BIG & M32
                r[1:6] = USED_UP
                return place + 1
            if not count:
                r[0] = 0
                r[1:6] = USED_UP
                return place + 1
            self._check_depth()
            _, slot = machine.code.program_at(place)
            target = place - slot + (callback & OFFSET)
            machine.enter(
                self._function_at(target), place + 1, loop=Loop(0, count, target, context)
            )
            return self._iterate(r, machine.frames[-1].loop)

        return loop

    def _iterate(self, r: Registers, loop: Loop | None) -> int:
        assert loop
        r[0] = None
        r[1:3] = loop.done, loop.context
        r[3:10] = [None] * 7
        return loop.callback

    def _next_iteration(self, r: Registers, loop: Loop) -> int:
        """At a callback's exit: again, or on with the caller, whose r0 is how often it was."""
        again = self._machine.argument(0) == 0
        done = loop.done + 1
        if again and done < loop.count:
            loop = Loop(done, loop.count, loop.callback, loop.context)
            self._machine.update_frame(loop=loop)
            return self._iterate(r, loop)
        place = self._machine.leave()
        r[0] = done
        return place

    def _tail_call(self, following: int) -> Branch:
        machine = self._machine

        def tail_call(r: Registers) -> int:
            context, map, index = (machine.argument(each) for each in range(1, 4))
            programs = map_at(machine, map, VirtualProgArray).programs
            target = programs.get(index & 0xFFFFFFFF)
            if target is None or machine.tail_calls >= MOST_TAIL_CALLS:
                r[:6] = [None, *USED_UP]
                return following
            machine.tail_calls += 1
            r[0] = None
            r[1:10] = [context] + [None] * 8
            machine.update_frame(function=target.functions[0].name)
            machine.memory.forget(machine.frames[-1].stack)
            return machine.place_of(target)

        return tail_call

    def _packet(self, instruction: Instruction, following: int) -> Branch:
        """ld_abs and ld_ind (section 5.5): in network byte order, and past the packet's end an exit
        with 0."""
        machine, size = self._machine, instruction.moves
        indirect = instruction.form.name == "ld_ind"
        src, imm = instruction.src, instruction.imm
        leave = self._exit()

        def load(r: Registers) -> int:
            offset = imm + (r[src] if indirect else 0) & 0xFFFFFFFF
            data = machine.world.packet[offset : offset + size]
            r[1:6] = USED_UP
            r[0] = int.from_bytes(data, "big") if len(data) == size else 0
            if len(data) == size:
                return following
            return leave(r)

        return load

    def helper(self, instruction: Instruction) -> Operation | None:
        """A call of a helper that just returns; None for all else."""
        if instruction.form.name != "call":
            return None
        machine, number = self._machine, instruction.imm
        function = HELPERS.get(number)
        if function is None:
            known = 0 < number <= len(NAMES)
            name = NAMES[number - 1] if known else f"number {number}"
            return failing(f"helper {name} is not simulated")
        last = len(inspect.signature(function).parameters)  # the machine is the first

        def call(r: Registers) -> None:
            arguments = r[1:last]
            if None in arguments:
                machine.argument(1 + arguments.index(None))
            result = function(machine, *arguments)
            r[0] = None if result is None else result & M64
            r[1:6] = USED_UP

        return call

    def address(self, instruction: Instruction, place: int) -> Operation | None:
        """A ld_imm64 of a map, a map's value or a function; None for all else."""
        match instruction.form.name:
            case "ld_map_fd" | "ld_map_value" if instruction.map is None:
                return failing("a file descriptor means nothing here; say which map it is")
            case "ld_map_fd" | "ld_map_value":
                assert instruction.map
                map = self._machine.maps[instruction.map]
                if isinstance(map, Values) and instruction.form.name == "ld_map_value":
                    return load_value(map, instruction)
                value = map.address
            case "ld_func":
                _, slot = self._machine.code.program_at(place)
                value = self._machine.code_address + (slot + 1 + instruction.imm & OFFSET)
            case _:
                return None
        dst = instruction.dst

        def load(r: Registers) -> None:
            r[dst] = value

        return load


def load_value(map: Values, instruction: Instruction) -> Operation:
    """The operation that loads the address of a place in an array's only value."""
    dst, offset = instruction.dst, instruction.next_imm
    first = bytes(map.description.key_size)

    def load(r: Registers) -> None:
        # Looked up anew each time: an array makes its values when they are first asked for.
        r[dst] = map.find(first, 0) + offset

    return load


def failing(problem: str) -> Operation:
    """An operation that cannot be done."""

    def fail(r: Registers) -> None:
        raise UnsupportedFault(problem)

    return fail
