"""Jumps, calls and returns, and the instructions that need the CPU's maps and functions."""

from __future__ import annotations

import errno
import inspect

from tuxscope.asm.forms import READ
from tuxscope.asm.helper_table import NAMES
from tuxscope.asm.helpers import helper
from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import CallSource, FormKind, WideSource
from tuxscope.vm.cpu import Cpu
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

M64 = (1 << 64) - 1
M32 = (1 << 32) - 1
DEEPEST = 8  # MAX_CALL_FRAMES
MAX_TAIL_CALLS = 33  # MAX_TAIL_CALL_CNT
MAX_LOOPS = 8 << 20  # BPF_MAX_LOOPS
CLOBBERED = [None] * 5


class Branches:
    """Compiles jumps, calls and returns for ``cpu``, a Cpu; ``operations``, an Operations, compiles
    the conditions of jumps."""

    def __init__(self, cpu: Cpu, operations: Operations) -> None:
        self._cpu = cpu
        self._operations = operations

    def branch(self, instruction: Instruction, place: int) -> Branch | None:
        """Compile ``instruction`` at ``place``, an int, to a Branch, a function of the registers to
        the next place, if it may change the control flow; else return None."""
        form = instruction.form
        following = place + 1
        target = following + instruction.distance
        match form.kind:
            case FormKind.CONDITION:
                condition = self._operations.condition(instruction)
                return lambda r: target if condition(r) else following
            case FormKind.JUMP:
                return lambda r: target
            case FormKind.MAY_GOTO:
                return self._may_goto(target, following)
            case FormKind.EXIT:
                return self._exit()
            case FormKind.PACKET_LOAD:
                return self._packet(instruction, following)
            case FormKind.CALL if form.operation is CallSource.LOCAL:
                return self._call(target, following)
            case FormKind.CALL if form.operation is CallSource.HELPER:
                match instruction.imm:
                    case helper.tail_call.number:
                        return self._tail_call(following)
                    case helper.loop.number:
                        return self._loop(place)
        return None

    def _may_goto(self, target: int, following: int) -> Branch:
        cpu = self._cpu

        def may_goto(r: Registers) -> int:
            if not cpu.may_goto_left:
                return target
            cpu.may_goto_left -= 1
            return following

        return may_goto

    def _check_depth(self) -> None:
        if len(self._cpu.frames) >= DEEPEST:
            raise CallDepthFault(f"the call is too deep: at most {DEEPEST} call frames")

    def _call(self, target: int, following: int) -> Branch:
        cpu = self._cpu

        def call(r: Registers) -> int:
            self._check_depth()
            cpu.enter(cpu.places.function_at(target), following)
            r[0] = None
            r[6:10] = CLOBBERED[:4]
            return target

        return call

    def _exit(self) -> Branch:
        cpu = self._cpu

        def leave(r: Registers) -> int:
            frame = cpu.frames[-1]
            if frame.loop:
                return self._next_iteration(r, frame.loop)
            return cpu.leave() if len(cpu.frames) > 1 else cpu.finish()

        return leave

    def _loop(self, place: int) -> Branch:
        cpu = self._cpu

        def loop(r: Registers) -> int:
            count, callback, context, flags = (cpu.argument(each) for each in range(1, 5))
            if callback >> WINDOW != cpu.code_address >> WINDOW:
                raise HelperFault(
                    f"the argument {callback:#x} is not a function; load one with a.ld_func"
                )
            if flags or count > MAX_LOOPS:
                # The verifier inlines a loop without flags; the inlined code sets r0 in 32 bits.
                r[0] = -errno.EINVAL & M64 if flags else -errno.E2BIG & M32
                r[1:6] = CLOBBERED
                return place + 1
            if not count:
                r[0] = 0
                r[1:6] = CLOBBERED
                return place + 1
            self._check_depth()
            _, slot = cpu.places.program_at(place)
            target = place - slot + (callback & OFFSET)
            cpu.enter(
                cpu.places.function_at(target), place + 1, loop=Loop(0, count, target, context)
            )
            return self._iterate(r, cpu.frames[-1].loop)

        return loop

    def _iterate(self, r: Registers, loop: Loop | None) -> int:
        assert loop
        r[0] = None
        r[1:3] = loop.done, loop.context
        r[3:10] = [None] * 7
        return loop.callback

    def _next_iteration(self, r: Registers, loop: Loop) -> int:
        """Continue bpf_loop after a callback: its next call, or the caller with the count in r0."""
        again = self._cpu.argument(0) == 0
        done = loop.done + 1
        if again and done < loop.count:
            loop = Loop(done, loop.count, loop.callback, loop.context)
            self._cpu.update_frame(loop=loop)
            return self._iterate(r, loop)
        place = self._cpu.leave()
        r[0] = done
        return place

    def _tail_call(self, following: int) -> Branch:
        cpu = self._cpu

        def tail_call(r: Registers) -> int:
            context, map, index = (cpu.argument(each) for each in range(1, 4))
            programs = map_at(cpu, map, VirtualProgArray).programs
            target = programs.get(index & 0xFFFFFFFF)
            if target is None or cpu.tail_calls >= MAX_TAIL_CALLS:
                r[:6] = [None, *CLOBBERED]
                return following
            cpu.tail_calls += 1
            r[0] = None
            r[1:10] = [context] + [None] * 8
            cpu.update_frame(function=target.functions[0].name)
            cpu.memory.forget(cpu.frames[-1].stack)
            return cpu.place_of(target)

        return tail_call

    def _packet(self, instruction: Instruction, following: int) -> Branch:
        """Compile ld_abs or ld_ind (RFC 9669, section 5.5).

        It loads in network byte order. A load past the end of the packet exits with 0.
        """
        cpu, size = self._cpu, instruction.access_size
        indirect = instruction.form.src is READ
        src, imm = instruction.src, instruction.imm
        leave = self._exit()

        def load(r: Registers) -> int:
            offset = imm + (r[src] if indirect else 0) & 0xFFFFFFFF
            data = cpu.world.packet[offset : offset + size]
            r[1:6] = CLOBBERED
            r[0] = int.from_bytes(data, "big") if len(data) == size else 0
            if len(data) == size:
                return following
            return leave(r)

        return load

    def helper(self, instruction: Instruction) -> Operation | None:
        """Compile ``instruction`` to an Operation, a function of the registers, if it calls a
        helper, except tail_call and loop; else return None."""
        if instruction.form.operation is not CallSource.HELPER:
            return None
        cpu, number = self._cpu, instruction.imm
        function = HELPERS.get(number)
        if function is None:
            known = 0 < number <= len(NAMES)
            name = NAMES[number - 1] if known else f"number {number}"
            return failing(f"helper {name} is not simulated")
        last = len(inspect.signature(function).parameters)  # the CPU is the first

        def call(r: Registers) -> None:
            arguments = r[1:last]
            if None in arguments:
                cpu.argument(1 + arguments.index(None))
            result = function(cpu, *arguments)
            r[0] = None if result is None else result & M64
            r[1:6] = CLOBBERED

        return call

    def address(self, instruction: Instruction, place: int) -> Operation | None:
        """Compile ``instruction`` at ``place``, an int, a ld_imm64 of a map, a map's value or a
        function, to an Operation; return None for all others."""
        operation = instruction.form.operation
        if instruction.form.loads_map:
            if instruction.map is None:
                return failing("the interpreter has no file descriptors; load a map with a.ld_map")
            map = self._cpu.maps[instruction.map]
            if isinstance(map, Values) and operation is WideSource.MAP_VALUE:
                return load_value(map, instruction)
            value = map.address
        elif operation is WideSource.FUNC:
            _, slot = self._cpu.places.program_at(place)
            value = self._cpu.code_address + (slot + 1 + instruction.imm & OFFSET)
        else:
            return None
        dst = instruction.dst

        def load(r: Registers) -> None:
            r[dst] = value

        return load


def load_value(map: Values, instruction: Instruction) -> Operation:
    """Compile ``instruction``, a ld_imm64 of an address in the only value of array ``map``, a
    Values, to an Operation."""
    dst, offset = instruction.dst, instruction.next_imm
    first = bytes(map.description.key_size)

    def load(r: Registers) -> None:
        # At each run: an array creates its values at the first look-up.
        r[dst] = map.find(first, 0) + offset

    return load


def failing(problem: str) -> Operation:
    """Return an Operation, a function of the registers, that raises UnsupportedFault with the
    message ``problem``, a str."""

    def fail(r: Registers) -> None:
        raise UnsupportedFault(problem)

    return fail
