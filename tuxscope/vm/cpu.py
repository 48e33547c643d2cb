"""The state of one simulated CPU: registers, stack frames, memory, maps and output.

Operations, branches and helpers work on it; ``machine.py`` runs it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tuxscope.asm.maps import Map
from tuxscope.asm.program import STACK_SIZE, Program
from tuxscope.vm.diagnosis import uninitialised_register
from tuxscope.vm.faults import ReferenceFault
from tuxscope.vm.maps import VirtualMap, VirtualProgArray, VirtualRingBuf, virtual_map
from tuxscope.vm.memory import WINDOW, Region, VirtualMemory
from tuxscope.vm.operations import Registers
from tuxscope.vm.places import END, Places
from tuxscope.vm.state import Frame, Output
from tuxscope.vm.world import TICK_NS, World

NOTHING = [None] * 11
# The upper half of the first stack's address, as in the kernel, and the number of stacks.
FIRST_STACK, STACKS = 0xFFFF_C900, 0x2000
MAY_GOTO = 8 << 20  # BPF_MAX_LOOPS: how often may_goto falls through
# The attributes that a snapshot contains besides registers, frames, memory, maps and output.
HIDDEN = ("random", "time", "may_goto_left", "tail_calls", "entered", "world")


class Cpu:
    """A simulated CPU of ``world``, a World.

    Attributes:
        world: the World, the machine and task that helpers report.
        registers: a Registers, r0 to r10, from 0 to 2**64 - 1; None if uninitialised.
        frames: a list of Frame, the stack frames, the innermost last.
        memory: all memory regions, a VirtualMemory.
        maps: a dict of VirtualMap by description, a Map.
        places: the programs, a Places.
        output: a list of Output, what programs sent and printed, the oldest first.
        random: the state of get_prandom_u32.
        time: the next result of the clock, in ns.
        may_goto_left: how often may_goto still falls through.
        tail_calls: the number of tail calls in this run.
        entered: the number of stack frames made so far.
        code_address: the address of a region that cannot be read.
        task: the address of the current task, whose bytes are those of ``world``.
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
        """Reset to the state before the first instruction; memory, maps and output stay."""
        for frame in self.frames:
            self.memory.remove(frame.stack)
        self.frames.clear()
        self.registers[:] = NOTHING
        self.random, self.time = self.world.seed, self.world.time_ns
        self.tail_calls = self.entered = 0
        self.may_goto_left = MAY_GOTO
        task, _ = self.memory.find(self.task, 0)
        if task.data != self.world.task:
            task.data[:], task.frozen = self.world.task, None
        for map in self.maps.values():
            map.discard_pending()

    def place_of(self, program: Program) -> int:
        """Return the place, an int, of the first instruction of ``program``; creates its maps if
        they are new."""
        for description in program.maps:
            if description not in self.maps:
                made = virtual_map(description, self.memory, self.world.cpus)
                self.maps[description] = self._by_address[made.address] = made
                if isinstance(made, VirtualProgArray):
                    made.on_new_program = self.place_of
        return self.places.base_of(program)

    def enter(self, function: str, caller: int, **more: Any) -> None:
        """Push a stack frame for the function named ``function``, a str, and set r10.

        ``caller`` is the place to return to, an int. ``more``, keyword arguments, are further
        attributes of the Frame, such as ``loop``.
        """
        unset = bytearray(b"\1" * STACK_SIZE)
        region = Region(f"the stack of {function}", bytearray(STACK_SIZE), unset, origin=STACK_SIZE)
        # Reuse an address as late as possible, so that a pointer to a popped stack faults.
        while (number := FIRST_STACK + self.entered % STACKS) in self.memory.regions:
            self.entered += 1
        stack = self.memory.add(region, number << WINDOW)
        self.entered += 1
        saved = tuple(self.registers[6:11])
        self.frames.append(Frame(function, stack, caller, saved, **more))
        self.registers[10] = stack + STACK_SIZE

    def leave(self) -> int:
        """Pop the innermost frame, restore r6 to r10, and return the caller's place, an int."""
        frame = self.frames.pop()
        self.memory.remove(frame.stack)
        self.registers[1:6] = NOTHING[1:6]
        self.registers[6:11] = frame.saved
        return frame.caller

    def finish(self) -> int:
        """Check the state at the program's exit, and return END, an int.

        Raises ReferenceFault, UninitialisedRegisterFault.
        """
        if self.registers[0] is None:
            raise uninitialised_register(0)
        for map in self.maps.values():
            if isinstance(map, VirtualRingBuf) and map.ring.reserved:
                raise ReferenceFault(
                    "the program exits with an unreleased record of "
                    f"{map.description.name}; submit or discard it"
                )
        return END

    def update_frame(self, **changes: Any) -> None:
        """Replace attributes of the innermost Frame by those in ``changes``, keyword arguments."""
        self.frames[-1] = replace(self.frames[-1], **changes)

    def map_at(self, address: int) -> VirtualMap | None:
        """Return the VirtualMap whose address is ``address``, an int, or None if there is none."""
        return self._by_address.get(address)

    def argument(self, number: int) -> int:
        """Return the value, an int, of register ``number``. Raises UninitialisedRegisterFault."""
        value: int | None = self.registers[number]
        if value is None:
            raise uninitialised_register(number)
        return value

    def clock(self) -> int:
        """Return the time in ns, an int, and advance it by TICK_NS."""
        now = self.time
        self.time += TICK_NS
        return now

    def produce(self, output: Output) -> None:
        """Append ``output``, a Sent or Printed, to the output."""
        self.output.append(output)
