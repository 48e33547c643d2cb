"""One CPU that runs programs: registers, frames, memory and maps, and what it tells of the world.

It is what operations, branches and helpers work on; ``machine.py`` has it run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tuxscope.asm.maps import Map
from tuxscope.asm.program import STACK_SIZE, Program
from tuxscope.vm.diagnosis import nothing_in
from tuxscope.vm.faults import ReferenceFault
from tuxscope.vm.maps import VirtualMap, VirtualProgArray, VirtualRingBuf, virtual_map
from tuxscope.vm.memory import WINDOW, Region, VirtualMemory
from tuxscope.vm.operations import Registers
from tuxscope.vm.places import END, Places
from tuxscope.vm.state import Frame, Output
from tuxscope.vm.world import TICK_NS, World

NOTHING = [None] * 11
# The upper half of the first frame's address, as in the kernel, and how many there are.
FIRST_STACK, STACKS = 0xFFFF_C900, 0x2000
MAY_GOTO = 8 << 20  # BPF_MAX_LOOPS: how often may_goto falls through
# What a snapshot has of it beside registers, frames, memory, maps and output.
HIDDEN = ("random", "time", "may_goto_left", "tail_calls", "entered", "world")


class Cpu:
    """What programs run on.

    Attributes:
        world: what helpers tell of the machine and the current task.
        registers: r0 to r10; None where one holds nothing.
        frames: of the functions that are under way, the innermost last.
        memory: all that addresses can point to.
        maps: by description.
        places: where programs are.
        output: what programs sent and printed, the oldest first.
        random: the state of get_prandom_u32.
        time: in nanoseconds, of the next look at the clock.
        may_goto_left: how often may_goto still falls through.
        tail_calls, entered: how many, and how many frames there were.
        code_address, task: addresses that point to nothing that can be read.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.registers: Registers = list(NOTHING)
        self.frames: list[Frame] = []
        self.memory = VirtualMemory()
        self.maps: dict[Map, VirtualMap] = {}
        self.places = Places()
        self.output: list[Output] = []
        self._by_address: dict[int, VirtualMap] = {}
        self.code_address = self.memory.add(Region("the code", bytearray(), writable=False))
        self.task = self.memory.add(Region("the current task", bytearray(), writable=False))
        self.reset()

    def reset(self) -> None:
        """Be as before the first instruction; memory, maps and output stay."""
        for frame in self.frames:
            self.memory.remove(frame.stack)
        self.frames.clear()
        self.registers[:] = NOTHING
        self.random, self.time = self.world.seed, self.world.time_ns
        self.tail_calls = self.entered = 0
        self.may_goto_left = MAY_GOTO
        for map in self.maps.values():
            map.abandon()

    def place_of(self, program: Program) -> int:
        """The place where a program begins; its maps are made where they are new."""
        for description in program.maps:
            if description not in self.maps:
                made = virtual_map(description, self.memory, self.world.cpus)
                self.maps[description] = self._by_address[made.address] = made
                if isinstance(made, VirtualProgArray):
                    made.introduce = self.place_of
        return self.places.base_of(program)

    def enter(self, function: str, caller: int, **more: Any) -> None:
        """Give a function its frame."""
        unset = bytearray(b"\1" * STACK_SIZE)
        region = Region(f"the stack of {function}", bytearray(STACK_SIZE), unset, origin=STACK_SIZE)
        # Not the same address again for long: a pointer to a stack that is gone faults.
        while (number := FIRST_STACK + self.entered % STACKS) in self.memory.regions:
            self.entered += 1
        stack = self.memory.add(region, number << WINDOW)
        self.entered += 1
        saved = tuple(self.registers[6:11])
        self.frames.append(Frame(function, stack, caller, saved, **more))
        self.registers[10] = stack + STACK_SIZE

    def leave(self) -> int:
        """Take a function's frame away; the place to go on at."""
        frame = self.frames.pop()
        self.memory.remove(frame.stack)
        self.registers[1:6] = NOTHING[1:6]
        self.registers[6:11] = frame.saved
        return frame.caller

    def finish(self) -> int:
        """End the program. Raises ReferenceFault, UninitialisedRegisterFault."""
        if self.registers[0] is None:
            raise nothing_in(0)
        for map in self.maps.values():
            if isinstance(map, VirtualRingBuf) and map.ring.reserved:
                raise ReferenceFault(
                    f"a record of {map.description.name} is neither submitted nor discarded"
                )
        return END

    def update_frame(self, **changes: Any) -> None:
        """Change the innermost frame."""
        self.frames[-1] = replace(self.frames[-1], **changes)

    def map_at(self, address: int) -> VirtualMap | None:
        """The map whose address this is."""
        return self._by_address.get(address)

    def argument(self, number: int) -> int:
        """What a register holds. Raises UninitialisedRegisterFault."""
        value: int | None = self.registers[number]
        if value is None:
            raise nothing_in(number)
        return value

    def clock(self) -> int:
        """The time in nanoseconds; it goes on with each look."""
        now = self.time
        self.time += TICK_NS
        return now

    def produce(self, output: Output) -> None:
        self.output.append(output)
