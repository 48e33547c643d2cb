"""Snapshots of a machine, as immutable data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tuxscope.asm.instruction import Instruction
from tuxscope.asm.isa import FormKind
from tuxscope.asm.maps import Map
from tuxscope.asm.program import Program
from tuxscope.vm.memory import ADDRESSES, OFFSET, WINDOW, FrozenRegion


@dataclass(frozen=True, slots=True)
class Sent:
    """A frozen dataclass: what a program sent to user space through a perf event array or a ring
    buffer.

    Attributes:
        map: the description of the map, a Map.
        cpu: an int, the CPU that the program ran on.
        data: the bytes of the sample or record.
    """

    map: Map
    cpu: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Printed:
    """A frozen dataclass: a line of trace_printk: ``text``, without its newline."""

    text: str


Output = Sent | Printed


@dataclass(frozen=True, slots=True)
class Loop:
    """A frozen dataclass: a bpf_loop in progress.

    Attributes:
        done: an int, the number of completed iterations.
        count: an int, the number of iterations in all.
        callback: an int, the place of the callback.
        context: an int, the callback's second argument.
    """

    done: int
    count: int
    callback: int
    context: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A frozen dataclass: a stack frame.

    Attributes:
        function: a str, the function's name.
        stack: an int, the address of its stack of 512 bytes.
        caller: an int, the place to return to.
        saved: a tuple of the caller's r6 to r10, each an int, or None if uninitialised.
        loop: the Loop, the bpf_loop that called it, or None.
    """

    function: str
    stack: int
    caller: int
    saved: tuple[int | None, ...]
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A frozen dataclass: the state of a machine between two instructions.

    Attributes:
        steps: an int, the number of instructions executed since the start.
        program: a Program, the program that runs; a tail call changes it.
        slot: an int or None, the slot of the next instruction; None after the exit.
        registers: a tuple of r0 to r10; None if uninitialised.
        frames: a tuple of Frame, the innermost last.
        memory: a mapping of the upper half of their addresses to FrozenRegions.
        output: a tuple of what programs sent and printed (Sent, Printed), the oldest first.
        hidden: a mapping, the rest of the state: clock, random numbers, entries of maps.
    """

    steps: int
    program: Program
    slot: int | None
    registers: tuple[int | None, ...]
    frames: tuple[Frame, ...]
    memory: Mapping[int, FrozenRegion]
    output: tuple[Output, ...]
    hidden: Mapping[Any, Any]

    @property
    def instruction(self) -> Instruction | None:
        """The next Instruction, or None after the exit, and if none begins at the slot."""
        return None if self.slot is None else self.program.by_slot.get(self.slot)

    def read(self, address: int, size: int) -> bytes | None:
        """Return ``size`` bytes at ``address``, both int, initialised or not, as bytes, or None if
        out of bounds."""
        region = self.memory.get(address >> WINDOW)
        offset = address - (address >> WINDOW << WINDOW)
        if region is None or offset + size > len(region.data):
            return None
        return region.data[offset : offset + size]


@dataclass(frozen=True, slots=True)
class Stored:
    """A frozen dataclass: the range of bytes that an instruction stored or changed in one region.

    Attributes:
        address: an int, the address of the first byte.
        place: that address as text, such as ``fp-32``.
        before, after: the bytes before and after the instruction.
    """

    address: int
    place: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """A frozen dataclass: the States ``before`` and ``after`` one instruction.

    Attributes:
        output: a tuple of Output, a property.
        registers: an iterator of tuples (int, int or None, int or None), a property.
        stored: an iterator of Stored, a property.
    """

    before: State
    after: State

    @property
    def output(self) -> tuple[Output, ...]:
        """What the instruction sent and printed, a tuple of Outputs: Sent or Printed."""
        return self.after.output[len(self.before.output) :]

    @property
    def instruction(self) -> Instruction:
        """The Instruction that was executed."""
        executed = self.before.instruction
        assert executed
        return executed

    @property
    def registers(self) -> Iterator[tuple[int, int | None, int | None]]:
        """An iterator over triples (number, value before, value after) of each register that
        changed; a value is an int or None."""
        pairs = zip(self.before.registers, self.after.registers, strict=True)
        for number, (before, after) in enumerate(pairs):
            if before != after:
                yield number, before, after

    @property
    def stored(self) -> Iterator[Stored]:
        """An iterator over Stored: the range of changed or newly initialised bytes of each region.

        A store's own bytes are included even if they have not changed.
        """
        target, size = self._target
        for number, after in self.after.memory.items():
            before = self.before.memory.get(number)
            if before is None or before is after:
                continue
            changed = [
                at
                for at in range(len(after.data))
                if after.data[at] != before.data[at]
                or (before.unset and before.unset[at] and not (after.unset and after.unset[at]))
            ]
            if target >> WINDOW == number:
                changed += [target & OFFSET, (target & OFFSET) + size - 1]
            if changed:
                first, end = min(changed), max(changed) + 1
                yield Stored(
                    (number << WINDOW) + first, after.place(first),
                    before.data[first:end], after.data[first:end],
                )  # fmt: skip

    @property
    def _target(self) -> tuple[int, int]:
        """The address and size in bytes of a store or atomic; (0, 0) for all other instructions."""
        each = self.instruction
        base = self.before.registers[each.dst]
        if each.form.kind not in (FormKind.STORE, FormKind.ATOMIC) or base is None:
            return 0, 0
        return base + each.offset & ADDRESSES, each.access_size
