"""Snapshots: all that a machine is at one moment, as plain immutable data."""

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
    """What a program sent to user space through a perf event array or a ring buffer.

    Attributes:
        map: the description of the map.
        cpu: where it ran.
        data: the bytes.
    """

    map: Map
    cpu: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Printed:
    """A line of trace_printk."""

    text: str


Output = Sent | Printed


@dataclass(frozen=True, slots=True)
class Loop:
    """A bpf_loop in progress.

    Attributes:
        done, count: iterations.
        callback: where the function begins.
        context: its second argument.
    """

    done: int
    count: int
    callback: int
    context: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A function that runs.

    Attributes:
        function: its name.
        stack: the address of its 512 bytes.
        caller: where to go on after it.
        saved: the caller's r6 to r10.
        loop: the bpf_loop that called it, if one did.
    """

    function: str
    stack: int
    caller: int
    saved: tuple[int | None, ...]
    loop: Loop | None = None


@dataclass(frozen=True, slots=True)
class State:
    """A machine between two instructions.

    Attributes:
        steps: instructions executed since the start.
        program: the one that runs, which a tail call changes.
        slot: of the next instruction; None once the program has ended.
        registers: r0 to r10; None where there is nothing.
        frames: of the functions that run, the innermost last.
        memory: each region by the upper half of its address.
        output: what was sent and printed since the machine was made, or its output cleared.
        hidden: what else a machine goes on from: clock, random numbers, maps' entries.
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
        """The next one; None at the end, and where there is none at the slot."""
        return None if self.slot is None else self.program.by_slot.get(self.slot)

    def read(self, address: int, size: int) -> bytes | None:
        """Bytes of the memory, set or not; None where there are not so many."""
        region = self.memory.get(address >> WINDOW)
        offset = address - (address >> WINDOW << WINDOW)
        if region is None or offset + size > len(region.data):
            return None
        return region.data[offset : offset + size]


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that an instruction changed in one region, from the first to the last of them.

    Attributes:
        address: of the first.
        place: the same in words, as in ``fp-32``.
        before, after: the bytes.
    """

    address: int
    place: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction executed."""

    before: State
    after: State

    @property
    def output(self) -> tuple[Output, ...]:
        """What the instruction sent and printed."""
        return self.after.output[len(self.before.output) :]

    @property
    def instruction(self) -> Instruction:
        executed = self.before.instruction
        assert executed
        return executed

    @property
    def registers(self) -> Iterator[tuple[int, int | None, int | None]]:
        """The registers that changed: number, value before, value after."""
        pairs = zip(self.before.registers, self.after.registers, strict=True)
        for number, (before, after) in enumerate(pairs):
            if before != after:
                yield number, before, after

    @property
    def stored(self) -> Iterator[Stored]:
        """What changed in memory that was there before, or was stored into for the first time;
        of a store all that it stored."""
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
        """Where a store or atomic stores, and how many bytes; 0 and 0 for all else."""
        each = self.instruction
        base = self.before.registers[each.dst]
        if each.form.kind not in (FormKind.STORE, FormKind.ATOMIC) or base is None:
            return 0, 0
        return base + each.offset & ADDRESSES, each.moves
