"""The interpreter: runs a Program in pure Python, to its exit or step by step.

run() executes basic blocks (code.py). Stepping executes blocks of one instruction, and keeps a
snapshot of the state before each.
"""

from __future__ import annotations

from typing import Any

from tuxscope.asm.instruction import NATIVE, ByteOrder, check_byteorder
from tuxscope.asm.program import Program, checked_program
from tuxscope.errors import ArgumentTypeError
from tuxscope.vm.branches import Branches
from tuxscope.vm.code import Block, Code
from tuxscope.vm.cpu import HIDDEN, Cpu
from tuxscope.vm.diagnosis import TRANSLATED, translate_exception
from tuxscope.vm.faults import BudgetFault, Fault
from tuxscope.vm.memory import Region
from tuxscope.vm.operations import Branch, Operation, Operations
from tuxscope.vm.places import END
from tuxscope.vm.state import State, Step
from tuxscope.vm.world import World

BUDGET = 1_000_000
# The number of states kept for back(); older ones are thinned out, and recomputed when needed.
KEPT = 4096
REPLAYED = 256


class Machine:
    """Interprets ``program``, a Program.

    ``context``, bytes, is the memory that r1 points to; all that follow are keyword-only. Programs
    can store there if ``writable_context``, a bool. ``byteorder`` is the machine's, the str
    ``"little"`` or ``"big"``. ``world``, a World, is what helpers report; None for World().
    ``budget`` is the maximum number of steps, an int. Raises ArgumentTypeError for arguments of the
    wrong type, OperandError for an unknown byte order.

    >>> machine = Machine(program, context=bytes(64))
    >>> machine.run()
    0

    Attributes:
        program: the program that start() begins.
        context: the address of the context, which r1 holds at the start.
        cpu: the Cpu, which is simulated.
        maps: a mapping of Map to VirtualMap; entries persist from run to run.
        memory: all memory regions, a VirtualMemory.
        output: a list of what the program sent and printed, the oldest first.
        breakpoints: the slots of ``program`` at which resume() stops, a set.
        budget: an int, the maximum number of steps in a run.
        steps: an int, the number of instructions executed in this run.
        result: an int, a property.
        slot: an int or None, a property.
        ended: a bool, a property.
        state: a State, a property.
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
        self.cpu = cpu = Cpu(world or World())
        self.memory, self.maps, self.output = cpu.memory, cpu.maps, cpu.output
        self.budget = budget
        self.breakpoints: set[int] = set()
        self.steps = 0
        self._place = END
        self._history: list[State] = []
        self.context = self.memory.add(
            Region("context", bytearray(context), writable=writable_context)
        )
        operations = Operations(self.memory, byteorder)
        self._code = Code(cpu.places, operations, Branches(cpu, operations))
        self._begin = cpu.place_of(program)
        self.start()

    @property
    def world(self) -> World:
        """The World that helpers report."""
        return self.cpu.world

    # Running

    def create_maps(self, program: Program) -> None:
        """Create the maps of another program, ``program``, without selecting it."""
        self.cpu.place_of(program)

    def select(self, program: Program) -> None:
        """Select another program, ``program``, and start it; maps, memory and output stay."""
        self.program = program
        self._begin = self.cpu.place_of(program)
        self.start()

    def start(
        self, *arguments: int, context: bytes | None = None, world: World | None = None
    ) -> None:
        """Go to the first instruction, for a new run; maps and output stay.

        ``arguments``, ints, are the values of r1, r2, ...; by default r1 is the address of the
        context. ``context``, bytes, replaces the context's, ``world`` the World; both are
        keyword-only, None keeps them. Raises ValueError for more than five arguments, and for a
        world with another number of CPUs.
        """
        if len(arguments) > 5:
            raise ValueError(f"a program takes at most five arguments, not {len(arguments)}")
        if world and world.cpus != self.world.cpus:
            raise ValueError(
                f"the world has {world.cpus} CPUs, the machine {self.world.cpus}: "
                f"pass cpus={self.world.cpus}"
            )
        if context is not None:
            region, _ = self.memory.find(self.context, 0)
            region.data[:] = context
            region.frozen = None
        cpu = self.cpu
        cpu.world = world or cpu.world
        cpu.reset()
        self.steps = 0
        self._history.clear()
        given = arguments or (self.context,)
        cpu.registers[1 : 1 + len(given)] = [each & (1 << 64) - 1 for each in given]
        self._place = self._begin
        cpu.enter(self.program.functions[0].name, END)

    def run(self, *arguments: int, context: bytes | None = None, world: World | None = None) -> int:
        """Run from the first instruction to the exit, and return r0, an int from 0 to 2**64 - 1.

        ``arguments``, ints, ``context``, bytes or None, and ``world``, a World or None, are those
        of start(). Breakpoints are ignored, and no snapshots are kept for back(). Raises Fault.
        """
        self.start(*arguments, context=context, world=world)
        self._run_until(frozenset())
        return self.result

    def resume(self) -> bool:
        """Run to the next breakpoint or the exit, and return a bool, whether it stopped at a
        breakpoint.

        Raises Fault.
        """
        self._remember()
        self._run_until(frozenset(self.breakpoints))
        return self._place != END

    @property
    def result(self) -> int:
        """r0 after the exit, an int from 0 to 2**64 - 1. Raises ValueError before the exit."""
        if self._place != END:
            raise ValueError("the program has not exited; call resume() or run() first")
        value: int = self.cpu.registers[0]
        return value

    @property
    def slot(self) -> int | None:
        """The slot of the next instruction, an int, or None after the exit."""
        return None if self._place == END else self.cpu.places.program_at(self._place)[1]

    @property
    def ended(self) -> bool:
        """Whether the program has exited, a bool."""
        return self._place == END

    def _run_until(self, breakpoints: frozenset[int]) -> None:
        if breakpoints:
            first = True
            while self._place != END and (first or self._place not in breakpoints):
                self._execute()
                first = False
            return
        registers, blocks = self.cpu.registers, self._code.blocks
        place, left = self._place, self.budget - self.steps
        operation: Operation | Branch | None = None
        block: Block | None = None
        try:
            while place != END:
                block = blocks.get(place) or self._code.block(place)
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
        if left < 0:  # execute the steps that the budget still has
            assert block
            self.steps = self.budget - left - block.length
            while self._place != END:
                self._execute()

    def _stop_in(self, block: Block, operation: Operation | Branch) -> int:
        """Go to the instruction that failed; returns its index in the block."""
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
                BudgetFault(
                    f"no exit after {self.budget} steps: is this an infinite loop? "
                    "Machine(..., budget=N) allows more steps"
                )
            )
        block = self._code.single(self._place)
        try:
            for operation in block.operations:
                operation(self.cpu.registers)
            self._place = block.branch(self.cpu.registers)
        except (Fault, *TRANSLATED) as error:
            raise self._fault(error) from None
        self.steps += 1

    def _fault(self, error: Exception) -> Fault:
        """Translate an exception to a Fault with slot, instruction and registers."""
        program, slot = self.cpu.places.program_at(self._place)
        instruction = program.by_slot.get(slot)
        fault = error
        if instruction:
            called = len(self.cpu.frames) > 1
            fault = translate_exception(error, instruction, self.cpu.registers, self.memory, called)
        assert isinstance(fault, Fault), error
        fault.locate(slot, instruction, self.cpu.registers)
        return fault

    # Stepping

    def step(self) -> Step:
        """Execute one instruction, and return the Step: the states before and after it.

        Raises Fault, and ValueError after the exit.
        """
        if self._place == END:
            raise ValueError("the program has exited; call start() to run it again")
        before = self._remember()
        self._execute()
        return Step(before, self.state)

    def advance(self) -> None:
        """Execute one instruction without snapshots, which is faster than step().

        Raises Fault, and ValueError after the exit.
        """
        if self._place == END:
            raise ValueError("the program has exited; call start() to run it again")
        if not self._history:
            self._remember()
        self._execute()

    def back(self) -> State:
        """Undo the last instruction, and return the State then.

        Raises ValueError at the start, after run(), and before a restored state.
        """
        target = self.steps - 1
        if target < 0:
            raise ValueError("cannot step back: this is the first instruction")
        if not self._history:
            raise ValueError("cannot step back after run(); use start() and resume() instead")
        if self._history[0].steps > target:
            raise ValueError("cannot step back: this is the state that restore() was called with")
        while self._history[-1].steps > target:
            self._history.pop()
        self._restore(self._history[-1])
        while self.steps < target:
            if target - self.steps <= REPLAYED:
                self._remember()
            self._execute()
        return self.state

    def _remember(self) -> State:
        """Keep a snapshot for back(); returns it."""
        state = self.state
        if not self._history or self._history[-1].steps < state.steps:
            self._history.append(state)
        if len(self._history) > KEPT:
            del self._history[1 : KEPT // 2 : 2]
        return state

    @property
    def state(self) -> State:
        """The State now: a snapshot of all but breakpoints and budget."""
        at_end = self._place == END
        program, slot = self.cpu.places.program_at(0 if at_end else self._place)
        hidden: dict[Any, Any] = {each: map.freeze() for each, map in self.maps.items()}
        hidden |= {name: getattr(self.cpu, name) for name in HIDDEN}
        hidden["next_region"] = self.memory.next_number
        return State(
            self.steps, program, None if at_end else slot, tuple(self.cpu.registers),
            tuple(self.cpu.frames), self.memory.freeze(), tuple(self.output), hidden,
        )  # fmt: skip

    def restore(self, state: State) -> None:
        """Go to ``state``, a State, a snapshot of this machine; back() cannot go before it."""
        self._restore(state)
        self._history[:] = [state]

    def _restore(self, state: State) -> None:
        self.steps = state.steps
        self._place = END if state.slot is None else self.cpu.place_of(state.program) + state.slot
        self.cpu.registers[:] = state.registers
        self.cpu.frames[:] = state.frames
        self.memory.restore(state.memory, state.hidden["next_region"])
        self.output[:] = state.output
        for name in HIDDEN:
            setattr(self.cpu, name, state.hidden[name])
        for description, map in self.maps.items():
            if description in state.hidden:
                map.restore(state.hidden[description])
