"""The interpreter: runs a Program in plain Python, as a whole or step by step.

A run goes from block to block (code.py); stepping executes blocks of one instruction, and keeps a
snapshot of everything before each.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tuxscope.asm.instruction import NATIVE, ByteOrder, check_byteorder
from tuxscope.asm.maps import Map
from tuxscope.asm.program import STACK_SIZE, Program, checked_program
from tuxscope.errors import ArgumentTypeError
from tuxscope.vm.branches import Branches
from tuxscope.vm.code import END, Block, Code
from tuxscope.vm.diagnosis import TRANSLATED, fault_of, nothing_in
from tuxscope.vm.faults import BudgetFault, Fault, ReferenceFault
from tuxscope.vm.maps import VirtualMap, VirtualProgArray, VirtualRingBuffer, virtual_map
from tuxscope.vm.memory import WINDOW, Memory, Region
from tuxscope.vm.operations import Branch, Operation, Operations, Registers
from tuxscope.vm.state import Frame, Output, State, Step
from tuxscope.vm.world import TICK_NS, World

NOTHING = [None] * 11
BUDGET = 1_000_000
# The upper half of the first frame's address, as in the kernel, and how many there are.
FIRST_STACK, STACKS = 0xFFFF_C900, 0x2000
MAY_GOTO = 8 << 20  # BPF_MAX_LOOPS: how often may_goto falls through
# States kept to step back to; older ones are thinned out, and reached again by running.
KEPT = 4096
REPLAYED = 256


class Machine:
    """Interprets a program.

    >>> machine = Machine(program, context=bytes(64))
    >>> machine.run()
    0

    Attributes:
        program: the one that starts.
        context: the address of what r1 points to at the start.
        maps: by description; they keep what is in them from one run to the next.
        memory: all that addresses can point to.
        world: what helpers tell of the machine and the current task.
        output: what the program sent and printed, the oldest first.
        breakpoints: slots of ``program`` to stop before.
        budget: steps of one run at most.
        steps: instructions executed in this run.
    """

    def __init__(
        self,
        program: Program,
        context: bytes = b"",
        *,
        world: World | None = None,
        writable_context: bool = False,
        byteorder: ByteOrder = NATIVE,
        budget: int = BUDGET,
    ) -> None:
        check_byteorder(byteorder)
        self.program = checked_program("Machine", program)
        if not isinstance(context, bytes | bytearray | memoryview):
            hint = "as in Machine(program, bytes(64))"
            raise ArgumentTypeError("Machine", "its context as bytes", context, hint)
        if not isinstance(world, World | None):
            raise ArgumentTypeError("Machine", "a World", world, "as in world=World(pid=1842)")
        self.world = world or World()
        self.budget = budget
        self.memory = Memory()
        self.output: list[Output] = []
        self.breakpoints: set[int] = set()
        self.steps = 0
        self.frames: list[Frame] = []
        self.random = self.world.seed
        self.may_goto_left = MAY_GOTO
        self.tail_calls = self.entered = 0
        self._time = self.world.time_ns
        self._registers: Registers = list(NOTHING)
        self._place = END
        self._history: list[State] = []
        self.maps: dict[Map, VirtualMap] = {}
        self._by_address: dict[int, VirtualMap] = {}
        self.code_address = self.memory.add(Region("the code", bytearray(), writable=False))
        self.task = self.memory.add(Region("the current task", bytearray(), writable=False))
        self.context = self.memory.add(
            Region("context", bytearray(context), writable=writable_context)
        )
        operations = Operations(self.memory, byteorder)
        self.code = Code(operations, Branches(self, operations))
        self._begin = self.place_of(program)
        self.start()

    # Running

    def select(self, program: Program) -> None:
        """Have another program start from now on. Maps, memory and output stay."""
        self.program = program
        self._begin = self.place_of(program)
        self.start()

    def start(
        self, *arguments: int, context: bytes | None = None, world: World | None = None
    ) -> None:
        """Begin again, at the first instruction; maps and output stay.

        ``arguments`` go into r1 and on; without them r1 is the address of the context. Raises
        ValueError for more than five, and for a world with another number of CPUs.
        """
        if len(arguments) > 5:
            raise ValueError(f"a program has five arguments at most, not {len(arguments)}")
        if world and world.cpus != self.world.cpus:
            raise ValueError(f"this machine has {self.world.cpus} CPUs, not {world.cpus}")
        for frame in self.frames:
            self.memory.remove(frame.stack)
        self.frames.clear()
        if context is not None:
            region, _ = self.memory.find(self.context, 0)
            region.data[:] = context
            region.frozen = None
        self.world = world or self.world
        self.random, self._time = self.world.seed, self.world.time_ns
        for map in self.maps.values():
            map.abandon()
        self.steps = self.tail_calls = self.entered = 0
        self.may_goto_left = MAY_GOTO
        self._history.clear()
        self._registers[:] = NOTHING
        given = arguments or (self.context,)
        self._registers[1 : 1 + len(given)] = [each & (1 << 64) - 1 for each in given]
        self._place = self._begin
        self.enter(self.program.functions[0].name, END)

    def run(self, *arguments: int, context: bytes | None = None, world: World | None = None) -> int:
        """Begin again and go to the end, past all breakpoints; returns r0, 0 to 2**64 - 1.

        It keeps nothing to step back to, for speed: start() and resume() do. Raises Fault.
        """
        self.start(*arguments, context=context, world=world)
        self._go(frozenset())
        return self.result

    def resume(self) -> bool:
        """Go on to the next breakpoint or the end; tells whether it is a breakpoint.

        Raises Fault.
        """
        self._remember()
        self._go(frozenset(self.breakpoints))
        return self._place != END

    @property
    def result(self) -> int:
        """r0 once the program has ended. Raises ValueError before that."""
        if self._place != END:
            raise ValueError("the program has not ended")
        value: int = self._registers[0]
        return value

    @property
    def slot(self) -> int | None:
        """Of the next instruction; None once the program has ended."""
        return None if self._place == END else self.code.program_at(self._place)[1]

    @property
    def ended(self) -> bool:
        return self._place == END

    def _go(self, breakpoints: frozenset[int]) -> None:
        if breakpoints:
            first = True
            while self._place != END and (first or self._place not in breakpoints):
                self._execute()
                first = False
            return
        registers, blocks = self._registers, self.code.blocks
        place, left = self._place, self.budget - self.steps
        operation: Operation | Branch | None = None
        block: Block | None = None
        try:
            while place != END:
                block = blocks.get(place) or self.code.block(place)
                left -= block.length
                if left < 0:
                    break
                for operation in block.operations:
                    operation(registers)
                operation = block.branch
                place = operation(registers)
        except (Fault, *TRANSLATED) as error:
            assert block
            assert operation
            done = self._stop_in(block, operation)
            self.steps = self.budget - left - block.length + done
            raise self._fault(error) from None
        self._place = place
        self.steps = self.budget - max(left, 0)
        if left < 0:  # as many of the block's instructions as there are steps for
            assert block
            self.steps = self.budget - left - block.length
            while self._place != END:
                self._execute()

    def _stop_in(self, block: Block, operation: Operation | Branch) -> int:
        """Stand before the instruction that failed; how many of the block came before it."""
        if operation is block.branch:
            done = len(block.operations)
        else:
            done = block.operations.index(operation)
        self._place = block.places[done]
        return done

    def _execute(self) -> None:
        """Execute one instruction."""
        if self.steps >= self.budget:
            raise self._fault(
                BudgetFault(f"{self.budget} steps, and no end: is this a loop without an exit?")
            )
        block = self.code.single(self._place)
        try:
            for operation in block.operations:
                operation(self._registers)
            self._place = block.branch(self._registers)
        except (Fault, *TRANSLATED) as error:
            raise self._fault(error) from None
        self.steps += 1

    def _fault(self, error: Exception) -> Fault:
        """The fault behind an error, with where it happened."""
        program, slot = self.code.program_at(self._place)
        instruction = program.by_slot.get(slot)
        fault = error
        if instruction:
            called = len(self.frames) > 1
            fault = fault_of(error, instruction, self._registers, self.memory, called)
        assert isinstance(fault, Fault), error
        fault.locate(slot, instruction, self._registers)
        return fault

    # Stepping

    def step(self) -> Step:
        """Execute one instruction. Raises Fault, or ValueError at the end."""
        if self._place == END:
            raise ValueError("the program has ended")
        before = self._remember()
        self._execute()
        return Step(before, self.state)

    def advance(self) -> None:
        """Execute one instruction without a look at it; faster than :meth:`step`."""
        if self._place == END:
            raise ValueError("the program has ended")
        if not self._history:
            self._remember()
        self._execute()

    def back(self) -> State:
        """Undo the last instruction. Raises ValueError at the start, and after run()."""
        target = self.steps - 1
        if target < 0:
            raise ValueError("this is the start; there is nothing to step back over")
        if not self._history:
            raise ValueError("run() keeps nothing to step back to; use start() and resume()")
        if self._history[0].steps > target:
            raise ValueError(
                "this is the state that was restored; there is nothing to step back to"
            )
        while self._history[-1].steps > target:
            self._history.pop()
        self._become(self._history[-1])
        while self.steps < target:
            if target - self.steps <= REPLAYED:
                self._remember()
            self._execute()
        return self.state

    def _remember(self) -> State:
        """Keep the present state, to step back to."""
        state = self.state
        if not self._history or self._history[-1].steps < state.steps:
            self._history.append(state)
        if len(self._history) > KEPT:
            del self._history[1 : KEPT // 2 : 2]
        return state

    @property
    def state(self) -> State:
        """A snapshot of all but breakpoints and budget, which are the user's."""
        at_end = self._place == END
        program, slot = self.code.program_at(0 if at_end else self._place)
        hidden: dict[Any, Any] = {each: map.freeze() for each, map in self.maps.items()}
        hidden |= {name: getattr(self, name) for name in HIDDEN}
        hidden["next_region"] = self.memory.next_number
        return State(
            self.steps, program, None if at_end else slot, tuple(self._registers),
            tuple(self.frames), self.memory.freeze(), tuple(self.output), hidden,
        )  # fmt: skip

    def restore(self, state: State) -> None:
        """Be what this machine was when it gave the state; that is as far as back() goes then."""
        self._become(state)
        self._history[:] = [state]

    def _become(self, state: State) -> None:
        self.steps = state.steps
        self._place = END if state.slot is None else self.place_of(state.program) + state.slot
        self._registers[:] = state.registers
        self.frames[:] = state.frames
        self.memory.restore(state.memory, state.hidden["next_region"])
        self.output[:] = state.output
        for name in HIDDEN:
            setattr(self, name, state.hidden[name])
        for description, map in self.maps.items():
            if description in state.hidden:
                map.restore(state.hidden[description])

    # What operations and helpers need

    def place_of(self, program: Program) -> int:
        """The place where a program begins; its maps are made where they are new."""
        for description in program.maps:
            if description not in self.maps:
                made = virtual_map(description, self.memory, self.world.cpus)
                self.maps[description] = self._by_address[made.address] = made
                if isinstance(made, VirtualProgArray):
                    made.introduce = self.place_of
        return self.code.base_of(program)

    def enter(self, function: str, caller: int, **more: Any) -> None:
        """Give a function its frame."""
        unset = bytearray(b"\1" * STACK_SIZE)
        region = Region(f"the stack of {function}", bytearray(STACK_SIZE), unset, origin=STACK_SIZE)
        # Not the same address again for long: a pointer to a stack that is gone faults.
        while (number := FIRST_STACK + self.entered % STACKS) in self.memory.regions:
            self.entered += 1
        stack = self.memory.add(region, number << WINDOW)
        self.entered += 1
        saved = tuple(self._registers[6:11])
        self.frames.append(Frame(function, stack, caller, saved, **more))
        self._registers[10] = stack + STACK_SIZE

    def leave(self) -> int:
        """Take a function's frame away; the place to go on at."""
        frame = self.frames.pop()
        self.memory.remove(frame.stack)
        self._registers[1:6] = NOTHING[1:6]
        self._registers[6:11] = frame.saved
        return frame.caller

    def finish(self) -> int:
        """End the program. Raises ReferenceFault, UninitialisedRegisterFault."""
        if self._registers[0] is None:
            raise nothing_in(0)
        for map in self.maps.values():
            if isinstance(map, VirtualRingBuffer) and map.ring.reserved:
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
        value: int | None = self._registers[number]
        if value is None:
            raise nothing_in(number)
        return value

    def clock(self) -> int:
        """The time in nanoseconds; it goes on with each look."""
        now = self._time
        self._time += TICK_NS
        return now

    def produce(self, output: Output) -> None:
        self.output.append(output)


HIDDEN = ("random", "_time", "may_goto_left", "tail_calls", "entered", "world")
